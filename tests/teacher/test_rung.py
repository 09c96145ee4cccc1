"""What a teacher is worth: its answers on random texts against people's."""

import numpy as np
import pytest

from learners.services.teacher_rung import teacher_predictions
from projects.models import Example, Project
from tests.factories import make_project
from tests.teacher.rows import make_answer, make_run
from tests.teacher.worlds import make_teacher, texts_project

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return texts_project(n_audit=6)


def audit(project: Project) -> list[Example]:
    return list(project.examples.filter(role="audit").order_by("audit_rank"))


def test_without_teacher_or_answers_there_is_nothing(project: Project) -> None:
    assert teacher_predictions(project.pk) is None
    make_teacher(project)
    assert teacher_predictions(project.pk) is None


def test_answers_are_held_against_peoples_and_no_class_is_wrong(project: Project) -> None:
    run = make_run(make_teacher(project), "audit")
    for example, name in zip(audit(project), ["yes", "no", "no", None], strict=False):
        make_answer(run, example, name)
    found = teacher_predictions(project.pk)
    assert found
    assert found.accuracy
    assert (found.n, found.n_right, found.n_without_class) == (4, 2, 1)
    assert found.accuracy.low < found.accuracy.value == 0.5 < found.accuracy.high
    assert found.cost_per_million == pytest.approx(300)
    assert found.seconds_per_1000 == pytest.approx(500)


def test_an_answer_that_people_took_back_measures_nothing(project: Project) -> None:
    run = make_run(make_teacher(project), "audit")
    for example in audit(project):
        make_answer(run, example, "yes")
    project.annotations.filter(example=audit(project)[0]).update(stale=True)
    found = teacher_predictions(project.pk)
    assert found
    assert found.n == 5


def test_answers_to_an_earlier_prompt_measure_nothing(project: Project) -> None:
    run = make_run(make_teacher(project), "audit")
    make_answer(run, audit(project)[0], "yes")
    Project.objects.update(guideline="New rules.")
    assert teacher_predictions(project.pk) is None


def test_there_are_probabilities_only_where_every_answer_has_them(project: Project) -> None:
    run = make_run(make_teacher(project), "audit")
    first, second, third, *_ = audit(project)
    make_answer(run, first, "yes", probabilities={"yes": 0.9, "no": 0.1})
    make_answer(run, second, None)
    found = teacher_predictions(project.pk)
    assert found
    assert found.probabilities is not None
    np.testing.assert_allclose(found.probabilities, [[0.9, 0.1], [0.5, 0.5]])
    make_answer(run, third, "no")
    found = teacher_predictions(project.pk)
    assert found
    assert found.probabilities is None


def test_macro_f1_is_withheld_while_answers_are_few(project: Project) -> None:
    run = make_run(make_teacher(project), "audit")
    for example in audit(project):
        make_answer(run, example, "yes")
    found = teacher_predictions(project.pk)
    assert found
    assert found.macro_f1(np.random.default_rng(0)).interval is None


def test_another_projects_teacher_is_not_this_ones(project: Project) -> None:
    make_answer(make_run(make_teacher(project), "audit"), audit(project)[0], "yes")
    assert teacher_predictions(make_project().pk) is None
