"""Texts and labels for programs: read them, add texts, take the labels away."""

import io
import json
import secrets
from collections.abc import Iterator
from typing import Annotated, Any, BinaryIO, Literal

from django.core.files.storage import default_storage
from django.db import transaction
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils import timezone
from ninja import Path, Query, Router, Schema
from pydantic import Field, field_validator

from labeler.api.auth import project_of, token_of
from labeler.api.errors import ApiError
from labeler.api.once import once
from labeler.api.projects import ProjectId
from labeler.api.shapes import PROBLEMS, Asked
from labeler.sending import send
from projects.models import DataImport, Example, Project
from projects.models.api import Scope
from projects.reading import BadInput, ColumnChoice, Layout
from projects.reading.scanning import is_blank
from projects.selectors.imports import line_of
from projects.services.creating import add_texts
from projects.services.staging import stage
from projects.views.label_files import label_lines

router = Router(tags=["texts and labels"])
MAX_TEXTS = 10_000
MAX_TEXT_CHARS = 1_000_000
TEXT, ID = "text", "id"
Metadata = dict[
    Annotated[str, Field(min_length=1, max_length=100)], str | int | float | bool | None
]


class TextAsked(Asked):
    """A text, with the id that it has elsewhere, and what is to stand beside it."""

    text: str = Field(min_length=1, max_length=MAX_TEXT_CHARS)
    id: str = Field("", max_length=200)
    metadata: Metadata = {}

    @field_validator("text")
    @classmethod
    def _not_blank(cls, text: str) -> str:
        if is_blank(text):
            raise ValueError("There is no text in it.")
        return text


class TextsAsked(Asked):
    """`name`: what the texts are listed as."""

    texts: list[TextAsked] = Field(min_length=1, max_length=MAX_TEXTS)
    name: str = Field("sent by the API", min_length=1, max_length=200)


class ImportShape(Schema):
    """An import: all its texts or none. `counts`: what became of them."""

    id: int
    status: Literal["waiting", "running", "done", "failed"]
    said: str
    n_rows: int
    counts: dict[str, int]
    error: str


class ExampleShape(Schema):
    """A text. `labelled`: a label of it stands; `role`: pool, audit, test or duplicate."""

    id: int
    text: str
    external_id: str
    role: str
    split: str
    labelled: bool
    metadata: dict[str, Any]


class ExamplesShape(Schema):
    """`next`: what to send as `after` for the next ones, null at the end."""

    examples: list[ExampleShape]
    next: int | None


@router.get("/examples", response={200: ExamplesShape, **PROBLEMS}, operation_id="examples")
def examples(
    request: HttpRequest,
    project_id: ProjectId,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    after: Annotated[int, Query(ge=0, lt=2**63)] = 0,
) -> dict[str, Any]:
    """Texts in the order of their ids."""
    found = project_of(request, project_id, Scope.LABEL)
    rows = Example.objects.filter(project=found, pk__gt=after).order_by("pk")
    shown = [
        {
            "id": row.pk,
            "text": row.text,
            "external_id": row.external_id,
            "role": row.role,
            "split": row.split,
            "labelled": row.settled,
            "metadata": row.metadata,
        }
        for row in rows[: limit + 1]
    ]
    more = len(shown) > limit
    return {"examples": shown[:limit], "next": shown[limit - 1]["id"] if more else None}


@router.post("/examples", response={202: ImportShape, **PROBLEMS}, operation_id="add_examples")
def add(request: HttpRequest, project_id: ProjectId, payload: TextsAsked) -> HttpResponse:
    """Add texts, all or none; a worker takes them in. Those that are there already are counted."""
    found = project_of(request, project_id, Scope.LABEL)
    if found.is_table:
        raise ApiError(409, "This project asks about rows of a table; add a file on its page.")
    return once(request, lambda: (202, _added(request, found, payload)))


def _added(request: HttpRequest, project: Project, asked: TextsAsked) -> dict[str, Any]:
    actor, now = token_of(request).created_by, timezone.now()
    names = sorted({name for one in asked.texts for name in one.metadata})
    try:
        staged = stage(
            user=actor, file=_lines(asked), name=asked.name, kind="jsonl", project=project, now=now
        )
    except BadInput as refused:
        raise ApiError(422, str(refused), field="texts") from refused
    has_ids = any(one.id for one in asked.texts)
    columns = ColumnChoice(
        text=TEXT,
        id=ID if has_ids else None,
        metadata=tuple(_beside(name) for name in names),
        layout=Layout(**staged.guess["layout"]),
        multilabel=project.multilabel,
    )
    try:
        data_import = add_texts(
            actor=actor,
            project=project,
            staged=staged,
            columns=columns,
            new_classes=[],
            seed=secrets.randbits(63),
            now=now,
        )
    except Exception:
        default_storage.delete(str(staged.file.name))  # its row goes with the transaction
        raise
    transaction.on_commit(lambda: send("projects.import", data_import.pk) and None)
    return _import(data_import)


def _lines(asked: TextsAsked) -> BinaryIO:
    """The texts as a file that the import reads, one object a line."""
    rows: Iterator[dict[str, object]] = (
        {TEXT: one.text, ID: one.id}
        | {_beside(name): value for name, value in one.metadata.items()}
        for one in asked.texts
    )
    return io.BytesIO("".join(json.dumps(row) + "\n" for row in rows).encode())


def _beside(name: str) -> str:
    """A column of its own, so that metadata called “text” are not the text."""
    return f"{name}_" if name in {TEXT, ID} else name


@router.get("/imports/{import_id}", response={200: ImportShape, **PROBLEMS}, operation_id="import")
def one_import(
    request: HttpRequest, project_id: ProjectId, import_id: Annotated[int, Path(ge=1)]
) -> dict[str, Any]:
    """How far an import is."""
    found = project_of(request, project_id, Scope.LABEL)
    row = DataImport.objects.filter(project=found, pk=import_id).first()
    if row is None:
        raise ApiError(404, "This project has no import of that number.", field="import_id")
    return _import(row)


def _import(row: DataImport) -> dict[str, Any]:
    return {
        "id": row.pk,
        "status": str(row.status),
        "said": line_of(row).sentence,
        "n_rows": row.n_rows,
        "counts": row.counts,
        "error": row.error,
    }


@router.get("/labels.jsonl", operation_id="labels", response={200: None, **PROBLEMS})
def labels(request: HttpRequest, project_id: ProjectId) -> StreamingHttpResponse:
    """Every standing label, one JSON object a line, in the order of the imported rows."""
    found = project_of(request, project_id, Scope.LABEL)
    lines = (line.encode() for line in label_lines(found))
    return StreamingHttpResponse(lines, content_type="application/jsonl; charset=utf-8")
