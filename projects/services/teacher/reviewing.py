"""A lead looks at the texts that a teacher wrote: kept ones may train, dropped ones never do."""

from collections.abc import Collection
from datetime import datetime

from django.db import transaction

from projects.models import Project, ProjectEvent, SyntheticExample, User
from projects.services.ledger import append_project_event


@transaction.atomic
def review(
    *, actor: User, project: Project, keep: Collection[int], drop: Collection[int], now: datetime
) -> tuple[int, int]:
    """Keep some texts and drop others; a text of another project, or in both, is left alone.

    Returns:
        How many were kept and dropped that were not already.
    """
    n_kept = _judge(actor, project, set(keep) - set(drop), accepted=True, now=now)
    n_dropped = _judge(actor, project, set(drop) - set(keep), accepted=False, now=now)
    if n_kept or n_dropped:
        append_project_event(
            project_id=project.pk,
            kind=ProjectEvent.Kind.SYNTHETIC_REVIEWED,
            actor=actor,
            payload={"kept": sorted(set(keep)), "dropped": sorted(set(drop))},
            now=now,
        )
    return n_kept, n_dropped


def _judge(
    actor: User, project: Project, pks: Collection[int], *, accepted: bool, now: datetime
) -> int:
    rows = SyntheticExample.objects.filter(teacher__project=project, pk__in=pks)
    changed = rows.exclude(accepted__isnull=False, accepted=accepted)
    return changed.update(accepted=accepted, reviewed_by=actor, reviewed_at=now)
