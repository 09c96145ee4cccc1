"""Files to predict, for programs: sent, watched, fetched, deleted."""

from datetime import datetime
from typing import Annotated, Any, BinaryIO, Literal, cast

from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from ninja import File, Form, Path, Router, Schema, UploadedFile
from pydantic import Field

from labeler.api.auth import project_of, token_of
from labeler.api.errors import ApiError
from labeler.api.once import once
from labeler.api.projects import ProjectId
from labeler.api.shapes import PROBLEMS
from labeler.sending import send
from learners.models import PredictionFile
from learners.services.prediction_files import cancel_file, delete_file, take_file
from learners.views.predicting import result_response
from projects.models import Project
from projects.models.api import Scope
from projects.reading import BadInput
from projects.services.refusals import Refused

router = Router(tags=["predictions"])
BatchId = Annotated[int, Path(ge=1)]
Column = Annotated[str, Form(max_length=200)]


class BatchShape(Schema):
    """A file to predict. `percent`: how much of it was read; kept until `expires_at`. `n_reserved`: how
    many random questions of the project, not answered yet, were among its texts; `n_kept`: how many of
    its texts were kept as traffic.
    """

    id: int
    status: Literal["waiting", "running", "done", "failed", "cancelled"]
    name: str
    text_column: str
    version: int
    percent: int = Field(ge=0, le=100)
    n_done: int
    n_blank: int
    n_reserved: int
    n_kept: int
    waits_for: str
    error: str
    created_at: datetime
    finished_at: datetime | None
    expires_at: datetime | None


@router.post("/batches", response={202: BatchShape, **PROBLEMS}, operation_id="start_batch")
def start(
    request: HttpRequest, project_id: ProjectId, file: File[UploadedFile], text_column: Column = ""
) -> HttpResponse:
    """Send a file as multipart/form-data: CSV, TSV, JSON lines or one text a line."""
    found = project_of(request, project_id, Scope.PREDICT)
    return once(request, lambda: (202, _taken(request, found, file, text_column)))


def _taken(
    request: HttpRequest, project: Project, file: UploadedFile, text_column: str
) -> dict[str, Any]:
    try:
        row = take_file(
            actor=token_of(request).created_by,
            project=project,
            file=cast(BinaryIO, file),
            name=file.name or "file",
            text_column=text_column,
            api_token=token_of(request),
            now=timezone.now(),
        )
    except BadInput as refused:
        more: dict[str, Any] = {"line": refused.line} if refused.line is not None else {}
        raise ApiError(422, str(refused), field="file", **more) from refused
    except Refused as refused:
        if refused.field:
            raise
        raise ApiError(409, refused.message) from refused
    transaction.on_commit(lambda: send("learners.predict_file", row.pk) and None)
    return BatchShape.model_validate(_shape(row)).model_dump(mode="json")


@router.get("/batches", response={200: list[BatchShape], **PROBLEMS}, operation_id="batches")
def batches(request: HttpRequest, project_id: ProjectId) -> list[dict[str, Any]]:
    """The files that are kept, newest first: those that this token sent, with the scope “label” all."""
    return [_shape(row) for row in _open_to(request, project_id)]


@router.get("/batches/{batch_id}", response={200: BatchShape, **PROBLEMS}, operation_id="batch")
def batch(request: HttpRequest, project_id: ProjectId, batch_id: BatchId) -> dict[str, Any]:
    """How far it is."""
    return _shape(_found(request, project_id, batch_id))


@router.get(
    "/batches/{batch_id}/result", response={200: None, **PROBLEMS}, operation_id="batch_result"
)
def result(request: HttpRequest, project_id: ProjectId, batch_id: BatchId) -> HttpResponseBase:
    """The rows with their predictions: JSON lines for JSON lines, else CSV."""
    row = _found(request, project_id, batch_id)
    if not row.result_file:
        raise ApiError(409, f"There are no predictions of this file: it is {row.status}.")
    return result_response(row)


@router.post(
    "/batches/{batch_id}/cancel",
    response={200: BatchShape, **PROBLEMS},
    operation_id="cancel_batch",
)
def cancel(request: HttpRequest, project_id: ProjectId, batch_id: BatchId) -> dict[str, Any]:
    """End it; nothing of it is kept."""
    row = _found(request, project_id, batch_id)
    cancelled = cancel_file(row=row, now=timezone.now())
    row.refresh_from_db()
    if not cancelled:
        raise ApiError(409, f"This file is over: {row.status}.")
    return _shape(row)


@router.delete("/batches/{batch_id}", response={204: None, **PROBLEMS}, operation_id="delete_batch")
def delete(request: HttpRequest, project_id: ProjectId, batch_id: BatchId) -> HttpResponse:
    """Forget it, predictions and all."""
    delete_file(row=_found(request, project_id, batch_id))
    return HttpResponse(status=204)


def _found(request: HttpRequest, project_id: int, batch_id: int) -> PredictionFile:
    row = _open_to(request, project_id).filter(pk=batch_id).first()
    if row is None:
        message = "There is no file of that number that this token may see."
        raise ApiError(404, message, field="batch_id")
    return row


def _open_to(request: HttpRequest, project_id: int) -> QuerySet[PredictionFile]:
    """Predicting is not reading: what others have sent is for who may read texts."""
    project = project_of(request, project_id, Scope.PREDICT)
    rows = PredictionFile.objects.filter(project=project).select_related("version")
    token = token_of(request)
    return rows if Scope.LABEL in token.scopes else rows.filter(api_token=token)


def _shape(row: PredictionFile) -> dict[str, Any]:
    plain = (name for name in BatchShape.model_fields if name != "version")
    return {**{name: getattr(row, name) for name in plain}, "version": row.version.number}
