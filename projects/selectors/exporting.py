"""Labels and ledgers to take away, read in pieces so that a million rows need no memory.

Which event gave an annotation its label is decided in the one query that lists the annotations,
and events never change: labels given while a file is being written cannot tear it.
"""

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery

from projects.models import Annotation, AnnotationEvent, Example, LabelClass, Project, ProjectEvent

CHUNK = 1000
Kind = AnnotationEvent.Kind


@dataclass(frozen=True)
class ExportedLabel:
    """One person's standing label of one text; a duplicate text shares its original's.

    `labels` are class names; `annotator` is "" for a label that came with the data or from a program; `draw` tells which.
    `seconds` from shown to answered; `chance` the probability of this draw, in (0, 1].
    """

    example: int
    external_id: str
    file: str
    row: int
    role: str
    text: str
    labels: list[str]
    annotator: str
    at: datetime
    seconds: float | None
    draw: str
    chance: float | None
    fit: int | None
    strategy: str
    score: float | None
    rank: int | None
    reason: str
    suggestion_shown: bool
    flagged: bool
    comment: str
    asked_again: bool
    duplicate_of_row: int | None
    metadata: dict[str, Any]


def exported_labels(project: Project) -> Iterator[ExportedLabel]:
    """Every standing label in the order of the imported rows, each followed by its duplicates."""
    names = dict(LabelClass.objects.filter(project=project).values_list("pk", "name"))
    standing = _standing(project).iterator(chunk_size=CHUNK)
    while annotations := list(islice(standing, CHUNK)):
        events = AnnotationEvent.objects.in_bulk([a.label_event for a in annotations])
        duplicates = _duplicates(annotation.example_id for annotation in annotations)
        for annotation in annotations:
            event = events[annotation.label_event]
            yield _exported(annotation, event, annotation.example, names)
            for duplicate in duplicates.get(annotation.example_id, []):
                yield _exported(annotation, event, duplicate, names)


def _standing(project: Project) -> QuerySet[Annotation, Any]:
    given = AnnotationEvent.objects.filter(
        Q(annotator=OuterRef("annotator"))
        | Q(annotator__isnull=True, kind__in=(Kind.KNOWN, Kind.FEEDBACK)),
        ~Exists(AnnotationEvent.objects.filter(undoes=OuterRef("pk"))),
        example=OuterRef("example"),
        kind__in=(Kind.LABEL, Kind.RELABEL, Kind.KNOWN, Kind.FEEDBACK),
    ).order_by("-seq")
    return (
        Annotation.objects.filter(project=project, state=Annotation.State.LABELLED)
        .annotate(label_event=Subquery(given.values("pk")[:1]))
        .select_related("example__data_import", "annotator")
        .order_by("example_id", "pk")
    )


def _duplicates(example_ids: Iterable[int]) -> dict[int, list[Example]]:
    found: dict[int, list[Example]] = {}
    rows = Example.objects.filter(duplicate_of__in=list(example_ids))
    for example in rows.select_related("data_import", "duplicate_of").order_by("pk"):
        if example.duplicate_of_id is not None:
            found.setdefault(example.duplicate_of_id, []).append(example)
    return found


def _exported(
    annotation: Annotation, event: AnnotationEvent, example: Example, names: dict[int, str]
) -> ExportedLabel:
    return ExportedLabel(
        example=example.pk,
        external_id=example.external_id,
        file=example.data_import.name,
        row=example.source_row,
        role=example.role,
        text=example.text,
        labels=[names[label] for label in annotation.labels],
        annotator=annotation.annotator.username if annotation.annotator else "",
        at=event.created_at,
        seconds=None if event.duration_ms is None else event.duration_ms / 1000,
        draw=event.draw,
        chance=event.chance,
        fit=event.fit_id,
        strategy=event.strategy,
        score=event.score,
        rank=event.rank,
        reason=event.reason,
        suggestion_shown=event.suggestion_shown,
        flagged=annotation.flagged,
        comment=annotation.comment,
        asked_again=annotation.stale,
        duplicate_of_row=example.duplicate_of.source_row if example.duplicate_of else None,
        metadata=example.metadata,
    )


def metadata_names(project: Project) -> list[str]:
    """Names of the imported metadata columns, sorted: one file column each. The columns of a table,
    whose cells are kept as they were spelled, are among them.
    """
    names: set[str] = set()
    for columns in project.imports.values_list("columns", flat=True):
        names.update(columns.get("metadata") or [])
    names.update(str(column["name"]) for column in project.feature_columns)
    return sorted(names)


def ledger_events(project: Project) -> Iterator[AnnotationEvent | ProjectEvent]:
    """Both ledgers, merged in the order in which things happened."""
    answers = (
        AnnotationEvent.objects.filter(project=project)
        .select_related("annotator", "example")
        .order_by("seq")
    )
    decisions = ProjectEvent.objects.filter(project=project).select_related("actor").order_by("seq")
    return heapq.merge(
        answers.iterator(chunk_size=CHUNK),
        decisions.iterator(chunk_size=CHUNK),
        key=lambda event: event.seq,
    )


def n_exported(project: Project) -> int:
    """Rows that the label files have, duplicates included."""
    standing = Annotation.objects.filter(project=project, state=Annotation.State.LABELLED)
    shared = standing.filter(example__duplicates__isnull=False)
    return standing.count() + shared.annotate(copy=F("example__duplicates")).count()
