"""Label sets to learn from, where a text has any number of classes: a yes or no for each class.

A class that was added after an answer was not asked there: neither yes nor no.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from django.db.models import Exists, OuterRef, Q, Subquery
from numpy.typing import NDArray

from learners.engine.multilabel.logistic import NOT_ASKED
from learners.selectors.answers import ClassHistory, answers_of, events_upto
from projects.models import Annotation, AnnotationEvent, Example, LabelClass

Kind = AnnotationEvent.Kind


@dataclass(frozen=True)
class LabelSets:
    """Label sets of n texts.

    Attributes:
        class_ids: (k,), the classes in use, ascending.
        answers: int8 (n, k): 1 the text has the class, 0 it has not, `NOT_ASKED`.
    """

    class_ids: NDArray[np.int64]
    answers: NDArray[np.int8]

    @property
    def has(self) -> NDArray[np.bool_]:
        """Which classes each text has, (n, k)."""
        found: NDArray[np.bool_] = self.answers == 1
        return found

    @property
    def asked(self) -> NDArray[np.bool_]:
        """Which classes each text was asked about, (n, k)."""
        found: NDArray[np.bool_] = self.answers != NOT_ASKED
        return found

    def occurring(self) -> NDArray[np.int64]:
        """Ids of the classes that some text has, ascending."""
        found: NDArray[np.int64] = self.class_ids[self.has.any(axis=0)]
        return found

    def told_apart(self, rows: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Ids of all classes where `rows` (n,) can train: some class has a yes and a no there; none
        otherwise.
        """
        answers = self.answers[rows]
        varies = (answers == 1).any(axis=0) & (answers == 0).any(axis=0)
        return self.class_ids if varies.any() and len(self.class_ids) > 1 else self.class_ids[:0]


@dataclass(frozen=True)
class ElectedSets:
    """Of every labelled text, by ascending id (n,): its set, and whether no person labelled it."""

    example_ids: NDArray[np.int64]
    sets: LabelSets
    is_known: NDArray[np.bool_]


@dataclass(frozen=True)
class _Vote:
    """One annotator's standing set. `label_seq`: of the event that gave it; `seq`: of their last."""

    example_id: int
    labels: frozenset[int]
    by_person: bool
    label_seq: int
    seq: int


def standing_sets(project_id: int) -> ElectedSets:
    """The sets that stand now, from the annotations. Test texts never train.

    Majority over annotators, class by class; a tie goes to who was at the example last.
    """
    rows = LabelClass.objects.filter(project_id=project_id).active()
    added = dict(rows.values_list("pk", "added_seq"))
    given = AnnotationEvent.objects.filter(
        Q(annotator=OuterRef("annotator"))
        | Q(annotator__isnull=True, kind__in=(Kind.KNOWN, Kind.FEEDBACK)),
        ~Exists(AnnotationEvent.objects.filter(undoes=OuterRef("pk"))),
        example=OuterRef("example"),
        kind__in=(Kind.LABEL, Kind.RELABEL, Kind.KNOWN, Kind.FEEDBACK),
    ).order_by("-seq")
    standing = (
        Annotation.objects.filter(project_id=project_id, state=Annotation.State.LABELLED)
        .exclude(example__role=Example.Role.TEST)
        .annotate(label_seq=Subquery(given.values("seq")[:1]))
        .values_list("example_id", "labels", "annotator_id", "label_seq", "last_event__seq")
    )
    return _elected(
        added,
        (
            _Vote(example_id, frozenset(labels), annotator_id is not None, label_seq or 0, seq or 0)
            for example_id, labels, annotator_id, label_seq, seq in standing.iterator()
        ),
    )


def sets_from_ledger(project_id: int, upto_seq: int) -> ElectedSets:
    """The sets that stood after event `upto_seq`, from the two ledgers and the examples alone."""
    history = ClassHistory.read(project_id, upto_seq)
    tests = Example.objects.filter(project_id=project_id, role=Example.Role.TEST)
    test = set(tests.values_list("pk", flat=True))
    votes = []
    for (example_id, annotator_id), answer in answers_of(events_upto(project_id, upto_seq)).items():
        act = answer.acts[-1]
        if act.kind == Kind.SKIP or example_id in test:
            continue
        labels = frozenset(now for label in act.labels if (now := history.now(label)) is not None)
        by_person = annotator_id is not None
        votes.append(_Vote(example_id, labels, by_person, act.seq, answer.last_seq))
    return _elected(_in_use(project_id, history), votes)


def _in_use(project_id: int, history: ClassHistory) -> dict[int, int]:
    """When each class in use was added; 0 for one that no event tells of."""
    untold = LabelClass.objects.filter(project_id=project_id, added_seq=0)
    added = dict(untold.values_list("pk", "added_seq")) | history.added
    return {pk: seq for pk, seq in added.items() if history.now(pk) == pk}


def _elected(added: Mapping[int, int], votes: Iterable[_Vote]) -> ElectedSets:
    by_example: dict[int, list[_Vote]] = defaultdict(list)
    for vote in votes:
        by_example[vote.example_id].append(vote)
    ids, class_ids = sorted(by_example), sorted(added)
    answers = np.full((len(ids), len(class_ids)), NOT_ASKED, np.int8)
    for row, pk in enumerate(ids):
        for column, class_id in enumerate(class_ids):
            answers[row, column] = _verdict(by_example[pk], class_id, added[class_id])
    return ElectedSets(
        np.array(ids, np.int64),
        LabelSets(np.array(class_ids, np.int64), answers),
        np.array([not any(vote.by_person for vote in by_example[pk]) for pk in ids], bool),
    )


def _verdict(votes: list[_Vote], class_id: int, added_seq: int) -> int:
    """What most of those say who were asked about the class, of equally many the newest."""
    asked = [v for v in votes if v.label_seq > added_seq or class_id in v.labels]
    if not asked:
        return NOT_ASKED
    n_yes = sum(class_id in vote.labels for vote in asked)
    if 2 * n_yes == len(asked):
        return int(class_id in max(asked, key=lambda vote: vote.seq).labels)
    return int(2 * n_yes > len(asked))
