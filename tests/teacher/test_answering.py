"""A teacher asked while somebody waits: it answers, or says why not; what it costs is counted."""

from decimal import Decimal
from threading import BoundedSemaphore
from typing import Any

import pytest

from learners.services import asking_teacher
from learners.services.asking_teacher import AT_ONCE, BUSY, LATE, ask_teacher
from learners.services.deferred_answers import Said
from projects.models import Project, Teacher, TeacherAnswer
from projects.services.teacher.answering import teacher_in_use
from projects.services.teacher.spending import set_aside, settle
from tests.factories import NOW, make_user
from tests.teacher.server import Answer, Server, failing
from tests.teacher.worlds import make_teacher, texts_project

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return texts_project(make_user("ada"))


def asked(project: Project, *texts: str, limit: int = 99) -> list[Said]:
    """What is said of each text; `limit`: requests that may still be made."""
    made: list[int] = []

    def may_ask(teacher_id: int, a_minute: int) -> bool:
        made.append(teacher_id)
        return len(made) <= limit

    found = ask_teacher(
        project=project,
        texts=texts,
        places=range(len(texts)),
        may_ask=may_ask,
        clock=lambda: NOW,
    )
    return [found[place] for place in range(len(texts))]


def test_it_answers_with_its_name_and_nothing_is_kept(project: Project, server: Server) -> None:
    make_teacher(project, base_url=server.url)
    (said,) = asked(project, "no rain")
    classes = {one.pk: one.name for one in project.label_classes.all()}
    assert said.told["label"] == classes[said.class_id or 0] == "no"
    assert said.told["answered_by"] == {"teacher": "Big model"}
    assert not TeacherAnswer.objects.exists()


def test_what_it_costs_is_counted(project: Project, server: Server) -> None:
    make_teacher(project, base_url=server.url)
    asked(project, "no rain")
    assert Teacher.objects.get().spent > 0


def test_a_used_up_budget_leaves_it_to_people(project: Project, server: Server) -> None:
    make_teacher(project, base_url=server.url, budget="0.000001")
    (said,) = asked(project, "no rain")
    assert said.told["why"] == "The budget of Big model is used up. A person decides."
    assert not server.bodies


def test_a_server_that_fails_leaves_it_to_people(project: Project, server: Server) -> None:
    make_teacher(project, base_url=server.url)
    server.then(failing(500))
    (said,) = asked(project, "no rain")
    assert "status 500" in said.told["why"]
    assert said.class_id is None


def test_few_texts_of_a_request_are_asked_and_within_its_rate(
    project: Project, server: Server
) -> None:
    make_teacher(project, base_url=server.url)
    said = asked(project, *["no rain"] * (AT_ONCE + 1), limit=2)
    assert len(server.bodies) == 2
    assert "requests of this minute are used up" in said[2].told["why"]
    assert f"answers {AT_ONCE} texts of a request" in said[AT_ONCE].told["why"]


def test_a_teacher_that_may_not_be_asked_is_not(
    project: Project, server: Server, settings: Any
) -> None:
    make_teacher(project, base_url=server.url)
    settings.LABELER_OUTSIDE_TEACHER = False
    assert teacher_in_use(project) is None
    (said,) = asked(project, "no rain")
    assert "not in use any more" in said.told["why"]
    assert not server.bodies


@pytest.fixture
def in_haste(monkeypatch: pytest.MonkeyPatch) -> None:
    """Little time, of which each rest is enough for another text."""
    monkeypatch.setattr("learners.services.asking_teacher.DEADLINE_SECONDS", 0.3)
    monkeypatch.setattr("learners.services.asking_teacher.LEAST_SECONDS", 0.0)


@pytest.mark.usefixtures("in_haste")
def test_a_teacher_that_hangs_is_asked_one_text_and_then_left_alone(
    project: Project, server: Server
) -> None:
    make_teacher(project, base_url=server.url)
    server.usual = lambda _: Answer(seconds=1.0)
    said = asked(project, "no rain", "no sun") + asked(project, "no snow")
    assert len(server.bodies) == 1
    assert "No answer came within" in said[0].told["why"]
    assert [one.told["why"] for one in said[1:]] == [LATE, LATE]


@pytest.mark.usefixtures("in_haste")
def test_a_question_that_was_given_up_is_counted(project: Project, server: Server) -> None:
    make_teacher(project, base_url=server.url)
    server.then(Answer(seconds=1.0))
    asked(project, "no rain")
    assert Teacher.objects.get().spent > 0


def test_a_teacher_that_failed_at_once_costs_nothing(project: Project, server: Server) -> None:
    make_teacher(project, base_url=server.url)
    server.then(failing(500))
    asked(project, "no rain")
    assert Teacher.objects.get().spent == 0


def test_few_requests_wait_for_it_at_the_same_time(
    project: Project, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_teacher(project, base_url=server.url)
    monkeypatch.setattr("learners.services.asking_teacher._waiting", BoundedSemaphore(1))
    with asking_teacher._waiting:
        (said,) = asked(project, "no rain")
    assert (said.told["why"], server.bodies) == (BUSY, [])


def test_a_rest_of_the_budget_is_given_to_one_request_only(project: Project) -> None:
    teacher = make_teacher(project, budget="0.0005")
    cost = Decimal("0.0003")
    assert [set_aside(teacher, cost), set_aside(teacher, cost)] == [True, False]
    settle(teacher, aside=cost, cost=Decimal("0.0001"))
    assert Teacher.objects.get().spent == Decimal("0.0001")
