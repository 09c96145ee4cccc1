"""The curve in a real browser, under the content policy. `page` fails on any violation of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from projects.models import Project, ProjectEvent, User
from tests.chromium import sign_in
from tests.factories import make_project, make_user
from tests.pages.worlds import (
    add_audit_predictions,
    add_random_baseline,
    add_score,
    all_texts_are_embedded,
    decide,
    labelled_project,
    make_fit,
    wilson_by_hand,
    worker_is_running,
)

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

CHART = "#curve .chart:not(.waiting) svg"
POINTS = "#curve .chart:not(.waiting) .mark-symbol.role-mark path"


@pytest.fixture
def owner() -> User:
    worker_is_running(timezone.now())
    return make_user("ada")


@pytest.fixture
def project(owner: User) -> Project:
    project = labelled_project(owner)
    all_texts_are_embedded(project)
    make_fit(project, n_labels=10, right=(3, 4))
    decide(project, ProjectEvent.Kind.CLASS_ADDED, name="maybe")
    add_score(make_fit(project, n_labels=20, right=(6, 8)), "macro_f1", wilson_by_hand(5, 8))
    return project


@pytest.fixture
def page(browser_page: Page, live_server: LiveServer, owner: User) -> Iterator[Page]:
    sign_in(browser_page, owner, live_server.url)
    yield browser_page
    browser_page.goto("about:blank")  # ask no more before the rows go


def faults(page: Page) -> list[str]:
    """What axe finds serious or critical, in words."""
    found = Axe().run(page).response["violations"]
    return [
        f"{fault['id']}: {[node['html'] for node in fault['nodes']]}"
        for fault in found
        if fault["impact"] in {"serious", "critical"}
    ]


def test_the_curve_is_drawn_with_a_point_for_each_measure(page: Page, project: Project) -> None:
    page.goto(f"/projects/{project.pk}/")
    expect(page.locator(CHART)).to_be_visible()
    expect(page.locator(POINTS)).to_have_count(3)
    expect(page.get_by_role("img", name="Learning curve. At 20 labels")).to_be_visible()


def test_pointing_at_a_point_tells_n_interval_strategy_and_seconds(
    page: Page, project: Project
) -> None:
    page.goto(f"/projects/{project.pk}/")
    page.locator(POINTS).first.hover()
    tooltip = page.locator("#vg-tooltip-element")
    expect(tooltip).to_be_visible()
    for words in ("4 random texts", "(30–95", "Margin", "0.8 s"):
        expect(tooltip).to_contain_text(words)


def test_a_new_point_appears_by_itself_and_takes_no_focus(page: Page, project: Project) -> None:
    page.goto(f"/projects/{project.pk}/")
    expect(page.locator(POINTS)).to_have_count(3)
    page.get_by_role("button", name="Retrain now").focus()
    place = page.locator("#curve").bounding_box()
    make_fit(project, n_labels=30, right=(11, 12))
    expect(page.locator(POINTS)).to_have_count(4)
    expect(page.locator("#live-headline")).to_contain_text("At 30 labels")
    expect(page.get_by_role("button", name="Retrain now")).to_be_focused()
    assert page.locator("#curve").bounding_box() == place


def test_the_first_point_replaces_the_empty_frame(page: Page, owner: User) -> None:
    project = labelled_project(owner)
    page.goto(f"/projects/{project.pk}/")
    expect(page.get_by_role("img", name="The curve is empty.")).to_be_visible()
    make_fit(project, n_labels=10, right=(3, 4))
    expect(page.locator(POINTS)).to_have_count(1)
    expect(page.get_by_role("img", name="The curve is empty.")).to_have_count(0)


def test_the_chart_follows_the_colour_scheme(page: Page, project: Project) -> None:
    page.emulate_media(color_scheme="light")
    page.goto(f"/projects/{project.pk}/")
    expect(page.locator(POINTS).first).to_have_attribute("fill", "#1f5fbf")
    page.emulate_media(color_scheme="dark")
    expect(page.locator(POINTS).first).to_have_attribute("fill", "#7fb0f5")


def test_a_chart_that_cannot_be_drawn_says_so(page: Page, project: Project) -> None:
    page.route("**/vendor/vega.js", lambda route: route.abort())
    page.goto(f"/projects/{project.pk}/")
    expect(page.locator("#curve-note")).to_have_text(
        "The chart could not be drawn; the table below holds the same numbers."
    )


def test_without_javascript_the_server_draws(
    page: Page, project: Project, live_server: LiveServer, owner: User
) -> None:
    browser = page.context.browser
    assert browser
    context = browser.new_context(base_url=live_server.url, java_script_enabled=False)
    plain = context.new_page()
    sign_in(plain, owner, live_server.url)
    plain.goto(f"/projects/{project.pk}/")
    picture = plain.locator("#curve img")
    expect(picture).to_be_visible()
    expect(plain.locator("#curve-note")).to_be_hidden()
    context.close()


def test_the_keyboard_reaches_label_files_and_tables(page: Page, project: Project) -> None:
    page.goto(f"/projects/{project.pk}/")
    expect(page.locator(CHART)).to_be_visible()
    reached = []
    for _ in range(28):
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate("document.activeElement.id || document.activeElement.textContent.trim()")
        )
    assert {"Label", "Retrain now", "curve-csv", "live-curve-table", "tab-fits"} <= set(reached)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_axe_finds_nothing_serious(page: Page, project: Project, scheme: str, width: int) -> None:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.set_viewport_size({"width": width, "height": 800})
    for path, sign in (("", CHART), ("model/", "#card-title")):
        page.goto(f"/projects/{project.pk}/{path}")
        expect(page.locator(sign)).to_be_visible()
        assert faults(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_axe_finds_nothing_serious_on_an_empty_project(page: Page, owner: User) -> None:
    project = make_project(owner=owner)
    for path in ("", "model/"):
        page.goto(f"/projects/{project.pk}/{path}")
        assert faults(page) == []


def test_labels_are_downloaded(page: Page, project: Project, tmp_path: Path) -> None:
    page.goto(f"/projects/{project.pk}/model/")
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Labels as CSV").click()
    waiting.value.save_as(tmp_path / "labels.csv")
    assert (tmp_path / "labels.csv").read_text("utf-8-sig").count("\n") == 13


def test_a_tab_changes_in_its_place_and_keeps_the_focus(page: Page, project: Project) -> None:
    page.goto(f"/projects/{project.pk}/")
    expect(page.locator(CHART)).to_be_visible()
    tab = page.get_by_role("link", name="Fits", exact=True)
    tab.focus()
    before = page.evaluate("scrollY")
    page.keyboard.press("Enter")
    expect(page.locator("#fits-table")).to_be_visible()
    expect(tab).to_be_focused()
    expect(tab).to_have_attribute("aria-current", "page")
    assert page.evaluate("scrollY") == before
    assert page.url.endswith("?tab=fits")


def test_the_open_tab_keeps_itself_up_to_date(page: Page, project: Project) -> None:
    page.goto(f"/projects/{project.pk}/?tab=classes")
    page.get_by_role("link", name="Is it helping?").click()
    expect(page.locator("#live-numbers")).to_contain_text("Too few random texts to say")
    add_random_baseline(make_fit(project, n_labels=30, right=(40, 50)))
    expect(page.locator("#live-numbers")).to_contain_text("Choosing helps here")


def test_the_picture_of_a_tab_is_drawn_below_its_table(page: Page, project: Project) -> None:
    add_random_baseline(make_fit(project, n_labels=30, right=(40, 50)))
    page.goto(f"/projects/{project.pk}/?tab=helping")
    picture = page.get_by_role("img", name="Is it helping? The table above holds the numbers.")
    expect(picture).to_be_visible()
    table = page.locator("#helping-table").bounding_box()
    drawn = picture.bounding_box()
    assert table
    assert drawn
    assert table["y"] + table["height"] <= drawn["y"]


def test_tabs_work_without_javascript(
    page: Page, project: Project, live_server: LiveServer, owner: User
) -> None:
    browser = page.context.browser
    assert browser
    context = browser.new_context(base_url=live_server.url, java_script_enabled=False)
    plain = context.new_page()
    sign_in(plain, owner, live_server.url)
    plain.goto(f"/projects/{project.pk}/")
    plain.get_by_role("link", name="Enough labels?").click()
    expect(plain.locator("#criteria-table")).to_be_visible()
    context.close()


@pytest.mark.parametrize("tab", ["helping", "classes", "confusion", "calibration", "enough"])
def test_axe_finds_nothing_serious_in_a_tab(page: Page, project: Project, tab: str) -> None:
    fit = make_fit(project, n_labels=30, right=(30, 40))
    classes = list(project.label_classes.all())
    pairs = [(classes[n % 2], classes[n % 3 % 2]) for n in range(40)]
    add_audit_predictions(fit, pairs)
    add_random_baseline(fit)
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(f"/projects/{project.pk}/?tab={tab}")
    expect(page.locator(f"#tab-{tab}")).to_have_attribute("aria-current", "page")
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert faults(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
