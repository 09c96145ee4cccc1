"""A form that is sent once is not sent twice, on whatever page it stands."""

import pytest
from django.urls import reverse
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer

from learners.models import Ladder
from tests.chromium import sign_in
from tests.factories import make_user
from tests.ladder.worlds import ladder_project

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_double_click_trains_one_ladder(browser_page: Page, live_server: LiveServer) -> None:
    ada = make_user("ada")
    project = ladder_project(ada)
    sign_in(browser_page, ada, live_server.url)
    browser_page.goto(reverse("models", args=[project.pk]))
    browser_page.locator("#ladder-start").dblclick()
    browser_page.get_by_text("Waiting for a worker to take it up.").wait_for()
    assert browser_page.get_by_text("No ladder was begun").count() == 0
    assert Ladder.objects.count() == 1
