"""The queue as a list for the lead: pool texts in the strategy's order. No reserved text is in it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from learners.models import Fit, RankedExample, SeedExample, SeedQueue
from projects.models import Annotation, Example, Lease

PAGE_SIZE = 50
TEXT_CHARACTERS = 300
POOL = Example.Role.POOL


@dataclass(frozen=True)
class QueueRow:
    """One place of the queue. `state`: open, held, answered or skipped."""

    rank: int
    text: str
    n_hidden: int
    score: float
    reason: str
    state: str


@dataclass(frozen=True)
class QueuePage:
    """`next_rank`: where the next page starts, after it; None on the last."""

    rows: list[QueueRow]
    next_rank: int | None


def queue_page(
    *, source: Fit | SeedQueue, now: datetime, after: int = 0, only_open: bool = False
) -> QueuePage:
    """Up to `PAGE_SIZE` places behind rank `after` of a fit's queue, or of the first questions
    before there is a fit; by the index on that and rank.
    """
    held = Lease.objects.filter(example=OuterRef("example"), expires_at__gt=now)
    skipped = Annotation.objects.filter(example=OuterRef("example"), state=Annotation.State.SKIPPED)
    rows = _places(source).filter(rank__gt=after, example__role=POOL)
    if only_open:
        rows = rows.filter(spent=False, example__settled=False)
    rows = rows.select_related("example").annotate(held=Exists(held), skipped=Exists(skipped))
    found = list(rows.order_by("rank")[: PAGE_SIZE + 1])
    shown = found[:PAGE_SIZE]
    more = shown[-1].rank if len(found) > PAGE_SIZE else None
    return QueuePage([_row(row) for row in shown], more)


def _places(source: Fit | SeedQueue) -> QuerySet[Any]:
    if isinstance(source, SeedQueue):
        return SeedExample.objects.filter(queue=source)
    return RankedExample.objects.filter(fit=source)


def _row(row: Any) -> QueueRow:
    text = row.example.text
    return QueueRow(
        rank=row.rank,
        text=text[:TEXT_CHARACTERS],
        n_hidden=max(0, len(text) - TEXT_CHARACTERS),
        score=row.score,
        reason=row.reason,
        state=_state(row),
    )


def _state(row: Any) -> str:
    if row.example.settled:
        return "answered"
    if row.held:
        return "held"
    return "skipped" if row.spent or row.skipped else "open"
