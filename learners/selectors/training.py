"""What a model may learn from: one label per distinct text, rebuilt from rows at any time."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from django.db.models import Min, QuerySet
from numpy.typing import NDArray

from learners.selectors.answers import ClassHistory, answers_of, events_upto
from learners.selectors.label_sets import ElectedSets, LabelSets, sets_from_ledger, standing_sets
from projects.models import Annotation, AnnotationEvent, Example, LabelClass, Project


@dataclass(frozen=True)
class TrainingSet:
    """Labels by ascending example id; every array is (n_labels,).

    `is_audit`: reserved at random to measure; `measures`: an audit answer that is not older than a
    class added since; `is_known`: no person labelled it, the label came with the data.
    `label_sets`: where a text has any number of classes, which; then `class_ids` are all -1.
    """

    example_ids: NDArray[np.int64]
    class_ids: NDArray[np.int64]
    is_audit: NDArray[np.bool_]
    measures: NDArray[np.bool_]
    is_known: NDArray[np.bool_]
    label_sets: LabelSets | None = None

    def __len__(self) -> int:
        return len(self.example_ids)

    @property
    def n_known(self) -> int:
        return int(self.is_known.sum())

    def classes(self) -> NDArray[np.int64]:
        """Ids of the classes that occur, ascending."""
        return np.unique(self.class_ids) if self.label_sets is None else self.label_sets.occurring()

    def trained_classes(self, strict_audit: bool) -> NDArray[np.int64]:
        """Ids of the classes among the labels that train, ascending."""
        if self.label_sets is not None:
            trains = ~self.is_audit | (not strict_audit)
            return self.label_sets.told_apart(trains)
        return np.unique(self.class_ids[~self.is_audit]) if strict_audit else self.classes()


@dataclass(frozen=True)
class _Vote:
    """One annotator's standing label of one example; `seq` of their last event on it."""

    example_id: int
    class_id: int
    by_person: bool
    stale: bool
    seq: int


def training_set(project_id: int) -> TrainingSet:
    """The labels that stand now, from the annotations.

    Majority over annotators; a tie goes to who was at the example last. Test texts never train.
    """
    if _is_multilabel(project_id):
        return _of_sets(project_id, standing_sets(project_id))
    rows = _standing(project_id).exclude(example__role=Example.Role.TEST)
    return _elected(project_id, _votes(project_id, rows))


def audit_answers(project_id: int) -> dict[int, int]:
    """Class by example of the audit answers that stand and are not stale: as `training_set` has them,
    without reading any other label. For projects whose texts have one class.
    """
    rows = _standing(project_id).filter(example__role=Example.Role.AUDIT)
    found = _elected(project_id, _votes(project_id, rows))
    ids, classes = found.example_ids[found.measures], found.class_ids[found.measures]
    return dict(zip(ids.tolist(), classes.tolist(), strict=True))


def _standing(project_id: int) -> QuerySet[Annotation]:
    return Annotation.objects.filter(project_id=project_id, state=Annotation.State.LABELLED)


def _votes(project_id: int, rows: QuerySet[Annotation]) -> Iterator[_Vote]:
    """Of labels whose class is in use."""
    active = set(
        LabelClass.objects.filter(project_id=project_id, retired_at__isnull=True).values_list(
            "pk", flat=True
        )
    )
    columns = rows.values_list("example_id", "labels", "annotator_id", "stale", "last_event__seq")
    return (
        _Vote(example_id, labels[0], annotator_id is not None, stale, seq or 0)
        for example_id, labels, annotator_id, stale, seq in columns.iterator()
        if labels and labels[0] in active
    )


