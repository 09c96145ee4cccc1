"""Labels to take away: CSV for spreadsheets, JSONL for programs, and the whole ledger. Owners only."""

import csv
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.utils.text import slugify
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from projects.models import AnnotationEvent, LabelClass, Project, ProjectEvent
from projects.reading.labels import joined
from projects.reading.spreadsheets import BYTE_ORDER_MARK, neutralised
from projects.selectors.exporting import (
    ExportedLabel,
    exported_labels,
    ledger_events,
    metadata_names,
)
from projects.views.person import person

COLUMNS = [field.name for field in fields(ExportedLabel) if field.name != "metadata"]


@require_safe
@login_required
@never_cache
def labels_csv(request: HttpRequest, pk: int) -> StreamingHttpResponse:
    """One row a label; text cells that a spreadsheet would run begin with an apostrophe."""
    project = get_object_or_404(Project.objects.owned(person(request)), pk=pk)
    return _file(_csv_lines(project), f"{_stem(project)}-labels.csv", "text/csv")


@require_safe
@login_required
@never_cache
def labels_jsonl(request: HttpRequest, pk: int) -> StreamingHttpResponse:
    """One JSON object a label, exactly as stored."""
    project = get_object_or_404(Project.objects.owned(person(request)), pk=pk)
    return _file(label_lines(project), f"{_stem(project)}-labels.jsonl", "application/jsonl")


def label_lines(project: Project) -> Iterator[str]:
    """Every standing label as a line of JSON, for the page and the API."""
    zone = ZoneInfo(project.time_zone)
    for row in exported_labels(project):
        yield _json_line(_with_times(asdict(row), zone))


@require_safe
@login_required
@never_cache
def ledger_jsonl(request: HttpRequest, pk: int) -> StreamingHttpResponse:
    """Every event of both ledgers, oldest first: who did what, when, and what was shown."""
    project = get_object_or_404(Project.objects.owned(person(request)), pk=pk)
    zone = ZoneInfo(project.time_zone)
    names = dict(LabelClass.objects.filter(project=project).values_list("pk", "name"))
    lines = (_json_line(_event(event, names, zone)) for event in ledger_events(project))
    return _file(lines, f"{_stem(project)}-ledger.jsonl", "application/jsonl")


def _file(lines: Iterable[str], name: str, content_type: str) -> StreamingHttpResponse:
    response = StreamingHttpResponse(
        (line.encode() for line in lines), content_type=f"{content_type}; charset=utf-8"
    )
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _stem(project: Project) -> str:
    return slugify(project.name) or f"project-{project.pk}"


class _Line:
    """A file for `csv.writer` that hands each line straight on."""

    def write(self, line: str) -> str:
        return line


def _csv_lines(project: Project) -> Iterator[str]:
    writer = csv.writer(_Line())
    zone = ZoneInfo(project.time_zone)
    metadata = metadata_names(project)
    header = [*COLUMNS, *(f"metadata.{name}" for name in metadata)]
    yield BYTE_ORDER_MARK + writer.writerow([neutralised(name) for name in header])
    for label in exported_labels(project):
        yield writer.writerow(_csv_row(label, metadata, zone, several=project.multilabel))


def _csv_row(
    label: ExportedLabel, metadata: list[str], zone: ZoneInfo, *, several: bool
) -> list[object]:
    row = _with_times(asdict(label), zone)
    own = row.pop("metadata")
    row["labels"] = joined(label.labels) if several else "; ".join(label.labels)
    return [neutralised(cell) for cell in [*row.values(), *(own.get(name) for name in metadata)]]


def _with_times(row: dict[str, Any], zone: ZoneInfo) -> dict[str, Any]:
    """Times as ISO 8601 in the project's zone, with the offset from UTC."""
    return {
        name: value.astimezone(zone).isoformat() if isinstance(value, datetime) else value
        for name, value in row.items()
    }


def _json_line(row: dict[str, Any]) -> str:
    return json.dumps(row, ensure_ascii=False) + "\n"


def _event(
    event: AnnotationEvent | ProjectEvent, names: dict[int, str], zone: ZoneInfo
) -> dict[str, Any]:
    if isinstance(event, ProjectEvent):
        who, what = event.actor, {"ledger": "project", "payload": event.payload}
    else:
        who, what = event.annotator, _answer(event, names)
    return {
        "seq": event.seq,
        "at": event.created_at.astimezone(zone).isoformat(),
        "kind": event.kind,
        "who": who.username if who else None,
        **what,
    }


def _answer(event: AnnotationEvent, names: dict[int, str]) -> dict[str, Any]:
    return {
        "ledger": "annotations",
        "event": event.pk,
        "undoes": event.undoes_id,
        "example": event.example_id,
        "row": event.example.source_row,
        "labels": [names[label] for label in event.labels],
        "comment": event.comment,
        "seconds": None if event.duration_ms is None else event.duration_ms / 1000,
        "draw": event.draw,
        "chance": event.chance,
        "fit": event.fit_id,
        "strategy": event.strategy,
        "score": event.score,
        "rank": event.rank,
        "reason": event.reason,
        "suggestion_shown": event.suggestion_shown,
        "client_uuid": str(event.client_uuid),
    }
