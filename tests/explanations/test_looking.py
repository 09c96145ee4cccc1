"""Whoever has looked at random texts beside a model's guesses can no longer answer them."""

import pytest
from django.utils import timezone

from learners.selectors.training import training_set
from projects.models import Lease, Membership, Project, User
from projects.models.project import Role
from projects.services.answering import AnswerConflict, change_label, flag, skip
from projects.services.classes import ClassSpec, add_classes
from projects.services.shown import closed_to, show_random_texts
from projects.services.undoing import undo
from tests.explanations.looks import shown_upto
from tests.factories import NOW, make_examples, make_project, make_user
from tests.labelling.people import answer, asked, claim, sender

pytestmark = pytest.mark.django_db


def world(n_answered: int = 2) -> tuple[Project, User]:
    """Four random texts and one of the pool, the first random ones answered by the lead."""
    ada = make_user()
    project = make_project(owner=ada)
    examples = make_examples(project, ["one", "two", "three", "four", "pool"], n_audit=4)
    for example in examples[:n_answered]:
        answer(project, ada, example, project.label_classes.get(name="yes"))
    project.refresh_from_db()
    return project, ada


def audit(project: Project, place: int) -> int:
    return int(project.examples.filter(role="audit").order_by("pk")[place].pk)


def look(project: Project, user: User) -> None:
    show_random_texts(actor=user, project=project, now=NOW)


def test_the_ledger_says_who_looked_and_when() -> None:
    project, ada = world()
    assert shown_upto(project.pk, ada) == 0
    event = show_random_texts(actor=ada, project=project, now=NOW)
    assert shown_upto(project.pk, ada) == event.seq
    assert shown_upto(project.pk, make_user("grace")) == 0


def test_an_answer_that_was_looked_at_cannot_be_changed_or_skipped_or_undone() -> None:
    project, ada = world(1)
    look(project, ada)
    no = project.label_classes.get(name="no").pk
    for refused in (
        lambda: change_label(
            sender=sender(project, ada), example_id=audit(project, 0), labels=[no]
        ),
        lambda: skip(sender=sender(project, ada), example_id=audit(project, 0)),
        lambda: undo(sender=sender(project, ada)),
    ):
        with pytest.raises(AnswerConflict, match="its answer is closed to you"):
            refused()
    found = training_set(project.pk)
    assert found.measures.tolist() == [True]
    assert found.class_ids.tolist() == [project.label_classes.get(name="yes").pk]


def test_every_answer_closes_not_the_shown_ones_alone_and_later_ones_stay_open() -> None:
    project, ada = world(2)
    look(project, ada)
    answer(project, ada, project.examples.get(text="three"), project.label_classes.get(name="yes"))
    closed = [closed_to(user=ada, example=e) for e in project.examples.order_by("pk")]
    assert closed == [True, True, False, False, False]


def test_marks_and_texts_of_the_pool_stay_open() -> None:
    project, ada = world()
    pool = project.examples.get(text="pool")
    answer(project, ada, pool, project.label_classes.get(name="yes"))
    look(project, ada)
    flag(sender=sender(project, ada), example_id=audit(project, 0))
    no = project.label_classes.get(name="no")
    change_label(sender=sender(project, ada), example_id=pool.pk, labels=[no.pk])
    assert not closed_to(user=ada, example=pool)


def test_who_has_not_looked_may_still_answer() -> None:
    project, ada = world()
    grace = make_user("grace")
    Membership.objects.create(project=project, user=grace, role=Role.ANNOTATOR)
    look(project, ada)
    act = answer(
        project, grace, project.examples.get(text="one"), project.label_classes.get(name="yes")
    )
    assert act.event.annotator == grace


def with_new_class(project: Project, user: User) -> None:
    add_classes(actor=user, project=project, specs=[ClassSpec(name="maybe", colour=3)], now=NOW)


def test_answers_made_stale_by_a_new_class_are_asked_of_others_alone() -> None:
    project, ada = world(4)
    grace = make_user("grace")
    Membership.objects.create(project=project, user=grace, role=Role.ANNOTATOR)
    look(project, ada)
    with_new_class(project, ada)
    assert {asked(project, ada, seed=seed).example.text for seed in range(3)} == {"pool"}
    Lease.objects.all().delete()
    project.examples.filter(text="pool").update(settled=True)
    assert claim(project, ada) is None
    assert asked(project, grace).example.role == "audit"


def test_a_text_held_to_be_answered_again_is_let_go() -> None:
    project, ada = world(4)
    project.examples.filter(text="pool").update(settled=True)
    with_new_class(project, ada)
    assert asked(project, ada, now=timezone.now()).example.role == "audit"
    look(project, ada)
    assert not Lease.objects.exists()
