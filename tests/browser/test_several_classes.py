"""Any number of classes a text, in a real browser: by keys alone, offline and back, without scripts."""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, FilePayload, Page, Route, expect
from pytest_django.live_server_helper import LiveServer

from projects.models import Annotation, Project, User
from tests.chromium import sign_in
from tests.factories import make_examples, make_user
from tests.labelling.people import always_pool, make_queue
from tests.multilabel.worlds import make_multilabel, standing

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def ada(transactional_db: None) -> User:
    return make_user("ada")


@pytest.fixture
def project(ada: User) -> Project:
    project = always_pool(make_multilabel(ada))
    examples = make_examples(project, [f"text {n}" for n in range(1, 9)])
    make_queue(project, examples[::-1])  # the last text first
    return project


@pytest.fixture
def page(browser_page: Page, live_server: LiveServer, ada: User, project: Project) -> Page:
    sign_in(browser_page, ada, live_server.url)
    browser_page.goto(f"/projects/{project.pk}/label/")
    return browser_page


@pytest.fixture
def plain_page(
    browser: Browser, live_server: LiveServer, ada: User, project: Project
) -> Iterator[Page]:
    """A browser without JavaScript."""
    context = browser.new_context(base_url=live_server.url, java_script_enabled=False)
    page = context.new_page()
    sign_in(page, ada, live_server.url)
    page.goto(f"/projects/{project.pk}/label/")
    yield page
    context.close()


def expect_text(page: Page, text: str) -> None:
    expect(page.locator("#text-body")).to_have_text(text)


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def expect_chosen(page: Page, words: str) -> None:
    expect(page.locator("#chosen")).to_have_text(words)


def test_labelling_with_the_keyboard_alone(page: Page, project: Project) -> None:
    expect_text(page, "text 8")
    press(page, "1", "3", "2", "2", "Enter")
    expect_text(page, "text 7")
    press(page, "0", "Enter")
    expect_text(page, "text 6")
    press(page, "s")
    expect_text(page, "text 5")
    press(page, "2", "Enter")
    expect_text(page, "text 4")
    expected = {"text 8": {"late", "rude"}, "text 7": set(), "text 5": {"broken"}}
    assert standing(project) == expected


def test_what_is_chosen_is_said_and_pressed(page: Page) -> None:
    late = page.get_by_role("button", name="late")
    expect(late).to_have_attribute("aria-pressed", "false")
    press(page, "1", "3")
    expect(late).to_have_attribute("aria-pressed", "true")
    expect_chosen(page, "Chosen: late + rude")
    press(page, "1")
    expect(late).to_have_attribute("aria-pressed", "false")
    expect_chosen(page, "Chosen: rude")


def test_none_of_these_and_a_class_put_each_other_out(page: Page) -> None:
    press(page, "1", "0")
    expect_chosen(page, "Chosen: none of these")
    press(page, "2")
    expect_chosen(page, "Chosen: broken")


def test_enter_without_a_choice_saves_nothing_and_says_what_to_do(page: Page) -> None:
    press(page, "Enter")
    expect(page.locator("#chosen")).to_contain_text("Nothing is chosen: choose every class")
    expect_text(page, "text 8")
    assert not Annotation.objects.exists()


def test_enter_on_a_focused_toggle_saves_and_space_toggles(page: Page, project: Project) -> None:
    page.get_by_role("button", name="late").focus()
    press(page, "Space")
    expect_chosen(page, "Chosen: late")
    press(page, "Enter")
    expect_text(page, "text 7")
    assert standing(project) == {"text 8": {"late"}}


def test_a_flag_leaves_the_choice_as_it_is(page: Page) -> None:
    press(page, "1", "2", "f")
    expect(page.locator("#act-flag")).to_have_attribute("aria-pressed", "true")
    expect_text(page, "text 8")
    expect_chosen(page, "Chosen: late + broken")


def test_undo_brings_the_set_back_to_be_mended(page: Page, project: Project) -> None:
    press(page, "1", "2", "Enter")
    expect_text(page, "text 7")
    expect_chosen(page, "Choose every class that is true, or none of these")
    expect(page.locator("#last-act")).to_have_text("late + broken")
    press(page, "u")
    expect_text(page, "text 8")
    expect_chosen(page, "Chosen: late + broken")
    press(page, "2", "Enter")
    expect_text(page, "text 7")
    assert standing(project) == {"text 8": {"late"}}


