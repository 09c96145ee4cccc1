"""The soft labels that a student takes from a teacher's answers, and how far it trusts them."""

import numpy as np
import pytest

from learners.selectors.training import training_set_from_ledger
from learners.services import teacher_answers
from learners.services.teacher_answers import (
    PRIOR_TRUST,
    StandingAnswers,
    Trust,
    soft_answers,
    standing_answers,
    trust_in,
)
from projects.models import Example, Project, Teacher, User
from projects.selectors.teacher import prompt_of
from tests.teacher.rows import make_answer, make_run
from tests.teacher.worlds import label, make_teacher, texts_project

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return texts_project(n_audit=4)


@pytest.fixture
def teacher(project: Project) -> Teacher:
    """One that named the right class of every random text."""
    teacher = make_teacher(project)
    run = make_run(teacher, "audit")
    for example in project.examples.filter(role="audit"):
        make_answer(run, example, example.text.split()[0])
    return teacher


@pytest.fixture
def few_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(teacher_answers, "ENOUGH_COMPARED", 3)


def pool(project: Project) -> list[Example]:
    return list(project.examples.filter(role="pool").order_by("pk"))


def people_say(project: Project, *names: str) -> None:
    """Of the first texts of the pool, in turn."""
    owner = User.objects.get()
    for example, name in zip(pool(project), names, strict=False):
        label(example, name, owner)


def teacher_says(teacher: Teacher, *names: str | None) -> None:
    """Of the first texts of the pool, in turn."""
    run = make_run(teacher, "pool")
    for example, name in zip(pool(teacher.project), names, strict=False):
        make_answer(run, example, name)


def answers(teacher: Teacher) -> StandingAnswers:
    return standing_answers(teacher, prompt_of(teacher.project))


def trust(teacher: Teacher, upto_seq: int | None = None) -> Trust:
    teacher.project.refresh_from_db()
    seq = teacher.project.seq if upto_seq is None else upto_seq
    return trust_in(answers(teacher), training_set_from_ledger(teacher.project_id, seq))


def soft(teacher: Teacher) -> tuple[list[int], np.ndarray, str]:
    teacher.project.refresh_from_db()
    labels = training_set_from_ledger(teacher.project_id, teacher.project.seq)
    ids, found, words = soft_answers(answers(teacher), labels)
    return ids.tolist(), found, words


def test_soft_labels_are_the_probabilities_where_there_are_some(
    project: Project, teacher: Teacher
) -> None:
    example = pool(project)[0]
    make_answer(make_run(teacher, "pool"), example, "no", probabilities={"yes": 0.2, "no": 0.8})
    ids, found, where = soft(teacher)
    assert ids == [example.pk]
    np.testing.assert_allclose(found, [[0.2, 0.8]])
    assert where == "The soft labels are the probabilities that the server gave."


def test_right_answers_on_random_texts_buy_no_trust(project: Project, teacher: Teacher) -> None:
    teacher_says(teacher, "no")
    assert trust(teacher) == Trust(PRIOR_TRUST, 0)
    _, found, where = soft(teacher)
    np.testing.assert_allclose(found, [[0.1, 0.9]])
    assert "counts 90 % (a set share: people labelled 0 of the pool texts" in where


def test_trust_is_how_often_people_named_the_same_class_on_the_pool(
    project: Project, teacher: Teacher, few_are_enough: None
) -> None:
    teacher_says(teacher, "yes", "yes", "no", "yes", "no")
    people_say(project, "yes", "no", "no")
    assert trust(teacher) == Trust(3 / 5, 3)
    ids, found, where = soft(teacher)
    assert ids == [example.pk for example in pool(project)[3:5]]
    np.testing.assert_allclose(found, [[0.6, 0.4], [0.4, 0.6]])
    assert "counts 60 % (as measured on 3 texts of the pool that people labelled as well)" in where


def test_answers_that_named_no_class_are_not_compared(
    project: Project, teacher: Teacher, few_are_enough: None
) -> None:
    teacher_says(teacher, None, "yes", "yes", "yes")
    people_say(project, "yes", "yes", "yes", "yes")
    assert trust(teacher) == Trust(4 / 5, 3)


def test_a_teacher_that_is_always_wrong_is_believed_no_less_than_chance(
    project: Project, teacher: Teacher, few_are_enough: None
) -> None:
    teacher_says(teacher, "yes", "yes", "yes")
    people_say(project, "no", "no", "no")
    assert trust(teacher).share == 0.5


def test_labels_made_later_change_neither_trust_nor_texts(
    project: Project, teacher: Teacher, few_are_enough: None
) -> None:
    teacher_says(teacher, "yes", "yes", "yes")
    project.refresh_from_db()
    then = project.seq
    people_say(project, "yes", "no", "no")
    assert trust(teacher, then) == Trust(PRIOR_TRUST, 0)
    ids, _, _ = soft_answers(answers(teacher), training_set_from_ledger(project.pk, then))
    assert len(ids) == 3


def test_answers_given_later_are_not_among_those_that_stood(
    project: Project, teacher: Teacher
) -> None:
    teacher_says(teacher, "yes", "yes")
    stood = answers(teacher)
    make_answer(make_run(teacher, "pool"), pool(project)[2], "no")
    assert stood.on_pool().count() == 2
    assert answers(teacher).on_pool().count() == 3


def test_no_soft_label_comes_from_a_random_or_a_labelled_text(
    project: Project, teacher: Teacher
) -> None:
    teacher_says(teacher, "yes")
    people_say(project, "yes")
    assert soft(teacher)[0] == []
