"""Confirming a model, and why a text was asked, in a real browser."""

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from learners.models import Explanation
from learners.services.explaining import explain
from projects.models import Confirmation
from tests.chromium import faults, sign_in
from tests.confirming.worlds import answer_many, check, make_world, start
from tests.pages.worlds import worker_is_running
from tests.why.test_explaining import model, world

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_model_is_frozen_watched_and_confirmed(
    browser_page: Page, live_server: LiveServer
) -> None:
    project, _, owner = make_world()
    page = browser_page
    worker_is_running(timezone.now())
    sign_in(page, owner, live_server.url)
    page.goto(reverse("confirm", args=[project.pk]))
    page.get_by_label("Target: right on at least, %").fill("75")
    page.get_by_role("button", name="Freeze and begin").click()
    expect(page.get_by_text("No answer counts yet; the target is 75 %.")).to_be_visible()
    confirmation = Confirmation.objects.get()
    answer_many(project, owner, [True] * 5)
    check(confirmation)
    expect(page.get_by_text("5 of 5 fresh random texts right")).to_be_visible()
    assert faults(page) == []
    answer_many(project, owner, [True] * 30)
    check(confirmation)
    promise = page.get_by_text("however often one looked, this model is right").first
    expect(promise).to_be_visible()
    assert faults(page) == []
    page.goto("about:blank")


def test_the_focus_stays_while_the_state_comes_anew(
    browser_page: Page, live_server: LiveServer
) -> None:
    project, fit, owner = make_world()
    page = browser_page
    confirmation = start(project, fit, owner, now=timezone.now())
    sign_in(page, owner, live_server.url)
    page.goto(reverse("confirm", args=[project.pk]))
    page.get_by_text("End it early").focus()
    answer_many(project, owner, [True] * 2)
    check(confirmation)
    expect(page.get_by_text("2 of 2 fresh random texts right")).to_be_visible()
    expect(page.get_by_text("End it early")).to_be_focused()
    page.goto("about:blank")


def test_w_tells_after_the_answer_what_the_model_saw(
    browser_page: Page, live_server: LiveServer
) -> None:
    project, _, owner, _ = world()
    page = browser_page
    worker_is_running(timezone.now())
    sign_in(page, owner, live_server.url)
    page.goto(reverse("label", args=[project.pk]))
    page.keyboard.press("w")
    expect(page.get_by_text("reads the text again")).to_be_visible()
    row = Explanation.objects.get()
    explain(explanation_id=row.pk, clock=timezone.now, predict=model(project))
    expect(page.get_by_text("Spoke for it")).to_be_visible()
    assert faults(page) == []
    page.goto("about:blank")
