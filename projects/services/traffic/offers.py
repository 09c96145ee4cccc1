"""Kept predictions that a lead takes up: into the labelling queue, or as the first texts of a new class."""

from collections.abc import Callable, Collection
from datetime import datetime
from uuid import UUID

from django.db import transaction

from projects.models import IncomingText, KeptPrediction, LabelClass, Project, User
from projects.models.label_class import N_COLOURS
from projects.services.classes import ClassSpec, add_classes, free_key
from projects.services.incoming import CameIn, Incoming, add_incoming_texts
from projects.services.refusals import Refused

MAX_AT_ONCE = 200
OVER_LIMIT = "over_limit"


@transaction.atomic
def take(
    *,
    actor: User,
    project: Project,
    ids: Collection[UUID],
    reason: str,
    clock: Callable[[], datetime],
    seed: int,
) -> CameIn:
    """Put the texts of these kept predictions in line to be labelled: in the pool, never to measure.

    Those that come in beyond today's limit stay offered. `reason`: what the annotator reads after the
    answer.

    Raises:
        Refused: none of them is kept any more, or too many at once.
        ImportRuns: a file is being imported; nothing was added.
    """
    rows = _rows(project, ids)
    texts = [
        Incoming(
            text=row.text,
            reason=reason,
            version_number=row.version_number,
            probability=max(row.probabilities.values(), default=None),
        )
        for row in rows
    ]
    came = add_incoming_texts(
        project=project,
        texts=texts,
        origin=IncomingText.Origin.TRAFFIC,
        clock=clock,
        seed=seed,
        actor=actor,
    )
    taken = [row.pk for row, state in zip(rows, came.states, strict=True) if state != OVER_LIMIT]
    KeptPrediction.objects.filter(pk__in=taken).update(taken_at=clock())
    return came


def dismiss(*, project: Project, ids: Collection[UUID], now: datetime) -> int:
    """Offer these no more. They stay kept. Returns how many."""
    rows = KeptPrediction.objects.filter(project=project, pk__in=ids, taken_at__isnull=True)
    return rows.filter(dismissed_at__isnull=True).update(dismissed_at=now)


@transaction.atomic
def add_class_of(
    *,
    actor: User,
    project: Project,
    name: str,
    ids: Collection[UUID],
    clock: Callable[[], datetime],
    seed: int,
) -> tuple[LabelClass, CameIn]:
    """Add a class, and its first texts to the queue. They get no label by that: people decide.

    Raises:
        Refused, ImportRuns: as for `take`, and for a name that cannot be.
    """
    standing = list(project.label_classes.active())
    spec = ClassSpec(
        name=name.strip(),
        colour=len(standing) % N_COLOURS + 1,
        shortcut=free_key(row.shortcut for row in standing),
    )
    (added,) = add_classes(actor=actor, project=project, specs=[spec], now=clock())
    came = take(
        actor=actor,
        project=project,
        ids=ids,
        reason=f"it lies with other texts for which the class “{added.name}” was made",
        clock=clock,
        seed=seed,
    )
    return added, came


def _rows(project: Project, ids: Collection[UUID]) -> list[KeptPrediction]:
    if len(ids) > MAX_AT_ONCE:
        raise Refused("ids", f"{len(ids)} texts; allowed: {MAX_AT_ONCE} at once.")
    rows = list(KeptPrediction.objects.filter(project=project, pk__in=ids, taken_at__isnull=True))
    if not rows:
        raise Refused("ids", "None of these texts is kept any more, or they were taken before.")
    return rows
