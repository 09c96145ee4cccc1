"""A teacher asked while somebody waits: it answers, or says why not; what it costs is counted."""

from typing import Any

import pytest

from learners.services.asking_teacher import AT_ONCE, ask_teacher
from learners.services.deferred_answers import Said
from projects.models import Project, Teacher, TeacherAnswer
from projects.services.teacher.answering import teacher_in_use
from tests.factories import NOW, make_user
from tests.teacher.server import Server, failing
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
