"""What a model may learn from: one label per distinct text, rebuilt from rows at any time."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db.models import Min, QuerySet
from numpy.typing import NDArray

from projects.models import Annotation, AnnotationEvent, Example, LabelClass, ProjectEvent

_SETS_STATE = (
    AnnotationEvent.Kind.LABEL,
    AnnotationEvent.Kind.RELABEL,
    AnnotationEvent.Kind.KNOWN,
    AnnotationEvent.Kind.SKIP,
)


@dataclass(frozen=True)
class TrainingSet:
    """Labels by ascending example id; every array is (n_labels,).

    `is_audit`: reserved at random to measure; `measures`: an audit answer that is not older than a
    class added since; `is_known`: no person labelled it, the label came with the data.
    """

    example_ids: NDArray[np.int64]
    class_ids: NDArray[np.int64]
    is_audit: NDArray[np.bool_]
    measures: NDArray[np.bool_]
    is_known: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.example_ids)

    @property
    def n_known(self) -> int:
        return int(self.is_known.sum())

    def classes(self) -> NDArray[np.int64]:
        """Ids of the classes that occur, ascending."""
        return np.unique(self.class_ids)

    def trained_classes(self, strict_audit: bool) -> NDArray[np.int64]:
        """Ids of the classes among the labels that train, ascending."""
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
    active = set(
        LabelClass.objects.filter(project_id=project_id, retired_at__isnull=True).values_list(
            "pk", flat=True
        )
    )
    rows = (
        Annotation.objects.filter(project_id=project_id, state=Annotation.State.LABELLED)
        .exclude(example__role=Example.Role.TEST)
        .values_list("example_id", "labels", "annotator_id", "stale", "last_event__seq")
    )
    return _elected(
        project_id,
        (
            _Vote(example_id, labels[0], annotator_id is not None, stale, seq or 0)
            for example_id, labels, annotator_id, stale, seq in rows.iterator()
            if labels and labels[0] in active
        ),
    )


def training_set_from_ledger(project_id: int, upto_seq: int) -> TrainingSet:
    """The labels that stood after event `upto_seq`, from the two ledgers and the examples alone."""
    classes = _ClassHistory.read(project_id, upto_seq)
    last_added = classes.last_added
    test = set(
        Example.objects.filter(project_id=project_id, role=Example.Role.TEST).values_list(
            "pk", flat=True
        )
    )
    votes = []
    for (example_id, annotator_id), answer in _answers(_events(project_id, upto_seq)).items():
        act = answer.acts[-1]
        class_id = classes.label_of(act)
        if class_id is not None and example_id not in test:
            stale = act.seq < last_added
            by_person = annotator_id is not None
            votes.append(_Vote(example_id, class_id, by_person, stale, answer.last_seq))
    return _elected(project_id, votes)


def n_audit_skipped(project_id: int, upto_seq: int) -> int:
    """Random texts that somebody had skipped and nobody labelled after event `upto_seq`."""
    classes = _ClassHistory.read(project_id, upto_seq)
    audit = _events(project_id, upto_seq).filter(example__role=Example.Role.AUDIT)
    skipped, labelled = set(), set()
    for (example_id, _), answer in _answers(audit).items():
        act = answer.acts[-1]
        if act.kind == AnnotationEvent.Kind.SKIP:
            skipped.add(example_id)
        elif classes.label_of(act) is not None:
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
    return _ClassHistory.read(project_id, upto_seq).newest_name


@dataclass(frozen=True)
class _Act:
    event_id: int
    seq: int
    kind: str
    labels: Sequence[int]


@dataclass
class _Answer:
    """One annotator's acts on one example that set its state, undone ones taken out."""

    acts: list[_Act]
    last_seq: int = 0


def _events(project_id: int, upto_seq: int) -> QuerySet[AnnotationEvent]:
    return AnnotationEvent.objects.filter(project_id=project_id, seq__lte=upto_seq)


def _answers(events: QuerySet[AnnotationEvent]) -> dict[tuple[int, int | None], _Answer]:
    """By (example, annotator), the answers in which an act is left."""
    rows = events.order_by("seq").values_list(
        "pk", "seq", "kind", "labels", "undoes_id", "example_id", "annotator_id"
    )
    answers: dict[tuple[int, int | None], _Answer] = defaultdict(lambda: _Answer([]))
    for pk, seq, kind, labels, undoes_id, example_id, annotator_id in rows.iterator():
        answer = answers[example_id, annotator_id]
        answer.last_seq = seq
        if kind == AnnotationEvent.Kind.UNDO:
            answer.acts = [act for act in answer.acts if act.event_id != undoes_id]
        elif kind in _SETS_STATE:
            answer.acts.append(_Act(pk, seq, kind, labels))
    return {key: answer for key, answer in answers.items() if answer.acts}


@dataclass(frozen=True)
class _ClassHistory:
    """What became of classes by some event: where merged, which retired, when each was added."""

    into: dict[int, int]
    retired: set[int]
    added: dict[int, int]
    names: dict[int, str]

    @classmethod
    def read(cls, project_id: int, upto_seq: int) -> "_ClassHistory":
        into: dict[int, int] = {}
        retired: set[int] = set()
        added: dict[int, int] = {}
        names: dict[int, str] = {}
        kinds = ProjectEvent.Kind
        events: Iterable[tuple[str, int, dict[str, Any]]] = ProjectEvent.objects.filter(
            project_id=project_id,
            seq__lte=upto_seq,
            kind__in=(
                kinds.CLASS_MERGED,
                kinds.CLASS_RETIRED,
                kinds.CLASS_ADDED,
                kinds.CLASS_RENAMED,
            ),
        ).values_list("kind", "seq", "payload")
        for kind, seq, payload in events:
            if kind == kinds.CLASS_MERGED:
                into[payload["class"]] = payload["into"]
            elif kind == kinds.CLASS_RETIRED:
                retired.add(payload["class"])
            elif kind == kinds.CLASS_ADDED:
                added[payload["class"]] = seq
                names[payload["class"]] = payload["name"]
            else:
                names[payload["class"]] = payload["changed"]["name"]["new"]
        return cls(into, retired, added, names)

    @property
    def _newest(self) -> int | None:
        in_use = [pk for pk in self.added if self.now(pk) == pk]
        return max(in_use, key=self.added.__getitem__, default=None)

    @property
    def last_added(self) -> int:
        """Number of the event that added the newest class still in use; answers before are stale."""
        return self.added[self._newest] if self._newest else 0

    @property
    def newest_name(self) -> str:
        """What that class was called, "" without one."""
        return self.names[self._newest] if self._newest else ""

    def label_of(self, act: _Act) -> int | None:
        """The class that stands by an act: None for a skip, and where it was retired."""
        return self.now(act.labels[0]) if act.labels else None

    def now(self, class_id: int) -> int | None:
        """The class that a label of `class_id` means now; None when it was retired."""
        while class_id in self.into:
            class_id = self.into[class_id]
        return None if class_id in self.retired else class_id


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


def _winner(votes: list[_Vote]) -> _Vote:
    """The newest vote for the class with most votes; among equal classes the newest vote."""
    counts: dict[int, int] = defaultdict(int)
    for vote in votes:
        counts[vote.class_id] += 1
    return max(votes, key=lambda vote: (counts[vote.class_id], vote.seq))


def _audit_ids(project_id: int) -> NDArray[np.int64]:
    ids = Example.objects.filter(project_id=project_id, role=Example.Role.AUDIT)
    return np.fromiter(ids.values_list("pk", flat=True), np.int64)
