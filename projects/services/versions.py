"""The registry of a project's models: keep one, make it live, retire it, go back to the one before."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max

from projects.models import ModelVersion, Project, ProjectEvent, User
from projects.selectors.remembered import LIVE
from projects.selectors.versions import former_live, live_version, may_retire
from projects.services.ledger import append_project_event
from projects.services.refusals import Refused

WHY_CHARACTERS = 500

Stage = ModelVersion.Stage
Kind = ProjectEvent.Kind


@dataclass(frozen=True, kw_only=True)
class KeptModel:
    """A trained model to keep; the fields are those of `ModelVersion`. Its files are stored already."""

    rung: str
    rung_label: str
    rung_id: int | None
    manifest: Mapping[str, Any]
    manifest_digest: str
    folder: str
    files: Mapping[str, str]
    n_bytes: int
    upto_seq: int
    predictions_file: str = ""
    measures: Mapping[str, Any] = field(default_factory=dict)


@transaction.atomic
def add_version(
    *, actor: User | None, project: Project, model: KeptModel, now: datetime
) -> ModelVersion:
    """Keep a model as the project's next candidate.

    Raises:
        Refused: it has no files, or these very files are a version already.
    """
    _lock(project.pk)
    versions = ModelVersion.objects.filter(project=project)
    if not model.folder or not model.files:
        raise Refused("", "This model has no files to keep. Train the ladder again.")
    if same := versions.filter(folder=model.folder).first():
        raise Refused("", f"This model is kept already, as version {same.number}.")
    number = (versions.aggregate(newest=Max("number"))["newest"] or 0) + 1
    version = ModelVersion.objects.create(
        project=project, number=number, created_by=actor, created_at=now, **asdict(model)
    )
    facts = ("rung", "rung_label", "manifest_digest", "folder", "files", "n_bytes", "upto_seq")
    extra = {name: getattr(version, name) for name in (*facts, "measures")}
    _tell(version, Kind.MODEL_ADDED, actor, now, **extra)
    return version


@transaction.atomic
def promote(*, actor: User, version: ModelVersion, why: str, now: datetime) -> ModelVersion:
    """Make a version the live one; the one that was live is retired.

    Raises:
        Refused: no reason is given or it is too long, or the version is live already.
    """
    why = why.strip()
    if not why:
        raise Refused("why", "Say in a few words why this model goes live.")
    return _promote(actor=actor, version=version, why=why, now=now)


@transaction.atomic
def retire(*, actor: User, version: ModelVersion, why: str = "", now: datetime) -> ModelVersion:
    """Take a version out of use. Where it was live, nothing is live afterwards; where another replaced
    it, rolling back passes it over.

    Raises:
        Refused: it is retired already, the live version leaves texts to it, or the reason is too long.
    """
    _lock(version.project_id)
    version.refresh_from_db()
    if not may_retire(version):
        raise Refused("", f"Version {version.number} is retired already.")
    _check_nobody_leans_on(version)
    _check_length(why)
    was, version.stage = version.stage, Stage.RETIRED
    version.save(update_fields=["stage"])
    _tell(version, Kind.MODEL_RETIRED, actor, now, was=was, why=why.strip())
    return version


@transaction.atomic
def roll_back(
    *, actor: User, project: Project, to: int, why: str = "", now: datetime
) -> ModelVersion:
    """Make version `to` live, the one that was live before the present one, or last where none is.

    The number is asked for, so that a second click does not go back to what the first one left.

    Raises:
        Refused: no other version was ever live, another than `to` was, or the reason is too long.
    """
    _lock(project.pk)
    former, live = former_live(project.pk), live_version(project.pk)
    if live and live.number == to:
        raise Refused("", f"Version {to} is live already.")
    if former is None:
        raise Refused("", "No other version was ever live, so there is nothing to go back to.")
    if former.number != to:
        raise Refused(
            "", f"What is live has changed meanwhile: version {former.number} was before it."
        )
    said = why.strip() or (f"Rolled back from version {live.number}." if live else "Live again.")
    return _promote(actor=actor, version=former, why=said, now=now)


def _promote(*, actor: User, version: ModelVersion, why: str, now: datetime) -> ModelVersion:
    _lock(version.project_id)
    version.refresh_from_db()
    if version.stage == Stage.LIVE:
        raise Refused("", f"Version {version.number} is live already.")
    _check_length(why)
    replaced = live_version(version.project_id)
    if replaced:
        ModelVersion.objects.filter(pk=replaced.pk).update(stage=Stage.RETIRED)
    was, version.stage = version.stage, Stage.LIVE
    version.promoted_by, version.promoted_at, version.why = actor, now, why
    version.save(update_fields=["stage", "promoted_by", "promoted_at", "why"])
    number = replaced.number if replaced else None
    _tell(version, Kind.MODEL_PROMOTED, actor, now, was=was, why=why, replaced=number)
    return version


def _check_nobody_leans_on(version: ModelVersion) -> None:
    live = live_version(version.project_id)
    if live and (live.deferral or {}).get("version") == version.number:
        raise Refused(
            "",
            f"Version {live.number}, which is live, leaves texts that it is unsure of to version "
            f"{version.number}. Change that first.",
        )


def _lock(project_id: int) -> None:
    """One writer a project, so that numbers and the live version stay one."""
    Project.objects.select_for_update(no_key=True).get(pk=project_id)


def _check_length(why: str) -> None:
    if len(why.strip()) > WHY_CHARACTERS:
        raise Refused(
            "why", f"{len(why.strip())} characters; allowed: {WHY_CHARACTERS}. Say it shorter."
        )


def _tell(
    version: ModelVersion, kind: ProjectEvent.Kind, actor: User | None, now: datetime, **facts: Any
) -> None:
    LIVE.forget(version.project_id)
    append_project_event(
        project_id=version.project_id,
        kind=kind,
        actor=actor,
        payload={"version": version.number, **facts},
        now=now,
    )
