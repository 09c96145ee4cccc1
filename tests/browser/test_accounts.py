"""Coming in with the keyboard alone, and what axe says of the pages around accounts."""

import pytest
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer

from projects.models import Membership, Project, User
from projects.models.project import Role
from projects.services.first_account import ensure_first_account
from projects.services.one_time_links import issue_entry_path
from tests.accounts.test_project_list import make_fit
from tests.chromium import faults, sign_in
from tests.factories import make_project, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def owner() -> User:
    return make_user("ada")


@pytest.fixture
def project(owner: User) -> Project:
    project = make_project(owner=owner)
    make_fit(project, accuracy=0.88)
    for name in ("grace", "kim"):
        Membership.objects.create(project=project, user=make_user(name), role=Role.ANNOTATOR)
    Project.objects.filter(pk=project.pk).update(is_demo=True)
    return project


def clean_in_both_schemes(page: Page, path: str) -> None:
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.goto(path)
        assert faults(page) == [], (path, scheme)


def test_a_link_a_password_and_the_list_with_the_keyboard_alone(
    browser_page: Page, live_server: LiveServer
) -> None:
    page, keys = browser_page, browser_page.keyboard
    page.goto(issue_entry_path(user=ensure_first_account()[0]))
    assert page.locator("#id_new_password1").evaluate("field => field === document.activeElement")
    keys.type("battery staple")
    keys.press("Tab")
    keys.type("battery staple")
    keys.press("Enter")
    page.wait_for_url(f"{live_server.url}/")
    assert page.locator("h1").inner_text() == "Projects"
    assert "sign in as owner" in page.locator("[role=status]").inner_text()


def test_signing_in_and_out_with_the_keyboard_alone(
    browser_page: Page, owner: User, live_server: LiveServer
) -> None:
    page, keys = browser_page, browser_page.keyboard
    page.goto("/")
    keys.type("ada")
    keys.press("Tab")
    keys.type("correct horse")
    keys.press("Enter")
    page.wait_for_url(f"{live_server.url}/")
    page.get_by_role("button", name="Sign out").focus()
    keys.press("Enter")
    page.wait_for_url("**/sign-in/")
    assert page.locator("h1").inner_text() == "Sign in"


def test_an_invited_person_comes_in_by_the_link_that_was_shown(
    browser_page: Page, owner: User, live_server: LiveServer
) -> None:
    page, project = browser_page, make_project(owner=owner)
    sign_in(page, owner, live_server.url)
    page.goto(f"/projects/{project.pk}/settings/members/")
    page.get_by_label("Name").fill("grace")
    page.get_by_role("button", name="Add", exact=True).click()
    link = page.locator("#fresh-link").input_value()
    page.context.clear_cookies()
    page.goto(link)
    page.get_by_label("New password", exact=True).fill("battery staple")
    page.get_by_label("New password once more").fill("battery staple")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{live_server.url}/")
    assert page.get_by_role("link", name="grace").is_visible()
    assert page.get_by_role("link", name=project.name).is_visible()


@pytest.mark.parametrize("path", ["/enter/MQ/x-y/", "/nowhere/"])
def test_pages_for_everybody_are_clean(browser_page: Page, path: str) -> None:
    clean_in_both_schemes(browser_page, path)


@pytest.mark.parametrize("path", ["/", "/account/"])
def test_pages_of_a_newcomer_are_clean(
    browser_page: Page, live_server: LiveServer, path: str
) -> None:
    sign_in(browser_page, make_user("new"), live_server.url)
    clean_in_both_schemes(browser_page, path)


@pytest.mark.parametrize("path", ["/", "/projects/{}/settings/members/"])
def test_pages_fit_a_phone(
    browser_page: Page, project: Project, owner: User, live_server: LiveServer, path: str
) -> None:
    sign_in(browser_page, owner, live_server.url)
    browser_page.set_viewport_size({"width": 390, "height": 800})
    browser_page.goto(path.format(project.pk))
    assert browser_page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize(
    "path",
    ["", "projects/user/", "projects/user/add/", "projects/annotationevent/", "axes/accesslog/"],
)
def test_the_admin_site_works_under_the_content_security_policy(
    browser_page: Page, live_server: LiveServer, path: str
) -> None:
    operator = User.objects.create_superuser("root", password="correct horse")
    sign_in(browser_page, operator, live_server.url)
    browser_page.goto(f"/admin/{path}")
    assert browser_page.locator("#site-name").inner_text() == "Labeler: admin site"
