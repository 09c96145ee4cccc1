"""Files to predict: taken, cancelled, deleted, and forgotten when their time is over."""

from datetime import datetime, timedelta
from typing import Any, BinaryIO

from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Q

from learners.models import PredictionFile
from learners.services.due_work import STALE_AFTER
from projects.models import ApiToken, ModelVersion, Project, StagedUpload, User
from projects.selectors.versions import live_version
from projects.services.refusals import Refused
from projects.services.staging import stage
from projects.services.tables import features_of

MAX_OPEN = 5
KEPT = timedelta(days=1)
Status = PredictionFile.Status
OPEN = (Status.WAITING, Status.RUNNING)
NO_LIVE = "This project has no live model. Train models and promote one on its page “Models”."


@transaction.atomic
def take_file(
    *,
    actor: User,
    project: Project,
    file: BinaryIO,
    name: str,
    kind: str | None = None,
    text_column: str = "",
    api_token: ApiToken | None = None,
    now: datetime,
) -> PredictionFile:
    """A file that waits for a worker. Send the task "learners.predict_file" once this is committed.

    `text_column`: which column holds the texts; without it the likeliest. Rows of a table need the
    columns that the project's model reads. `api_token`: that it was sent with.

    Raises:
        BadInput: the file cannot be read, with the line where.
        Refused: no model is live, too many files are open, or there is no such column.
    """
    _version(project)  # before a large file is looked through for nothing
    staged = stage(user=actor, file=file, name=name, kind=kind, project=project, now=now)
    try:
        column = _column(project, staged, text_column.strip())
        # Only now: looking a file through takes up to minutes, and every answer needs this lock.
        Project.objects.select_for_update(no_key=True).get(pk=project.pk)
        version = _version(project)
    except Refused:
        default_storage.delete(str(staged.file.name))
        raise
    row = _row(staged, actor=actor, version=version, text_column=column, now=now)
    if api_token is not None:
        row.api_token = api_token
        row.save(update_fields=["api_token"])
    staged.delete()  # the row alone: its file belongs to the prediction now
    return row


def _version(project: Project) -> ModelVersion:
    """The one that is to predict. Raises Refused where none is live or too many files are open."""
    version = live_version(project.pk)
    if version is None:
        raise Refused("", NO_LIVE)
    if PredictionFile.objects.filter(project=project, status__in=OPEN).count() >= MAX_OPEN:
        raise Refused("", f"{MAX_OPEN} files of this project wait or run; wait for one of them.")
    return version


def _row(
    staged: StagedUpload, *, actor: User, version: ModelVersion, text_column: str, now: datetime
) -> PredictionFile:
    return PredictionFile.objects.create(
        project_id=version.project_id,
        version=version,
        created_by=actor,
        created_at=now,
        name=staged.name,
        layout=staged.guess["layout"],
        text_column=text_column,
        n_bytes=staged.n_bytes,
        file=str(staged.file.name),
    )


def _column(project: Project, staged: StagedUpload, wanted: str) -> str:
    """The column of the texts, "" for rows of a table. Raises Refused."""
    found = [str(column["name"]) for column in staged.guess["columns"]]
    if project.is_table:
        missing = [name for name, _ in features_of(project) if name not in found]
        if missing:
            raise Refused("file", f"There is no column “{missing[0]}”; found: {_some(found)}.")
        return ""
    if wanted and wanted not in found:
        raise Refused("text_column", f"There is no column “{wanted}”; found: {_some(found)}.")
    guessed = (name for name, role in staged.guess["roles"].items() if role == "text")
    column = wanted or next(guessed, "")
    if not column:
        raise Refused("text_column", f"Say which column holds the texts; found: {_some(found)}.")
    return column


def _some(names: list[str]) -> str:
    return ", ".join(names[:20])


@transaction.atomic
def cancel_file(*, row: PredictionFile, now: datetime) -> bool:
    """End it; nothing of it stays but the row. Returns whether it was still going on."""
    ended = PredictionFile.objects.filter(pk=row.pk, status__in=OPEN).update(
        status=Status.CANCELLED, finished_at=now, token=None, expires_at=now + KEPT
    )
    if ended:
        _forget_files([row.file])
        PredictionFile.objects.filter(pk=row.pk).update(file="")
    return bool(ended)


@transaction.atomic
def delete_file(*, row: PredictionFile) -> None:
    """Forget a file, its predictions and that there ever was one. A worker that is at it stops."""
    _forget_files([row.file, row.result_file])
    PredictionFile.objects.filter(pk=row.pk).delete()


def delete_expired(*, now: datetime) -> int:
    """Forget the files whose time is over. Returns how many."""
    old = list(PredictionFile.objects.filter(expires_at__lte=now))
    for row in old:
        delete_file(row=row)
    return len(old)


def files_to_predict(*, now: datetime) -> list[int]:
    """Files that no live task has, oldest first; those behind that the models failed on already."""
    stale = Q(heartbeat_at__isnull=True) | Q(heartbeat_at__lte=now - STALE_AFTER)
    free = Q(status=Status.WAITING) | (Q(status=Status.RUNNING) & stale)
    rows = PredictionFile.objects.filter(free, project__binned_at__isnull=True)
    return list(rows.order_by("waits_for", "pk").values_list("pk", flat=True))


def _forget_files(names: list[Any]) -> None:
    for name in filter(None, names):
        transaction.on_commit(lambda name=name: default_storage.delete(name))  # type: ignore[misc]
