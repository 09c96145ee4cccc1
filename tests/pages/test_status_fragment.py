"""The project page keeps itself up to date without moving what did not change."""

import re
from html import unescape
from urllib.parse import unquote

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone

from learners.views.live_pieces import read_have
from projects.models import Project, ProjectEvent, User
from tests.factories import make_label, make_user
from tests.pages.worlds import decide, labelled_project, make_fit, worker_is_running

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner(client: Client) -> User:
    user = make_user()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    worker_is_running(timezone.now())
    return user


@pytest.fixture
def project(owner: User) -> Project:
    return labelled_project(owner)


def poll_address(html: str) -> str:
    """What the poller asks, with the state of the open tab, which the script adds."""
    found = re.search(r'id="poller"[^>]*hx-get="([^"]+)"', html)
    state = re.search(r'id="numbers-state" name="numbers" value="([^"]+)"', html)
    assert found
    assert state
    return f"{unescape(found[1])}&numbers={state[1]}"


def first_poll(client: Client, project: Project) -> str:
    return poll_address(client.get(f"/projects/{project.pk}/").content.decode())


def test_nothing_new_is_an_empty_answer(client: Client, project: Project) -> None:
    assert client.get(first_poll(client, project)).status_code == 204


def test_a_published_fit_brings_sentence_table_and_a_new_chart_version(
    client: Client, project: Project
) -> None:
    address = first_poll(client, project)
    fit = make_fit(project, n_labels=10, right=(3, 4))
    html = client.get(address).content.decode()
    assert {"live-headline", "live-curve-table", "live-numbers-state"} <= set(
        re.findall(r'id="(live-[a-z-]+)"', html)
    )
    assert f'data-curve="{fit.pk}.0"' in html


def test_what_did_not_change_stays_away(client: Client, project: Project) -> None:
    address = first_poll(client, project)
    make_fit(project, n_labels=10, right=(3, 4))
    assert 'id="live-people"' not in client.get(address).content.decode()


def test_the_answer_carries_the_next_question(client: Client, project: Project) -> None:
    address = first_poll(client, project)
    make_fit(project, n_labels=10, right=(3, 4))
    second = poll_address(client.get(address).content.decode())
    assert client.get(second).status_code == 204


def test_a_decision_behind_a_point_gives_the_chart_a_new_version(
    client: Client, project: Project
) -> None:
    fit = make_fit(project, n_labels=10, right=(3, 4))
    address = first_poll(client, project)
    decide(project, ProjectEvent.Kind.CLASS_ADDED, name="maybe")
    assert f'data-curve="{fit.pk}.1"' in client.get(address).content.decode()


def test_nonsense_is_answered_with_everything(client: Client, project: Project) -> None:
    html = client.get(f"/projects/{project.pk}/status/?have=,,x:y:z,%00").content.decode()
    assert "live-headline" in html


def test_what_the_browser_has_survives_the_address(client: Client, project: Project) -> None:
    have = read_have(unquote(first_poll(client, project).partition("have=")[2]))
    assert {"headline", "people", "ledger", "curve"} <= set(have)


def test_only_the_sentence_is_read_aloud_when_it_changes(client: Client, project: Project) -> None:
    html = client.get(f"/projects/{project.pk}/").content.decode()
    assert re.findall(r'id="(live-[^"]+)" aria-live="polite"', html) == ["live-headline"]


def test_the_open_tab_is_the_one_that_is_kept_up_to_date(client: Client, project: Project) -> None:
    page = client.get(f"/projects/{project.pk}/?tab=fits").content.decode()
    assert client.get(poll_address(page)).status_code == 204
    make_fit(project, n_labels=10, right=(3, 4))
    html = client.get(poll_address(page)).content.decode()
    assert 'id="fits-table"' in html
    assert 'value="fits.' in html


def test_a_label_that_changes_nothing_in_the_open_tab_leaves_it_alone(
    client: Client, project: Project
) -> None:
    page = client.get(f"/projects/{project.pk}/?tab=confusion").content.decode()
    example, yes = project.examples.get(text="text 15"), project.label_classes.all()[0]
    with transaction.atomic():
        make_label(example, yes, owner_of(project))
    html = client.get(poll_address(page)).content.decode()
    assert 'id="live-people"' in html
    assert 'id="live-numbers-state"' in html
    assert 'id="live-numbers"' not in html


def owner_of(project: Project) -> User:
    return User.objects.get(memberships__project=project, memberships__role="owner")
