"""How often the same random texts were looked at: ladders measured on them, and figures changed since."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from learners.models import Ladder
from projects.models import ProjectEvent, User


@dataclass(frozen=True)
class MarginMoved:
    """The margin is another one than before a result was there to see. `who` set it last, `at` then;
    `before`: what it was, a share. `own`: the result was this ladder's, else an earlier look's.
    """

    who: User | None
    at: datetime
    before: float
    own: bool


@dataclass(frozen=True)
class Looks:
    """`n`: which look at mostly the same random texts a ladder is, from 1 up."""

    n: int
    margin: MarginMoved | None


@dataclass(frozen=True)
class FiguresChange:
    """One line of the ledger. `changed`: "old" and "new" by the name of the figure."""

    who: User | None
    at: datetime
    changed: dict[str, dict[str, Any]]


def looks_of(ladder: Ladder) -> Looks:
    """What a reader of this ladder's choice must know of what was chosen and seen before it."""
    earlier = list(_earlier(ladder).values_list("pk", flat=True))
    return Looks(n=len(earlier) + 1, margin=_margin_moved(ladder, earlier))


def _earlier(ladder: Ladder) -> QuerySet[Ladder]:
    """Ladders before it with a result on mostly the same random texts: they had more than half as many.

    Counting is enough: random texts are asked in one order, so that of two ladders one was measured
    on texts that the other had too.
    """
    rows = Ladder.objects.filter(project_id=ladder.project_id, pk__lt=ladder.pk)
    return rows.filter(n_audit__gt=ladder.n_audit // 2).exclude(choice={})


def _margin_moved(ladder: Ladder, earlier: list[int]) -> MarginMoved | None:
    moved = [
        event
        for event in _figure_events(ladder.project_id)
        .filter(payload__after_result=True, payload__ladder__in=[ladder.pk, *earlier])
        .order_by("seq")
        if "margin" in event.payload["changed"]
    ]
    if not moved or moved[0].payload["changed"]["margin"]["old"] == ladder.margin:
        return None
    return MarginMoved(
        who=moved[-1].actor,
        at=moved[-1].created_at,
        before=moved[0].payload["changed"]["margin"]["old"],
        own=moved[-1].payload["ladder"] == ladder.pk,
    )


def figures_history(project_id: int) -> list[FiguresChange]:
    """How figures of the project's ladders were changed, newest first, from the ledger."""
    return [
        FiguresChange(event.actor, event.created_at, event.payload["changed"])
        for event in _figure_events(project_id).order_by("-seq")
    ]


def _figure_events(project_id: int) -> QuerySet[ProjectEvent]:
    events = ProjectEvent.objects.filter(
        project_id=project_id, kind=ProjectEvent.Kind.LADDER_FIGURES
    )
    return events.select_related("actor")