def training_set_from_ledger(project_id: int, upto_seq: int) -> TrainingSet:
    """The labels that stood after event `upto_seq`, from the two ledgers and the examples alone."""
    if _is_multilabel(project_id):
        return _of_sets(project_id, sets_from_ledger(project_id, upto_seq))
    classes = ClassHistory.read(project_id, upto_seq)
    last_added = classes.last_added
    test = set(
        Example.objects.filter(project_id=project_id, role=Example.Role.TEST).values_list(
            "pk", flat=True
        )
    )
    votes = []
    for (example_id, annotator_id), answer in answers_of(events_upto(project_id, upto_seq)).items():
        act = answer.acts[-1]
        class_id = classes.label_of(act)
        if class_id is not None and example_id not in test:
            stale = act.seq < last_added
            by_person = annotator_id is not None
            votes.append(_Vote(example_id, class_id, by_person, stale, answer.last_seq))
    return _elected(project_id, votes)


def n_audit_skipped(project_id: int, upto_seq: int) -> int:
    """Random texts that somebody had skipped and nobody labelled after event `upto_seq`."""
    classes = ClassHistory.read(project_id, upto_seq)
    audit = events_upto(project_id, upto_seq).filter(example__role=Example.Role.AUDIT)
    skipped, labelled, multilabel = set(), set(), _is_multilabel(project_id)
    for (example_id, _), answer in answers_of(audit).items():
        act = answer.acts[-1]
        if act.kind == AnnotationEvent.Kind.SKIP:
            skipped.add(example_id)
        elif multilabel or classes.label_of(act) is not None:
            labelled.add(example_id)
    return len(skipped - labelled)


def answer_order(project_id: int, upto_seq: int) -> dict[int, int]:
    """By example, the number of the event with which a person first labelled it, up to `upto_seq`."""
    rows = AnnotationEvent.objects.filter(
        project_id=project_id,
        seq__lte=upto_seq,
        kind=AnnotationEvent.Kind.LABEL,
        annotator__isnull=False,
    )
    return dict(rows.values_list("example_id").annotate(first=Min("seq")).order_by())


def newest_class_name(project_id: int, upto_seq: int) -> str:
    """What the newest class added and in use after event `upto_seq` was called, "" without one."""
    return ClassHistory.read(project_id, upto_seq).newest_name


def _elected(project_id: int, votes: Iterable[_Vote]) -> TrainingSet:
    by_example: dict[int, list[_Vote]] = defaultdict(list)
    for vote in votes:
        by_example[vote.example_id].append(vote)
    ids = sorted(by_example)
    winners = [_winner(by_example[example_id]) for example_id in ids]
    example_ids = np.array(ids, np.int64)
    is_audit = np.isin(example_ids, _audit_ids(project_id))
    stale = np.array([vote.stale for vote in winners], bool)
    return TrainingSet(
        example_ids=example_ids,
        class_ids=np.array([vote.class_id for vote in winners], np.int64),
        is_audit=is_audit,
        measures=is_audit & ~stale,
        is_known=np.array([not any(vote.by_person for vote in by_example[pk]) for pk in ids], bool),
    )


def _is_multilabel(project_id: int) -> bool:
    return Project.objects.filter(pk=project_id, multilabel=True).exists()


def _of_sets(project_id: int, elected: ElectedSets) -> TrainingSet:
    is_audit = np.isin(elected.example_ids, _audit_ids(project_id))
    return TrainingSet(
        example_ids=elected.example_ids,
        class_ids=np.full(len(elected.example_ids), -1, np.int64),
        is_audit=is_audit,
        measures=is_audit & elected.sets.asked.all(axis=1),
        is_known=elected.is_known,
        label_sets=elected.sets,
    )


def _winner(votes: list[_Vote]) -> _Vote:
    """The newest vote for the class with most votes; among equal classes the newest vote."""
    counts: dict[int, int] = defaultdict(int)
    for vote in votes:
        counts[vote.class_id] += 1
    return max(votes, key=lambda vote: (counts[vote.class_id], vote.seq))


def _audit_ids(project_id: int) -> NDArray[np.int64]:
    ids = Example.objects.filter(project_id=project_id, role=Example.Role.AUDIT)
    return np.fromiter(ids.values_list("pk", flat=True), np.int64)
