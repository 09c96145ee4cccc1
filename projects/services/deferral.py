"""What a kept model leaves to others: the one thing about a version that may change, in the ledger."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction

from projects.models import ModelVersion, Project, ProjectEvent, User
from projects.selectors.remembered import LIVE
from projects.services.ledger import append_project_event
from projects.services.refusals import Refused
from projects.services.versions import WHY_CHARACTERS

PERSON, VERSION, TEACHER = "person", "version", "teacher"
PROBABILITY = "probability"


@dataclass(frozen=True, kw_only=True)
class Deferral:
    """Below `threshold` a version leaves a text to somebody else.

    Attributes:
        threshold: of the measure, in [0, 1]; at it or above, the version answers.
        wanted: the accuracy that it was chosen for, above 0 and below 1. careful: reached for sure
            (95 %), not just as far as was seen.
        to: person, version (whose number is `version`) or teacher.
        reported: what was measured when it was chosen, plain values.
    """

    threshold: float
    wanted: float
    careful: bool = False
    to: str = PERSON
    version: int | None = None
    measure: str = PROBABILITY
    reported: Mapping[str, Any] = field(default_factory=dict)


def deferral_of(version: ModelVersion) -> Deferral | None:
    """The version's rule; None where it answers everything. Keys of later releases are ignored."""
    said = version.deferral
    if not said or said.get("threshold") is None:
        return None
    known = {name: said[name] for name in Deferral.__dataclass_fields__ if name in said}
    return Deferral(**({"wanted": 0.0} | known))


@transaction.atomic
def set_deferral(
    *,
    actor: User,
    version: ModelVersion,
    deferral: Deferral | None,
    why: str = "",
    now: datetime,
) -> ModelVersion:
    """Keep what a version leaves to others, or that it answers everything (None). Who and why goes
    into the ledger, with the rule before and after.

    Raises:
        Refused: no reason for a change of the live version, or a rule that cannot be.
    """
    Project.objects.select_for_update(no_key=True).get(pk=version.project_id)
    version.refresh_from_db()
    why = why.strip()
    _check_why(version, why)
    if deferral:
        _check(version, deferral)
    old, new = version.deferral, asdict(deferral) if deferral else None
    version.deferral = new
    version.save(update_fields=["deferral"])
    LIVE.forget(version.project_id)
    append_project_event(
        project_id=version.project_id,
        kind=ProjectEvent.Kind.MODEL_DEFERRAL,
        actor=actor,
        payload={
            "version": version.number,
            "stage": version.stage,
            "old": old,
            "new": new,
            "why": why,
        },
        now=now,
    )
    return version


def _check_why(version: ModelVersion, why: str) -> None:
    if not why and version.stage == ModelVersion.Stage.LIVE:
        raise Refused("why", "This version is live: say in a few words why that changes.")
    if len(why) > WHY_CHARACTERS:
        raise Refused("why", f"{len(why)} characters; allowed: {WHY_CHARACTERS}. Say it shorter.")


def _check(version: ModelVersion, deferral: Deferral) -> None:
    if not 0 <= deferral.threshold <= 1:
        raise Refused("wanted", f"The threshold is {deferral.threshold}; allowed: 0 to 1.")
    if not 0 < deferral.wanted < 1:
        raise Refused("wanted", "The wanted accuracy lies between 0 and 100 %, without the ends.")
    if deferral.to not in {PERSON, VERSION, TEACHER}:
        raise Refused("to", "Unsure texts go to a person, a version or the teacher.")
    if (deferral.version is not None) != (deferral.to == VERSION):
        raise Refused("to", "Say which version answers, and only where one does.")
    if deferral.version == version.number:
        raise Refused("to", "A version cannot leave texts to itself.")
    if deferral.version is not None and not _exists(version.project_id, deferral.version):
        raise Refused("to", f"This project has no version {deferral.version}.")


def _exists(project_id: int, number: int) -> bool:
    return ModelVersion.objects.filter(project_id=project_id, number=number).exists()
