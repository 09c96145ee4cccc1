"""From a rung of a ladder to a version of the registry; and which files of rungs may go."""

from datetime import datetime
from typing import Any

from django.db import transaction

from learners.models import Ladder, ModelExport, Rung
from learners.services.model_files import delete_folder
from learners.services.rung_export_request import forget_exports
from projects.models import ModelVersion, Project, User
from projects.services.refusals import Refused
from projects.services.versions import KeptModel, add_version

LADDERS_KEPT = 2
_MEASURED = (
    "accuracy", "accuracy_low", "accuracy_high", "macro_f1", "macro_f1_low", "macro_f1_high",
    "n_audit", "n_train", "ms_per_1000", "cpu_seconds_per_1000", "memory_mb", "note",
)  # fmt: skip


@transaction.atomic
def keep_rung(*, actor: User, rung: Rung, now: datetime) -> ModelVersion:
    """Make the model of a rung the project's next candidate.

    Raises:
        Refused: it is not done, its files were taken away since, or it is kept already.
    """
    _lock(rung.ladder.project_id)
    rung.refresh_from_db(fields=["status", "folder", "files"])
    if rung.status != Rung.Status.DONE:
        raise Refused("", f"“{rung.label}” has no model: it is {rung.get_status_display()}.")
    if not rung.folder:
        raise Refused("", "The files of this model were taken away. Train the ladder again.")
    measures: dict[str, Any] = {name: getattr(rung, name) for name in _MEASURED}
    model = KeptModel(
        rung=rung.name,
        rung_label=rung.label,
        rung_id=rung.pk,
        manifest=rung.manifest,
        manifest_digest=rung.manifest_digest,
        folder=rung.folder,
        files=rung.files,
        n_bytes=rung.n_bytes or 0,
        upto_seq=rung.ladder.upto_seq or 0,
        predictions_file=rung.predictions_file,
        measures={**measures, "machine": rung.ladder.machine},
    )
    return add_version(actor=actor, project=rung.ladder.project, model=model, now=now)


@transaction.atomic
def forget_old_files(project_id: int) -> int:
    """Take away the files of rungs of all but the newest ladders, except those that versions or newer
    rungs point to, and what was prepared of them to be taken away. What was measured stays.
    Returns how many rungs lost theirs.
    """
    _lock(project_id)
    newest = Ladder.objects.filter(project_id=project_id).order_by("-id")
    kept_ids = list(newest.values_list("pk", flat=True)[:LADDERS_KEPT])
    rungs = Rung.objects.filter(ladder__project_id=project_id).exclude(folder="")
    old = list(rungs.exclude(ladder_id__in=kept_ids).defer("manifest"))
    for rung in old:
        _forget_files(rung)
        Rung.objects.filter(pk=rung.pk).update(folder="", files={})
    return len(old)


def forget_rung(rung: Rung) -> None:
    """Delete a rung with its files, except those that versions or other rungs point to."""
    with transaction.atomic():
        _forget_files(rung)
        Rung.objects.filter(pk=rung.pk).delete()


def _forget_files(rung: Rung) -> None:
    """Once it is committed that the rung does not point to them any more."""
    forget_exports(ModelExport.objects.filter(rung=rung))
    if rung.folder:
        transaction.on_commit(lambda: _delete_unneeded(rung))


def _delete_unneeded(rung: Rung) -> None:
    pointing = (
        Rung.objects.filter(folder=rung.folder),
        ModelVersion.objects.filter(folder=rung.folder),
    )
    if not any(rows.exists() for rows in pointing):
        delete_folder(rung)


def _lock(project_id: int) -> None:
    """Files are taken away and kept by one at a time."""
    Project.objects.select_for_update(no_key=True).get(pk=project_id)
