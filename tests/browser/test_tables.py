"""A table in a real browser: made in the wizard, labelled row by row; axe finds nothing serious."""

import pytest
from playwright.sync_api import FilePayload, Page, expect
from pytest_django.live_server_helper import LiveServer

from projects.models import AnnotationEvent, Example, Project
from tests.chromium import faults, sign_in
from tests.creating.table_files import FILE, table_project
from tests.factories import make_user
from tests.machine.test_tables import labelled_project, published

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
OTHERS = (
    "queue/",
    "settings/learning/",
    "?tab=rules",
    "history/",
    "model/",
    "settings/texts/",
)


@pytest.fixture
def page(browser_page: Page, live_server: LiveServer) -> Page:
    return browser_page


def drop(page: Page, content: str) -> None:
    page.goto("/new/")
    file = FilePayload(name="clients.csv", mimeType="text/csv", buffer=content.encode())
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_role("button", name="Look at it").click()


def test_a_table_is_recognised_and_becomes_a_project(page: Page, live_server: LiveServer) -> None:
    sign_in(page, make_user("ada"), live_server.url)
    drop(page, FILE)
    expect(page.get_by_role("heading", name="What the model reads")).to_be_visible()
    expect(page.get_by_label("age", exact=True)).to_have_value("numeric")
    page.get_by_label("balance", exact=True).select_option("leave_out")
    expect(page.locator(".table-notes")).to_contain_text("1 number")
    assert faults(page) == []
    page.get_by_role("button", name="Create the project").click()
    page.wait_for_url("**/projects/*/")
    names = [column["name"] for column in Project.objects.get().feature_columns]
    assert names == ["age", "job", "country"]


def test_texts_and_rows_are_one_press_apart(page: Page, live_server: LiveServer) -> None:
    sign_in(page, make_user("ada"), live_server.url)
    drop(page, FILE)
    page.get_by_role("button", name="Label texts instead").click()
    expect(page.locator("select[name=role-1]")).not_to_have_value("categorical")
    page.get_by_role("button", name="Label rows of a table instead").click()
    expect(page.locator("select[name=role-1]")).to_have_value("categorical")


def test_enter_in_a_field_does_not_turn_the_table_into_texts(
    page: Page, live_server: LiveServer
) -> None:
    sign_in(page, make_user("ada"), live_server.url)
    drop(page, FILE)
    page.get_by_label("Name", exact=True).last.press("Enter")
    expect(page.locator("input[name=input_kind]")).to_have_value("table")


def test_a_row_is_read_as_a_list_and_answered_by_a_key(page: Page, live_server: LiveServer) -> None:
    owner = make_user("ada")
    project, _ = table_project(owner=owner)
    sign_in(page, owner, live_server.url)
    page.goto(f"/projects/{project.pk}/label/")
    cells = page.get_by_role("region", name="Row to label").locator("dt")
    assert cells.all_inner_texts() == ["age", "job", "balance", "country"]
    assert faults(page) == []
    page.keyboard.press("1")
    expect(page.locator("#last-act")).to_have_text("no")
    asked = AnnotationEvent.objects.get().example_id
    assert Example.objects.get(pk=asked).project_id == project.pk


def test_axe_finds_nothing_serious_on_the_other_pages(page: Page, live_server: LiveServer) -> None:
    owner = make_user("ada")
    project = labelled_project("tree", owner)
    published(project)
    sign_in(page, owner, live_server.url)
    for address in OTHERS:
        page.goto(f"/projects/{project.pk}/{address}")
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            assert faults(page) == []
