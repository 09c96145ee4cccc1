"""Predictions that are kept with their texts: only while a lead says so, redacted, for so many days."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.crypto import salted_hmac

from labeler.shares import percent
from projects.models import KeptPrediction, Project, ProjectEvent, User
from projects.models.traffic import Origin
from projects.services.import_plan import content_hash
from projects.services.ledger import append_project_event, lock
from projects.services.refusals import Refused
from projects.services.traffic.redacting import Redaction, TooSlow, checked

logger = logging.getLogger(__name__)

MAX_DAYS = 365
MAX_NAME = 80
MOST_OF_A_FILE, MOST_OF_FILES_A_DAY = 500, 5_000
COLUMNS = ("traffic_kept", "traffic_share", "traffic_days", "traffic_redaction")


@dataclass(frozen=True)
class Served:
    """One prediction as it was answered; `text` as it was asked."""

    id: UUID
    project_id: int
    version_number: int
    text: str
    labels: Sequence[str]
    probability: float | None
    probabilities: dict[str, float]
    deferred: bool
    asked_at: datetime
    token_name: str
    origin: str = Origin.API

    @classmethod
    def of(cls, told: Mapping[str, Any], **facts: Any) -> "Served":
        """From what was told of a text, and the columns that this does not say."""
        return cls(
            labels=labels_of(told),
            probability=told.get("probability"),
            probabilities=told["probabilities"],
            deferred=bool(told.get("deferred")),
            **facts,
        )


def labels_of(told: Mapping[str, Any]) -> list[str]:
    """The classes that a prediction names, one or any number."""
    if "labels" in told:
        return list(told["labels"])
    return [told["label"]] if told.get("label") is not None else []


@transaction.atomic
def change_keeping(
    *,
    actor: User,
    project: Project,
    kept: bool,
    share: float,
    days: int,
    redaction: Redaction,
    now: datetime,
) -> bool:
    """Switch keeping on or off, or change how. Returns whether anything differs now.

    What was kept before stays until its days are over or somebody deletes it.

    Raises:
        Refused: a share, number of days or pattern that cannot be; predictions of rows of a table.
    """
    _check(project, kept, share, days)
    wanted = (kept, share, days, checked(redaction).stored())
    lock(project)
    old = {name: getattr(project, name) for name in COLUMNS}
    changes = {
        name: {"old": old[name], "new": value}
        for name, value in zip(COLUMNS, wanted, strict=True)
        if old[name] != value
    }
    if not changes:
        return False
    for name, change in changes.items():
        setattr(project, name, change["new"])
    project.save(update_fields=list(changes))
    kinds = ProjectEvent.Kind
    append_project_event(
        project_id=project.pk,
        kind=kinds.TRAFFIC_KEPT if kept else kinds.TRAFFIC_NOT_KEPT,
        actor=actor,
        payload={"changed": changes},
        now=now,
    )
    return True


def _check(project: Project, kept: bool, share: float, days: int) -> None:
    if kept and project.is_table:
        raise Refused("kept", "Rows of a table are counted, and not kept.")
    if not 0 < share <= 1:
        raise Refused("share", f"{percent(share)} of the predictions; allowed: above 0 to 100 %.")
    if not 1 <= days <= MAX_DAYS:
        raise Refused("days", f"{days} days; allowed: 1 to {MAX_DAYS}.")


def keep_served(served: Sequence[Served]) -> int:
    """Write predictions in bulk, as `redacted` leaves them. Returns how many."""
    return write_kept(redacted(served))


def write_kept(rows: Sequence[KeptPrediction]) -> int:
    """Write what was redacted. Returns how many."""
    return len(KeptPrediction.objects.bulk_create(rows, batch_size=500, ignore_conflicts=True))


def redacted(served: Sequence[Served]) -> list[KeptPrediction]:
    """Predictions as rows to write, each redacted as its project says now.

    Those of a project that no longer keeps any, texts on which a pattern takes too long, and those
    that cannot be written are left out.
    """
    projects = Project.objects.in_bulk({one.project_id for one in served})
    rows = []
    for one in served:
        project = projects.get(one.project_id)
        if project is None or not project.traffic_kept:
            continue
        try:
            rows.append(_row(one, Redaction.of(project.traffic_redaction)))
        except TooSlow:
            logger.warning(
                "a prediction of project %s was not kept: a pattern takes too long", project.pk
            )
        except ValueError as error:  # half of a surrogate pair: the others must not be lost with it
            logger.warning("a prediction of project %s was not kept: %s", project.pk, error)
    return rows


def _row(one: Served, redaction: Redaction) -> KeptPrediction:
    return KeptPrediction(
        id=one.id,
        project_id=one.project_id,
        version_number=one.version_number,
        text=redaction.apply(one.text.replace("\0", "")),
        text_hash=text_hash(one.text),
        labels=list(one.labels),
        probability=one.probability,
        probabilities=one.probabilities,
        deferred=one.deferred,
        asked_at=one.asked_at,
        origin=one.origin,
        token_name=one.token_name[:MAX_NAME],
    )


def text_hash(text: str) -> bytes:
    """Tells the same text again, and only to who has the site's secret, (32,) bytes."""
    keyed = salted_hmac("projects.traffic", content_hash(text), algorithm="sha256")
    return bytes(keyed.digest())


def forget_expired(*, now: datetime) -> int:
    """Delete predictions whose project's days are over. Returns how many."""
    n_gone = 0
    rows = Project.objects.filter(kept_predictions__isnull=False)
    for pk, days in rows.values_list("pk", "traffic_days").distinct():
        old = KeptPrediction.objects.filter(project=pk, asked_at__lt=now - timedelta(days=days))
        n_gone += old.delete()[1].get(KeptPrediction._meta.label, 0)
    return n_gone


@transaction.atomic
def delete_kept(*, actor: User, project: Project, now: datetime) -> int:
    """Delete everything that is kept; counts stay. Returns how many predictions."""
    n_gone = (
        KeptPrediction.objects.filter(project=project)
        .delete()[1]
        .get(KeptPrediction._meta.label, 0)
    )
    if n_gone:
        append_project_event(
            project_id=project.pk,
            kind=ProjectEvent.Kind.TRAFFIC_DELETED,
            actor=actor,
            payload={"n": n_gone},
            now=now,
        )
    return n_gone
