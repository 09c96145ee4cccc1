"""What a model learns of sets: a majority for each class, the same from the ledger as from the state."""

import numpy as np
import pytest

from learners.engine.multilabel import NOT_ASKED
from learners.selectors.training import (
    TrainingSet,
    n_audit_skipped,
    training_set,
    training_set_from_ledger,
)
from projects.models import Example, LabelClass, Project, User
from projects.services.answering import skip
from projects.services.class_merging import merge_classes, retire_class
from projects.services.classes import ClassSpec, add_classes
from projects.services.undoing import undo
from tests.factories import NOW, make_examples, make_user
from tests.labelling.people import sender
from tests.multilabel.worlds import make_multilabel, say

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada() -> User:
    return make_user()


@pytest.fixture
def project(ada: User) -> Project:
    project = make_multilabel(ada, classes=())
    add(project, ada, "late", "broken", "rude")
    return project


@pytest.fixture
def texts(project: Project) -> list[Example]:
    return make_examples(project, ["one", "two", "three"], n_audit=1)


def add(project: Project, actor: User, *names: str) -> None:
    add_classes(actor=actor, project=project, specs=[ClassSpec(name=n) for n in names], now=NOW)


def both(project: Project) -> TrainingSet:
    """The training set, the same from the annotations and from the ledger."""
    project.refresh_from_db()
    now, again = training_set(project.pk), training_set_from_ledger(project.pk, project.seq)
    assert now.label_sets is not None
    assert again.label_sets is not None
    for name in ("example_ids", "is_audit", "measures", "is_known"):
        np.testing.assert_array_equal(getattr(now, name), getattr(again, name))
    np.testing.assert_array_equal(now.label_sets.class_ids, again.label_sets.class_ids)
    np.testing.assert_array_equal(now.label_sets.answers, again.label_sets.answers)
    return now


def answers(project: Project) -> list[list[int]]:
    found = both(project).label_sets
    assert found is not None
    rows: list[list[int]] = found.answers.tolist()
    return rows


def named(project: Project, name: str) -> LabelClass:
    return LabelClass.objects.get(project=project, name=name)


def test_each_text_has_a_yes_or_no_for_each_class(
    project: Project, ada: User, texts: list[Example]
) -> None:
    say(project, ada, texts[0], "late", "rude")
    say(project, ada, texts[1])
    assert answers(project) == [[1, 0, 1], [0, 0, 0]]
    assert both(project).measures.tolist() == [True, False]


def test_the_majority_counts_for_each_class_and_a_tie_goes_to_the_newest(
    project: Project, ada: User, texts: list[Example]
) -> None:
    bob, eve = make_user("bob"), make_user("eve")
    say(project, ada, texts[1], "late", "broken")
    say(project, bob, texts[1], "late")
    assert answers(project) == [[1, 0, 0]]
    say(project, eve, texts[1], "broken", "rude")
    assert answers(project) == [[1, 1, 0]]


def test_a_class_added_later_was_not_asked(
    project: Project, ada: User, texts: list[Example]
) -> None:
    say(project, ada, texts[0], "late")
    say(project, ada, texts[1], "rude")
    add(project, ada, "dear")
    assert answers(project) == [[1, 0, 0, NOT_ASKED], [0, 0, 1, NOT_ASKED]]
    assert not both(project).measures.any()
    say(project, ada, texts[0], "late", "dear")
    assert answers(project)[0] == [1, 0, 0, 1]
    assert both(project).measures.tolist() == [True, False]


def test_merges_and_retirements_are_followed(
    project: Project, ada: User, texts: list[Example]
) -> None:
    say(project, ada, texts[1], "late", "rude")
    say(project, ada, texts[2], "broken")
    merge_classes(actor=ada, source=named(project, "rude"), target=named(project, "late"), now=NOW)
    assert answers(project) == [[1, 0], [0, 1]]
    retire_class(actor=ada, label_class=named(project, "broken"), now=NOW)
    assert answers(project) == [[1], [0]]


def test_undone_and_skipped_answers_do_not_train(
    project: Project, ada: User, texts: list[Example]
) -> None:
    say(project, ada, texts[1], "late")
    say(project, ada, texts[2], "late")
    undo(sender=sender(project, ada))
    skip(sender=sender(project, ada), example_id=texts[0].pk)
    assert answers(project) == [[1, 0, 0]]
    project.refresh_from_db()
    assert n_audit_skipped(project.pk, project.seq) == 1


def test_an_empty_set_counts_as_an_answer_to_a_random_text(
    project: Project, ada: User, texts: list[Example]
) -> None:
    skip(sender=sender(project, ada), example_id=texts[0].pk)
    say(project, make_user("bob"), texts[0])
    project.refresh_from_db()
    assert n_audit_skipped(project.pk, project.seq) == 0


def test_the_past_can_be_read_from_the_ledger(
    project: Project, ada: User, texts: list[Example]
) -> None:
    say(project, ada, texts[1], "late")
    project.refresh_from_db()
    then = project.seq
    say(project, ada, texts[1], "rude")
    found = training_set_from_ledger(project.pk, then).label_sets
    assert found is not None
    assert found.answers.tolist() == [[1, 0, 0]]


def test_test_texts_never_train(project: Project, ada: User, texts: list[Example]) -> None:
    say(project, ada, texts[1], "late")
    Example.objects.filter(pk=texts[1].pk).update(role=Example.Role.TEST)
    assert answers(project) == []
