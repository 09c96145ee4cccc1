"""A bad file, then a good one, in a real browser; and the same without JavaScript's help."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import FilePayload, Page, expect
from pytest_django.live_server_helper import LiveServer

from projects.models import DataImport, LabelClass, Project, User
from tests.chromium import sign_in
from tests.factories import make_project, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
GOOD = "text,label\nwin a prize,spam\nsee you at noon,ham\nfree money,spam\n"


@pytest.fixture
def page(browser_page: Page, live_server: LiveServer) -> Page:
    sign_in(browser_page, make_user("ada"), live_server.url)
    browser_page.goto("/new/")
    return browser_page


def choose(page: Page, name: str, content: str) -> None:
    file = FilePayload(name=name, mimeType="text/csv", buffer=content.encode())
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_role("button", name="Look at it").click()


def test_a_bad_file_is_answered_and_the_good_one_becomes_a_project(page: Page) -> None:
    choose(page, "mail.csv", GOOD + "one cell alone\n")
    expect(page.get_by_role("alert")).to_contain_text("mail.csv, line 5, column “label”")
    choose(page, "mail.csv", GOOD)
    expect(page.get_by_role("heading", name="New project")).to_be_visible()
    expect(page.get_by_text("3 rows in 2 columns")).to_be_visible()
    page.get_by_role("button", name="Create the project").click()
    page.wait_for_url("**/projects/*/")
    assert Project.objects.get().name == "Mail"
    assert list(LabelClass.objects.values_list("name", flat=True)) == ["spam", "ham"]
    assert DataImport.objects.get().status == "waiting"


def test_another_label_column_swaps_the_classes_and_keeps_the_focus(page: Page) -> None:
    choose(page, "mail.csv", "text,label,desk\nwin,spam,north\nnoon,ham,south\n")
    page.get_by_label("label", exact=True).select_option("metadata")
    page.get_by_label("desk").focus()
    page.get_by_label("desk").select_option("label")
    expect(page.locator("#labels")).to_contain_text("2 labels found in “desk”")
    expect(page.get_by_label("desk")).to_be_focused()
    expect(page.locator("[name=class-0-name]")).to_have_value("north")


def test_a_class_is_added_and_its_colour_follows(page: Page) -> None:
    choose(page, "mail.csv", GOOD)
    page.get_by_role("button", name="Add a class").click()
    expect(page.locator("[name=class-2-name]")).to_be_focused()
    page.keyboard.type("maybe")
    page.locator("[name=class-2-colour]").select_option("7")
    expect(page.locator(".spec-row").nth(2)).to_have_class("spec-row c7")
    page.get_by_role("button", name="Create the project").click()
    page.wait_for_url("**/projects/*/")
    assert LabelClass.objects.get(name="maybe").colour == 7


def faults(page: Page) -> list[str]:
    """What axe finds serious or critical, in words."""
    found = Axe().run(page).response["violations"]
    return [
        f"{page.url} {fault['id']}: {[node['html'] for node in fault['nodes']]}"
        for fault in found
        if fault["impact"] in {"serious", "critical"}
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_on_these_pages(page: Page, scheme: str) -> None:
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    project = make_project(owner=User.objects.get())
    row = project.label_classes.first()
    assert row is not None
    found = faults(page)
    choose(page, "mail.csv", GOOD)
    found += faults(page)
    settings = f"/projects/{project.pk}/settings/"
    parts = ("", "classes/", f"classes/{row.pk}/", "guideline/", "texts/", "delete/")
    for address in (
        *(settings + part for part in parts),
        f"/projects/{project.pk}/guideline/",
        "/bin/",
    ):
        page.goto(address)
        found += faults(page)
    assert found == []
