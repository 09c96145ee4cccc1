"""Several people and a worker at once, in real threads: each text once, and one decision."""

from collections.abc import Callable

import pytest
from django.utils import timezone

from learners.services.checking import check_confirmation
from projects.models import AnnotationEvent, Project, ProjectEvent, User
from projects.models.annotation import Draw
from projects.services.confirming import Result
from tests.confirming.worlds import answer_many, make_world, says, start, yes
from tests.factories import make_user
from tests.labelling.test_claiming_together import at_once, worker

pytestmark = pytest.mark.django_db(transaction=True)


def checker(confirmation_id: int, times: int) -> Callable[[], None]:
    def work() -> None:
        for _ in range(times):
            check_confirmation(confirmation_id=confirmation_id, now=timezone.now(), predict=says())

    return work


def labeller(project: Project, name: str) -> Callable[[], None]:
    person: User = make_user(name)
    return worker(Project.objects.get(pk=project.pk), person, yes(project))


def test_people_and_checks_at_once_end_it_once_and_nobody_gets_a_text_twice() -> None:
    project, fit, owner = make_world(n_audit=30, n_pool=6)
    confirmation = start(project, fit, owner, target=0.8)
    people = [labeller(project, f"person{n}") for n in range(3)]
    at_once([*people, checker(confirmation.pk, 10), checker(confirmation.pk, 10)])
    checker(confirmation.pk, 1)()
    confirmation.refresh_from_db()
    ends = ProjectEvent.objects.filter(kind=ProjectEvent.Kind.CONFIRMATION_ENDED)
    assert (confirmation.result, ends.count()) == (Result.CONFIRMED, 1)
    answered = list(AnnotationEvent.objects.values_list("example_id", flat=True))
    assert len(answered) == len(set(answered)) == 36
    assert AnnotationEvent.objects.filter(draw=Draw.CONFIRM).count() >= confirmation.n


def test_two_checks_at_once_count_each_answer_once() -> None:
    project, fit, owner = make_world()
    confirmation = start(project, fit, owner)
    answer_many(project, owner, [True, False, True])
    at_once([checker(confirmation.pk, 5)] * 4)
    confirmation.refresh_from_db()
    assert confirmation.outcomes == "101"


def test_two_starts_at_once_leave_one() -> None:
    project, fit, owner = make_world()
    outcomes: list[str] = []

    def begin() -> None:
        try:
            start(Project.objects.get(pk=project.pk), fit, owner, now=timezone.now())
            outcomes.append("started")
        except Exception as error:  # noqa: BLE001  asserted below
            outcomes.append(type(error).__name__)

    at_once([begin] * 3)
    assert sorted(outcomes) == ["Refused", "Refused", "started"]
