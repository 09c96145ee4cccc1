"""Which models a project keeps, which one is live, and how that came about."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from projects.models import ModelVersion, ProjectEvent, User

_KINDS = (
    ProjectEvent.Kind.MODEL_ADDED,
    ProjectEvent.Kind.MODEL_PROMOTED,
    ProjectEvent.Kind.MODEL_RETIRED,
)


@dataclass(frozen=True)
class StageChange:
    """One line of the ledger about a version. `replaced`: number of the version that was live."""

    number: int
    kind: str
    who: User | None
    at: datetime
    why: str
    replaced: int | None

    @property
    def became(self) -> str:
        """The stage it had from then on."""
        stages = zip(_KINDS, ("candidate", "live", "retired"), strict=True)
        return {str(kind): stage for kind, stage in stages}[self.kind]


@dataclass(frozen=True)
class DeferralChange:
    """One line of the ledger about what a version leaves to others. `new`: None where nothing."""

    who: User | None
    at: datetime
    why: str
    new: dict[str, Any] | None


def live_version(project_id: int) -> ModelVersion | None:
    """The version that serves, None where none is live. One indexed query."""
    live = ModelVersion.objects.filter(project_id=project_id, stage=ModelVersion.Stage.LIVE)
    return live.select_related("project").first()


def former_live(project_id: int) -> ModelVersion | None:
    """The version that was live before the present one, less those that were taken out of use since.

    Where none is live and all were taken out of use: the one that was live last.
    """
    live = live_version(project_id)
    events = _stage_events(project_id).order_by("-seq")
    promoted = [e.payload["version"] for e in events if e.kind == ProjectEvent.Kind.MODEL_PROMOTED]
    numbers = [number for number in promoted if live is None or number != live.number]
    gone = _taken_out_of_use(project_id)
    found = next((number for number in numbers if number not in gone), None)
    if found is None and live is None:
        found = next(iter(numbers), None)
    if found is None:
        return None
    return ModelVersion.objects.filter(project_id=project_id, number=found).first()


def may_retire(version: ModelVersion) -> bool:
    """Whether nobody took it out of use since it was live: one that was replaced is only retired until
    somebody rolls back.
    """
    return version.stage != ModelVersion.Stage.RETIRED or version.number not in _taken_out_of_use(
        version.project_id
    )


def _taken_out_of_use(project_id: int) -> set[int]:
    """Numbers of the versions that somebody retired after they were live for the last time."""
    newest = {e.payload["version"]: e.kind for e in _stage_events(project_id).order_by("seq")}
    return {number for number, kind in newest.items() if kind == ProjectEvent.Kind.MODEL_RETIRED}


def _stage_events(project_id: int) -> QuerySet[ProjectEvent]:
    return ProjectEvent.objects.filter(project_id=project_id, kind__in=_KINDS[1:])


def stage_history(project_id: int) -> list[StageChange]:
    """Everything that happened to the versions, newest first, from the ledger."""
    events = ProjectEvent.objects.filter(project_id=project_id, kind__in=_KINDS)
    return [
        StageChange(
            number=event.payload["version"],
            kind=event.kind,
            who=event.actor,
            at=event.created_at,
            why=event.payload.get("why", ""),
            replaced=event.payload.get("replaced"),
        )
        for event in events.select_related("actor").order_by("-seq")
    ]


def deferral_history(version: ModelVersion) -> list[DeferralChange]:
    """How what this version leaves to others was changed, newest first, from the ledger."""
    events = ProjectEvent.objects.filter(
        project_id=version.project_id,
        kind=ProjectEvent.Kind.MODEL_DEFERRAL,
        payload__version=version.number,
    )
    return [
        DeferralChange(
            who=event.actor,
            at=event.created_at,
            why=event.payload.get("why", ""),
            new=event.payload.get("new"),
        )
        for event in events.select_related("actor").order_by("-seq")
    ]
