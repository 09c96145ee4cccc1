"""Watching a simulation in a real browser: what comes anew leaves hand and eye where they were."""

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from learners.models import Simulation
from learners.services.simulation_work import results_of
from tests.chromium import faults, sign_in
from tests.factories import make_project, make_user
from tests.pages.worlds import worker_is_running
from tests.simulation.rows import make_simulation

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def simulation(browser_page: Page, live_server: LiveServer) -> Simulation:
    owner = make_user("olive")
    worker_is_running(timezone.now())
    made = make_simulation(make_project(owner=owner), actor=owner, status="running")
    Simulation.objects.filter(pk=made.pk).update(n_ended=1)
    sign_in(browser_page, owner, live_server.url)
    browser_page.goto(reverse("simulation", args=[made.project_id, made.pk]))
    return made


def ended(simulation: Simulation, **columns: object) -> None:
    results = results_of(simulation)
    Simulation.objects.filter(pk=simulation.pk).update(results=results, **columns)


def test_what_was_opened_stays_open_and_keeps_the_focus(
    browser_page: Page, simulation: Simulation
) -> None:
    page = browser_page
    title = page.get_by_text("The data", exact=True)
    title.click()
    title.focus()
    expect(page.get_by_text("900 texts to choose from")).to_be_visible()
    ended(simulation, n_ended=2)
    expect(page.get_by_text("2 of 9 runs done")).to_be_visible()
    expect(page.get_by_text("900 texts to choose from")).to_be_visible()
    expect(title).to_be_focused()
    page.goto("about:blank")


def test_a_region_that_stays_tells_quarters_and_the_end(
    browser_page: Page, simulation: Simulation
) -> None:
    page = browser_page
    told = page.locator("#simulation-told")
    ended(simulation, n_ended=2)
    expect(page.locator("#simulation-doing")).to_contain_text("2 of 9 runs done")
    expect(told).to_be_empty()  # no quarter yet
    ended(simulation, n_ended=3)
    expect(told).to_contain_text("3 of 9 runs done")
    page.get_by_role("button", name="Cancel").focus()
    ended(simulation, n_ended=9, status="done")
    expect(told).to_contain_text("Default is best")
    expect(page.locator("#simulation-state")).to_be_focused()
    assert faults(page) == []
    page.goto("about:blank")
