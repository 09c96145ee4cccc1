"""Earlier answers, newest first, a page at a time by key: the pool's size does not matter."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from projects.models import Annotation, AnnotationEvent, Project, User

PAGE_SIZE = 30
Kind = AnnotationEvent.Kind
State = Annotation.State

# What may be asked for, and what it means as a filter.
STATES = {
    "labelled": Q(state=State.LABELLED),
    "skipped": Q(state=State.SKIPPED),
    "flagged": Q(flagged=True),
    "commented": ~Q(comment=""),
    "set_aside": Q(state=State.SET_ASIDE),
}


@dataclass(frozen=True)
class HistoryFilter:
    """What to show; empty fields let everything through."""

    annotator: User | None = None
    state: str = ""
    class_id: int | None = None
    words: str = ""


@dataclass(frozen=True)
class HistoryKey:
    """Where a page starts: after this row."""

    updated_at: datetime
    pk: int


@dataclass(frozen=True)
class HistoryPage:
    rows: list[Annotation]
    next_key: HistoryKey | None


def history_page(
    *, project: Project, wanted: HistoryFilter, after: HistoryKey | None = None
) -> HistoryPage:
    """Up to `PAGE_SIZE` annotations, newest first, each with `answer`: the event it rests on."""
    rows = _wanted(project, wanted)
    if after:
        older = Q(updated_at__lt=after.updated_at)
        rows = rows.filter(older | Q(updated_at=after.updated_at, pk__lt=after.pk))
    rows = rows.select_related("example__data_import", "annotator")
    found = list(rows.order_by("-updated_at", "-id")[: PAGE_SIZE + 1])
    shown = found[:PAGE_SIZE]
    last = shown[-1] if len(found) > PAGE_SIZE else None
    return HistoryPage(shown, HistoryKey(last.updated_at, last.pk) if last else None)


def _wanted(project: Project, wanted: HistoryFilter) -> QuerySet[Annotation]:
    nothing_left = Q(state=State.OPEN, flagged=False, comment="")  # everything was undone
    rows = Annotation.objects.filter(project=project, annotator__isnull=False).exclude(nothing_left)
    if wanted.annotator:
        rows = rows.filter(annotator=wanted.annotator)
    if wanted.state:
        rows = rows.filter(STATES[wanted.state])
    if wanted.class_id:
        rows = rows.filter(labels__contains=[wanted.class_id], state=State.LABELLED)
    if wanted.words:
        rows = rows.filter(example__text__icontains=wanted.words)
    return rows


def answers_behind(rows: Iterable[Annotation]) -> dict[int, AnnotationEvent]:
    """For each annotation (by id) the newest event that asked for an answer and still counts.

    It says why the text was asked; flags, comments and changes from the history page do not.
    """
    by_pair = {(row.example_id, row.annotator_id): row.pk for row in rows}
    events = AnnotationEvent.objects.filter(
        example_id__in={example for example, _ in by_pair},
        kind__in=(Kind.LABEL, Kind.RELABEL, Kind.SKIP),
        undone_by__isnull=True,
    ).order_by("seq")
    behind: dict[int, AnnotationEvent] = {}
    for event in events:
        row = by_pair.get((event.example_id, event.annotator_id))
        if row is not None and (row not in behind or event.fit_id or event.draw != "history"):
            behind[row] = event
    return behind
