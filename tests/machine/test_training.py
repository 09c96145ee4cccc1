"""Which label each text trains with, and that the ledgers alone give the same."""

from contextlib import suppress
from dataclasses import dataclass, fields
from datetime import timedelta
from uuid import UUID, uuid4

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from learners.selectors.training import TrainingSet, training_set, training_set_from_ledger
from projects.models import Annotation, AnnotationEvent, Example, LabelClass, Project
from projects.services.answering import AnswerRefused, Sender, comment, flag, record_label, skip
from projects.services.class_merging import merge_classes, retire_class
from projects.services.classes import ClassSpec, add_classes
from projects.services.ledger import next_seq
from projects.services.refusals import Refused
from projects.services.undoing import undo
from tests.factories import NOW, make_examples, make_label, make_project, make_user


def from_ledger(project: Project) -> TrainingSet:
    project.refresh_from_db()
    return training_set_from_ledger(project.pk, project.seq)


def same(one: TrainingSet, other: TrainingSet) -> bool:
    return all(
        np.array_equal(getattr(one, f.name), getattr(other, f.name)) for f in fields(TrainingSet)
    )


@pytest.mark.django_db
def test_the_majority_of_annotators_decides() -> None:
    project = make_project(classes=("yes", "no"))
    yes, no = LabelClass.objects.filter(project=project)
    (example,) = make_examples(project, ["a text"])
    for name, label_class in (("ada", yes), ("bo", no), ("cy", yes)):
        make_label(example, label_class, make_user(name))
    assert training_set(project.pk).class_ids.tolist() == [yes.pk]


@pytest.mark.django_db
def test_a_tie_goes_to_who_was_there_last() -> None:
    project = make_project(classes=("yes", "no"))
    yes, no = LabelClass.objects.filter(project=project)
    (example,) = make_examples(project, ["a text"])
    make_label(example, yes, make_user("ada"))
    make_label(example, no, make_user("bo"))
    assert training_set(project.pk).class_ids.tolist() == [no.pk]


@pytest.mark.django_db
def test_known_labels_train_are_marked_and_never_measure() -> None:
    project = make_project(classes=("yes", "no"))
    yes = LabelClass.objects.filter(project=project).first()
    assert yes is not None
    (example,) = make_examples(project, ["a text"])
    event = AnnotationEvent.objects.create(
        project=project,
        seq=next_seq(project.pk),
        example=example,
        kind="known",
        labels=[yes.pk],
        client_uuid=uuid4(),
        created_at=NOW,
        draw="known",
    )
    Annotation.objects.create(
        project=project,
        example=example,
        state="labelled",
        labels=[yes.pk],
        last_event=event,
        updated_at=NOW,
    )
    training = training_set(project.pk)
    assert training.n_known == 1
    assert not training.measures.any()
    assert same(training, from_ledger(project))


@pytest.mark.django_db
def test_test_texts_never_train() -> None:
    project = make_project(classes=("yes", "no"))
    yes = LabelClass.objects.filter(project=project).first()
    assert yes is not None
    (example,) = make_examples(project, ["a text"])
    make_label(example, yes, make_user())
    Example.objects.update(role=Example.Role.TEST)
    assert len(training_set(project.pk)) == 0
    assert len(from_ledger(project)) == 0


@pytest.mark.django_db
def test_the_ledger_gives_the_labels_of_an_earlier_moment() -> None:
    project = make_project(classes=("yes", "no"))
    yes, no = LabelClass.objects.filter(project=project)
    first, second = make_examples(project, ["one", "two"])
    user = make_user()
    make_label(first, yes, user)
    project.refresh_from_db()
    make_label(second, no, user)
    training = training_set_from_ledger(project.pk, project.seq)
    assert training.example_ids.tolist() == [first.pk]


@pytest.mark.django_db
@pytest.mark.parametrize("way", ["retired", "merged"])
def test_a_class_added_by_mistake_and_taken_away_leaves_both_roads_measuring(way: str) -> None:
    user = make_user()
    project = make_project(classes=("yes", "no"))
    yes, no = LabelClass.objects.filter(project=project)
    (example,) = make_examples(project, ["a text"], n_audit=1)
    make_label(example, yes, user)
    (row,) = add_classes(actor=user, project=project, specs=[ClassSpec(name="oh")], now=NOW)
    assert not from_ledger(project).measures.any()
    if way == "retired":
        retire_class(actor=user, label_class=row, now=NOW)
    else:
        merge_classes(actor=user, source=row, target=no, now=NOW)
    assert training_set(project.pk).measures.all()
    assert same(training_set(project.pk), from_ledger(project))


@dataclass(frozen=True)
class Step:
    """One act of one of two people; classes and examples by place."""

    act: str
    example: int
    label_class: int
    user: int


OFTEN = ("label", "label", "label", "skip", "undo", "undo")
STEPS = st.lists(
    st.builds(
        Step,
        act=st.sampled_from([*OFTEN, "flag", "comment", "merge", "retire", "add"]),
        example=st.integers(0, 5),
        label_class=st.integers(0, 5),
        user=st.integers(0, 1),
    ),
    max_size=25,
)


class TheTwoLedgersAndTheStandingAnnotations(TestCase):
    """Whatever people do, in whatever order, both roads lead to the same training set."""

    @settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
    @given(steps=STEPS)
    def test_give_the_same_training_set(self, steps: list[Step]) -> None:
        project = make_project(classes=("a", "b", "c", "d"))
        users = [make_user("ada"), make_user("bo")]
        examples = make_examples(project, [f"text {i}" for i in range(6)], n_audit=3)
        for place, step in enumerate(steps, start=1):
            sender = Sender(project, users[step.user], UUID(int=place), NOW + timedelta(place))
            with suppress(AnswerRefused, Refused):
                do(step, sender, examples[step.example])
        standing = training_set(project.pk)
        assert same(standing, from_ledger(project))


def do(step: Step, sender: Sender, example: Example) -> None:
    """Raises what the rules refuse it with."""
    if step.act in {"merge", "retire", "add"}:
        change_classes(step, sender)
    elif step.act == "undo":
        undo(sender=sender)
    elif step.act == "label":
        classes = LabelClass.objects.filter(project=sender.project).active()
        chosen = classes[step.label_class % len(classes)]
        record_label(sender=sender, example_id=example.pk, labels=[chosen.pk])
    elif step.act == "comment":
        comment(sender=sender, example_id=example.pk, text=f"note {sender.now}")
    else:
        {"skip": skip, "flag": flag}[step.act](sender=sender, example_id=example.pk)


def change_classes(step: Step, sender: Sender) -> None:
    actor, project, now = sender.annotator, sender.project, sender.now
    classes = list(LabelClass.objects.filter(project=project).active())
    chosen = classes[step.label_class % len(classes)]
    if step.act == "merge":
        merge_classes(actor=actor, source=chosen, target=classes[0], now=now)
    elif step.act == "retire" and len(classes) > 2:
        retire_class(actor=actor, label_class=chosen, now=now)
    elif step.act == "add":
        spec = ClassSpec(name=f"class {sender.client_uuid.int}")
        add_classes(actor=actor, project=project, specs=[spec], now=now)
