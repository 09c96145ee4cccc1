"""Answers and classes as they stood after some event, read from the two ledgers alone."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db.models import QuerySet
from numpy.typing import NDArray

from projects.models import AnnotationEvent, ProjectEvent

SETS_STATE = (
    AnnotationEvent.Kind.LABEL,
    AnnotationEvent.Kind.RELABEL,
    AnnotationEvent.Kind.KNOWN,
    AnnotationEvent.Kind.FEEDBACK,
    AnnotationEvent.Kind.SKIP,
)


@dataclass(frozen=True)
class Act:
    event_id: int
    seq: int
    kind: str
    labels: Sequence[int]


@dataclass
class Answer:
    """One annotator's acts on one example that set its state, undone ones taken out."""

    acts: list[Act]
    last_seq: int = 0


def events_upto(project_id: int, upto_seq: int) -> QuerySet[AnnotationEvent]:
    return AnnotationEvent.objects.filter(project_id=project_id, seq__lte=upto_seq)


def answers_of(events: QuerySet[AnnotationEvent]) -> dict[tuple[int, int | None], Answer]:
    """By (example, annotator), the answers in which an act is left."""
    rows = events.order_by("seq").values_list(
        "pk", "seq", "kind", "labels", "undoes_id", "example_id", "annotator_id"
    )
    answers: dict[tuple[int, int | None], Answer] = defaultdict(lambda: Answer([]))
    for pk, seq, kind, labels, undoes_id, example_id, annotator_id in rows.iterator():
        answer = answers[example_id, annotator_id]
        answer.last_seq = seq
        if kind == AnnotationEvent.Kind.UNDO:
            answer.acts = [act for act in answer.acts if act.event_id != undoes_id]
        elif kind in SETS_STATE:
            answer.acts.append(Act(pk, seq, kind, labels))
    return {key: answer for key, answer in answers.items() if answer.acts}


@dataclass(frozen=True)
class ClassHistory:
    """What became of classes by some event: where merged, which retired, when each was added."""

    into: dict[int, int]
    retired: set[int]
    added: dict[int, int]
    names: dict[int, str]

    @classmethod
    def read(cls, project_id: int, upto_seq: int | None = None) -> "ClassHistory":
        """After event `upto_seq`; as it is now without it."""
        upto = {} if upto_seq is None else {"seq__lte": upto_seq}
        into: dict[int, int] = {}
        retired: set[int] = set()
        added: dict[int, int] = {}
        names: dict[int, str] = {}
        kinds = ProjectEvent.Kind
        events: Iterable[tuple[str, int, dict[str, Any]]] = ProjectEvent.objects.filter(
            project_id=project_id,
            **upto,
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

    def label_of(self, act: Act) -> int | None:
        """The class that stands by an act: None for a skip, and where it was retired."""
        return self.now(act.labels[0]) if act.labels else None

    def now(self, class_id: int) -> int | None:
        """The class that a label of `class_id` means now; None when it was retired."""
        while class_id in self.into:
            class_id = self.into[class_id]
        return None if class_id in self.retired else class_id

    def as_now(self, class_ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """Each class that a model said then as the class it means now, (n,): through the merges, as
        labels went. A retired class stays what it was, which no answer that stands is.
        """
        meant = {each: self.now(each) for each in np.unique(class_ids).tolist()}
        return np.array(
            [each if meant[each] is None else meant[each] for each in class_ids.tolist()], np.int64
        )
