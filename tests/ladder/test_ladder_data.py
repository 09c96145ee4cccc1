"""What a ladder learns from: classes by name, and never a written text that measures."""

from typing import Any

import pytest

from learners.engine.errors import EngineError
from learners.engine.rungs import Surroundings
from learners.models import Ladder, Rung
from learners.services.ladder import request_ladder
from learners.services.ladder_data import ladder_data
from learners.services.student_data import Lessons, lessons_of
from projects.models import Project, SyntheticExample, TeacherRun, User
from projects.services.classes import ClassSpec, add_classes
from tests.factories import NOW
from tests.ladder.worlds import ladder_project
from tests.teacher.rows import make_run, make_written
from tests.teacher.worlds import make_teacher

pytestmark = pytest.mark.django_db


@pytest.fixture
def project(ada: User) -> Project:
    project = ladder_project(ada)
    project.label_names = True
    project.save(update_fields=["label_names"])
    return project


@pytest.fixture
def run(project: Project, settings: Any) -> TeacherRun:
    settings.LABELER_OUTSIDE_TEACHER = True
    return make_run(make_teacher(project), "synthetic")


def with_class(project: Project, ada: User, name: str) -> int:
    spec = ClassSpec(name=name, colour=3)
    return add_classes(actor=ada, project=project, specs=[spec], now=NOW)[0].pk


def ladder_of(project: Project, ada: User) -> Ladder:
    project.refresh_from_db()
    return request_ladder(actor=ada, project=project, now=NOW)


def lessons(ladder: Ladder, *written: SyntheticExample) -> Lessons:
    student = {"synthetic": [row.pk for row in written]}
    rung = Rung(ladder=ladder, name="static_synthetic", manifest={"student": student})
    return lessons_of(rung, ladder_data(ladder), Surroundings(".", "."))  # type: ignore[arg-type]


def test_a_class_that_nobody_has_labelled_is_learned_by_its_name(
    project: Project, ada: User
) -> None:
    refund = with_class(project, ada, "refund of money")
    training = ladder_data(ladder_of(project, ada)).training
    assert refund in training.classes
    assert refund not in training.y


def test_written_texts_that_measure_train_nothing(
    project: Project, ada: User, run: TeacherRun
) -> None:
    random = project.examples.filter(role="audit").first()
    assert random is not None
    twin = make_written(run, random.text, "fruit", accepted=True)
    SyntheticExample.objects.filter(pk=twin.pk).update(content_hash=random.content_hash)
    plum = make_written(run, "plum 1", "fruit", accepted=True)
    ladder = ladder_of(project, ada)
    found = lessons(ladder, twin, plum)
    assert found.training.texts[30:] == ["plum 1"]
    assert found.note.endswith("or among its random texts.")
    ladder.synthetic = [twin.pk, plum.pk]
    assert ladder_data(ladder).n_written == 1


def test_written_texts_of_a_class_that_came_later_are_left_out(
    project: Project, ada: User, run: TeacherRun
) -> None:
    ladder = ladder_of(project, ada)
    with_class(project, ada, "refund")
    late = make_written(run, "give it back", "refund", accepted=True)
    plum = make_written(run, "plum 1", "fruit", accepted=True)
    found = lessons(ladder, late, plum)
    assert found.training.texts[30:] == ["plum 1"]
    assert "1 more were left out: of a class that came after this ladder" in found.note
    with pytest.raises(EngineError, match="no written text is left"):
        lessons(ladder, late)
