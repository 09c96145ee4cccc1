"""A page's wish for a file of a rung or a version. Kept apart from the making, which pages never import."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Q, QuerySet

from labeler.sending import send
from learners.models import ModelExport, Rung
from projects.models import ModelVersion, Project
from projects.models.project import InputKind

LONGEST_EXPORT = timedelta(minutes=20)  # packing, and the check in a clean environment
WAITED = timedelta(seconds=60)
COUNTED = ("tfidf", "static")
Kind = ModelExport.Kind
Model = Rung | ModelVersion


class NothingToExport(ValueError):
    """There is no such file of this model; the message says why."""


def kinds_of(model: Model) -> tuple[Kind, ...]:
    """What a model can be taken away as; nothing where its files are gone."""
    if not model.folder or not model.files:
        return ()
    if project_of(model).input_kind == InputKind.TABLE:
        return (Kind.ZIP,)
    name = model.name if isinstance(model, Rung) else model.rung
    is_counted = name.startswith(COUNTED)  # students of the static rung as well
    return (Kind.ZIP, Kind.HTML, Kind.HUGGINGFACE) if is_counted else (Kind.ZIP, Kind.HUGGINGFACE)


def project_of(model: Model) -> Project:
    return model.ladder.project if isinstance(model, Rung) else model.project


def owner_of(model: Model) -> dict[str, Model]:
    """The column of `ModelExport` that points to the model."""
    return {"rung" if isinstance(model, Rung) else "version": model}


@transaction.atomic
def request_export(*, model: Model, kind: str, now: datetime) -> ModelExport:
    """Have a worker make one file of a model. While it is being made nothing changes; a file that is
    ready, or an error, is forgotten and it is made again.

    Raises:
        NothingToExport: this model cannot become such a file.
    """
    if kind not in kinds_of(model):
        raise NothingToExport(f"This model cannot be taken away as {kind!r}.")
    row, created = ModelExport.objects.select_for_update().get_or_create(
        kind=kind, **owner_of(model), defaults={"project": project_of(model), "requested_at": now}
    )
    if not created and not (row.file or row.error or _is_stale(row, now)):
        return row
    gone = row.file
    row.requested_at, row.started_at, row.finished_at = now, None, None
    row.file, row.n_bytes, row.digest, row.check_found, row.error = "", None, "", {}, ""
    row.save()
    transaction.on_commit(lambda: _after(row.pk, gone))
    return row


def forget_exports(rows: QuerySet[ModelExport]) -> None:
    """Delete these rows, and their files once that is committed."""
    files = [name for name in rows.values_list("file", flat=True) if name]
    rows.delete()
    transaction.on_commit(lambda: _delete_unused(files))


def _delete_unused(files: Sequence[str]) -> None:
    for name in files:
        if not ModelExport.objects.filter(file=name).exists():
            default_storage.delete(name)


def _is_stale(row: ModelExport, now: datetime) -> bool:
    return row.started_at is not None and row.started_at < now - LONGEST_EXPORT


def _after(pk: int, gone: str) -> None:
    if gone:
        _delete_unused([gone])
    send("learners.export_rung", pk)


def exports_to_make(now: datetime) -> Sequence[int]:
    """Files that were asked for a while ago and that no worker took up, or whose worker died."""
    asked = ModelExport.objects.filter(requested_at__lt=now - WAITED, file="", error="")
    free = Q(started_at__isnull=True) | Q(started_at__lt=now - LONGEST_EXPORT)
    return list(asked.filter(free).values_list("pk", flat=True))
