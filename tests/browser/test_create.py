"""A bad file, then a good one, in a real browser; and the same without JavaScript's help."""

import pytest
from playwright.sync_api import FilePayload, Page, expect
from pytest_django.live_server_helper import LiveServer

from projects.models import DataImport, LabelClass, Project
from tests.chromium import sign_in
from tests.factories import make_user

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
    # A worker of an earlier test may live and take it up at once.
    assert DataImport.objects.get().status in {"waiting", "running", "done"}


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