def test_a_set_is_kept_while_the_network_is_gone(page: Page, project: Project) -> None:
    def gone(route: Route) -> None:
        route.abort()

    page.route("**/label/", gone)
    press(page, "1", "3", "Enter")
    expect(page.locator("#note")).to_contain_text("kept in this browser, not yet saved")
    page.unroute("**/label/", gone)
    page.reload()
    expect_text(page, "text 7")
    assert standing(project) == {"text 8": {"late", "rude"}}


def test_an_answer_is_changed_in_the_history(page: Page, project: Project) -> None:
    press(page, "1", "Enter")
    expect_text(page, "text 7")
    press(page, "h")
    page.get_by_text("Change, comment, why").click()
    page.get_by_label("late").uncheck()
    page.get_by_label("none of these").check()
    page.get_by_role("button", name="Change", exact=True).click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    expect(page.locator(".history-label")).to_have_text("none of these")
    assert standing(project) == {"text 8": set()}


def test_many_classes_are_found_by_typing(
    browser_page: Page, live_server: LiveServer, ada: User
) -> None:
    project = make_multilabel(ada, classes=[f"topic {n:02}" for n in range(1, 31)], name="Many")
    make_queue(always_pool(project), make_examples(project, ["only one"]))
    sign_in(browser_page, ada, live_server.url)
    browser_page.goto(f"/projects/{project.pk}/label/")
    expect(browser_page.locator("#toggle-filter")).to_be_focused()
    for word in ("17", "04"):
        browser_page.keyboard.type(word)
        press(browser_page, "Enter")
    expect_chosen(browser_page, "Chosen: topic 04 + topic 17")
    press(browser_page, "Enter")
    expect(browser_page.locator("#last-act")).to_have_text("topic 04 + topic 17")
    assert standing(project) == {"only one": {"topic 04", "topic 17"}}


def test_without_scripts_boxes_are_ticked(plain_page: Page, project: Project) -> None:
    plain_page.get_by_label("late").check()
    plain_page.get_by_label("rude").check()
    plain_page.get_by_role("button", name="Save").click()
    expect_text(plain_page, "text 7")
    plain_page.get_by_label("none of these").check()
    plain_page.get_by_role("button", name="Save").click()
    expect_text(plain_page, "text 6")
    assert standing(project) == {"text 8": {"late", "rude"}, "text 7": set()}


def test_without_scripts_nothing_ticked_is_no_answer(plain_page: Page) -> None:
    plain_page.get_by_role("button", name="Save").click()
    expect(plain_page.locator(".refusal")).to_contain_text("No class was chosen")
    assert not Annotation.objects.exists()


def test_the_wizard_takes_cells_apart_as_the_owner_says(
    page: Page, live_server: LiveServer
) -> None:
    cells = ("late|rude", "broken", "late", "rude")
    rows = "".join(f"text number {n},{cells[n % 4]}\n" for n in range(16))
    content = f"text,tags\n{rows}".encode()
    file = FilePayload(name="mail.csv", mimeType="text/csv", buffer=content)
    page.goto(f"{live_server.url}/new/")
    page.set_input_files("input[type=file]", [file])
    page.get_by_role("button", name="Look at it").click()
    expect(page.get_by_text("hold “|”")).to_be_visible()
    page.get_by_label("any number").check()
    page.get_by_label("A label in a cell ends").select_option("|")
    expect(page.get_by_text("3 labels found in “tags”")).to_be_visible()
    page.get_by_role("button", name="Create the project").click()
    page.wait_for_url("**/projects/*/")
    made = Project.objects.get(name="Mail")
    assert made.multilabel
    assert set(made.label_classes.values_list("name", flat=True)) == {"late", "rude", "broken"}


def test_axe_finds_nothing_serious(page: Page) -> None:
    press(page, "1", "3")
    found = Axe().run(page).response["violations"]
    assert [v["id"] for v in found if v["impact"] in {"serious", "critical"}] == []
