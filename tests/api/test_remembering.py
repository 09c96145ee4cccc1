"""What requests for predictions remember for a second: and how soon changes are noticed all the same."""

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from projects.models import ApiToken, ModelVersion, Project, User
from projects.remembering import Remembered
from projects.selectors.remembered import (
    LIVE,
    TARGETS,
    remembered_live_version,
    remembered_targets,
)
from projects.services.api_tokens import RECOGNISED, recognise_again, revoke_token
from projects.services.deferral import PERSON, Deferral, set_deferral
from projects.services.versions import promote, retire
from tests.api.worlds import make_token
from tests.factories import NOW, make_model_version

pytestmark = pytest.mark.django_db


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture(autouse=True)
def fresh() -> None:
    """Projects and tokens of other tests may have had the same numbers and secrets."""
    for remembered in (LIVE, TARGETS, RECOGNISED):
        remembered.clear()


@pytest.fixture
def clock() -> Clock:
    return Clock()


def known(secret: str, clock: Clock) -> ApiToken | None:
    return recognise_again(secret=secret, now=timezone.now(), clock=clock, seconds=1.0)


def leads_on(project: Project, clock: Clock) -> dict[int, Project]:
    return dict(remembered_targets(project.pk, clock=clock, seconds=1.0))


def live(project: Project, clock: Clock) -> int | None:
    found = remembered_live_version(project.pk, clock=clock, seconds=1.0)
    return found.number if found else None


def test_a_second_request_asks_the_database_nothing(
    project: Project, clock: Clock, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    _, secret = make_token(project)
    make_model_version(project, stage="live")
    assert (known(secret, clock), live(project, clock)) != (None, None)
    assert leads_on(project, clock) == {}
    with django_assert_num_queries(0):
        token = known(secret, clock)
        assert token
        assert token.project == project
        assert live(project, clock) == 1
        assert leads_on(project, clock) == {}


def test_a_token_that_another_process_revoked_is_dead_within_a_second(
    project: Project, clock: Clock
) -> None:
    token, secret = make_token(project)
    assert known(secret, clock) == token
    ApiToken.objects.update(revoked_at=timezone.now())
    clock.seconds += 0.99
    assert known(secret, clock) == token
    clock.seconds += 0.02
    assert known(secret, clock) is None


def test_a_token_that_this_process_revoked_is_dead_at_once(project: Project, clock: Clock) -> None:
    token, secret = make_token(project)
    assert known(secret, clock) == token
    revoke_token(token=token, now=timezone.now())
    assert known(secret, clock) is None


def test_a_remembered_token_expires_in_time(project: Project, clock: Clock) -> None:
    token, secret = make_token(project)
    assert known(secret, clock) == token
    later = timezone.now() + timedelta(days=91)
    assert recognise_again(secret=secret, now=later, clock=clock, seconds=1.0) is None


def test_what_another_process_promoted_answers_within_a_second(
    project: Project, clock: Clock
) -> None:
    make_model_version(project, stage="live")
    assert live(project, clock) == 1
    ModelVersion.objects.update(stage="retired")
    make_model_version(project, stage="live")
    clock.seconds += 1.01
    assert live(project, clock) == 2


def test_what_this_process_promotes_or_retires_is_noticed_at_once(
    project: Project, owner: User, clock: Clock
) -> None:
    make_model_version(project, stage="live")
    second = make_model_version(project)
    assert live(project, clock) == 1
    promote(actor=owner, version=second, why="better", now=NOW)
    assert live(project, clock) == 2
    retire(actor=owner, version=second, now=NOW)
    assert live(project, clock) is None


def test_a_threshold_that_this_process_sets_is_noticed_at_once(
    project: Project, owner: User, clock: Clock
) -> None:
    version = make_model_version(project, stage="live")
    assert live(project, clock) == 1
    rule = Deferral(threshold=0.8, wanted=0.9, to=PERSON)
    set_deferral(actor=owner, version=version, deferral=rule, why="unsure", now=NOW)
    found = remembered_live_version(project.pk, clock=clock, seconds=1.0)
    assert found
    assert (found.deferral or {})["threshold"] == 0.8


def test_what_a_request_does_to_its_row_is_its_own(project: Project, clock: Clock) -> None:
    make_model_version(project, stage="live")
    mine = remembered_live_version(project.pk, clock=clock, seconds=1.0)
    assert mine
    mine.folder = "elsewhere"
    yours = remembered_live_version(project.pk, clock=clock, seconds=1.0)
    assert yours
    assert yours.folder != "elsewhere"


def test_only_so_many_are_kept_and_strangers_never(clock: Clock) -> None:
    remembered: Remembered[int, str] = Remembered(most=3)
    for key in range(5):
        remembered.get(key, lambda: "known", clock=clock, seconds=1.0)
    assert len(remembered) == 3
    assert remembered.get(9, lambda: None, clock=clock, seconds=1.0) is None
    assert remembered.get(9, lambda: "made since", clock=clock, seconds=1.0) == "made since"


def test_what_changes_while_it_is_read_is_read_again(clock: Clock) -> None:
    remembered: Remembered[int, str] = Remembered(most=3)

    def read() -> str:
        remembered.forget(1)
        return "before"

    assert remembered.get(1, read, clock=clock, seconds=1.0) == "before"
    assert remembered.get(1, lambda: "after", clock=clock, seconds=1.0) == "after"
