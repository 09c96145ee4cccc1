"""Who holds which example. A lease is a row; an example without one is free."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction

from projects.models import AnnotationEvent, Lease, Project, User
from projects.models.annotation import Draw


def end_of_lease(project: Project, now: datetime) -> datetime:
    """When a lease taken `now` ends."""
    return now + timedelta(seconds=project.lease_seconds)


def free_expired_leases(*, project: Project, now: datetime) -> None:
    """Let go of what nobody answered in time. Rows that someone else is freeing are left to them."""
    expired = (
        Lease.objects.filter(project=project, expires_at__lte=now)
        .select_for_update(skip_locked=True)
        .values("pk")
    )
    Lease.objects.filter(pk__in=list(expired.values_list("pk", flat=True))).delete()


def renew_lease(*, project: Project, annotator: User, tab: UUID, now: datetime) -> Lease | None:
    """The lease this tab holds, running from `now`; None when it holds none.

    A lease that ran out but was taken by nobody is the tab's still: the same text stays before
    someone who comes back from a break.
    """
    mine = Lease.objects.filter(project=project, annotator=annotator, tab=tab)
    if not mine.update(expires_at=end_of_lease(project, now)):
        return None
    return mine.select_related("example__data_import").first()


def lease_of(*, example_id: int, annotator: User) -> Lease | None:
    """The annotator's lease of an example, in whichever tab."""
    return Lease.objects.filter(example_id=example_id, annotator=annotator).first()


def release(*, example_id: int, annotator: User) -> Lease | None:
    """The annotator answered: whichever of their tabs held the example holds it no longer.

    Returns:
        The lease as it was.
    """
    sql = "DELETE FROM projects_lease WHERE example_id = %s AND annotator_id = %s RETURNING *"
    released = list(Lease.objects.raw(sql, [example_id, annotator.pk]))
    return released[0] if released else None


def hold_again(
    *, project: Project, annotator: User, tab: UUID, undone: AnnotationEvent, now: datetime
) -> bool:
    """Put the example of an undone event before this tab again, in place of what it holds.

    Returns:
        False when another person or tab holds the example: they keep it.
    """
    free_expired_leases(project=project, now=now)
    mine = Lease.objects.filter(project=project, annotator=annotator, tab=tab)
    if mine.filter(example_id=undone.example_id).exists():
        return True
    try:
        with transaction.atomic():
            mine.delete()
            _lease_of_undone(project, annotator, tab, undone, now).save(force_insert=True)
    except IntegrityError:  # one_lease_per_example
        return False
    return True


def _lease_of_undone(
    project: Project, annotator: User, tab: UUID, undone: AnnotationEvent, now: datetime
) -> Lease:
    return Lease(
        project=project,
        example_id=undone.example_id,
        annotator=annotator,
        tab=tab,
        claimed_at=now,
        expires_at=end_of_lease(project, now),
        draw=Draw.HISTORY,
        chance=undone.chance,
        fit_id=undone.fit_id,
        strategy=undone.strategy,
        score=undone.score,
        rank=undone.rank,
        reason=undone.reason,
    )
