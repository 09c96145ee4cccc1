"""What an owner does with ladders: ask for one, cancel it, enter figures. And when one is due.

Kept apart from the work itself, which pages never import.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from django.db import transaction
from django.db.models import Q

from labeler.sending import send
from learners.engine.rungs import RUNGS, RungKind, working
from learners.models import Ladder, Rung
from learners.models.ladder import MARGIN
from learners.services.due_work import STALE_AFTER, n_label_changes_after
from projects.models import Annotation, Example, LabelClass, Project, User
from projects.selectors.teacher import accepted_synthetic, trains_on_synthetic
from projects.services.refusals import Refused

MAX_PRICE = 1_000_000.0
MAX_WATTS = 100_000.0
CURRENCY_CHARACTERS = 12
CANCELLED = "Cancelled before it was done."

Status = Ladder.Status
RungStatus = Rung.Status
OPEN = (Status.WAITING, Status.RUNNING)


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What the lead enters: `cpu_hour`, the price of an hour of one CPU core, in `currency`; `watts`
    while one core is busy; `margin` of accuracy, 0.02 for two points. A price of None is unknown.
    """

    cpu_hour: float | None = None
    currency: str = ""
    watts: float | None = None
    margin: float = MARGIN

    def check(self) -> None:
        """Raises Refused on figures that cannot be."""
        if self.cpu_hour is not None and not 0 < self.cpu_hour <= MAX_PRICE:
            raise Refused("cpu_hour", "The price lies above 0, up to a million.")
        if self.watts is not None and not 0 < self.watts <= MAX_WATTS:
            raise Refused("watts", "The power lies above 0, up to 100,000 watts.")
        if not 0 < self.margin < 1:
            raise Refused("margin", "The margin lies between 0 and 100 points, both left out.")
        if len(self.currency) > CURRENCY_CHARACTERS:
            raise Refused(
                "currency", f"{len(self.currency)} characters; allowed: {CURRENCY_CHARACTERS}."
            )

    def prices(self) -> dict[str, Any]:
        """As `Ladder.prices`."""
        return {"cpu_hour": self.cpu_hour, "currency": self.currency, "watts": self.watts}


def kinds_for(project: Project) -> tuple[RungKind, ...]:
    """The rungs that can be trained for examples of this project, cheapest first."""
    if project.multilabel:
        return ()
    return tuple(kind for kind in RUNGS if kind.input_kind == project.input_kind)


def newest_ladder(project_id: int) -> Ladder | None:
    return Ladder.objects.filter(project_id=project_id).order_by("-id").first()


@transaction.atomic
def request_ladder(
    *,
    actor: User | None,
    project: Project,
    rungs: Sequence[str] | None = None,
    now: datetime,
) -> Ladder:
    """Ask for a ladder over the labels as they stand now; workers take it up.

    `rungs`: names, all that suit the project without them. `actor`: None where the rule of "every so
    many labels" asked. Figures are those of the ladder before.

    Raises:
        Refused: one is not over, labels are too few, or no rung suits.
    """
    row = Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    if Ladder.objects.filter(project=row, status__in=OPEN).exists():
        raise Refused("", "A ladder of this project is running; wait for it or cancel it.")
    kinds = _chosen(row, rungs)
    if not can_learn(row.pk):
        raise Refused("", "A ladder needs labels of two classes that do not only measure.")
    before = newest_ladder(row.pk)
    ladder = Ladder.objects.create(
        project=row,
        forced=actor is not None,
        requested_by=actor,
        requested_at=now,
        upto_seq=row.seq,
        pool_upto=_newest_example(row.pk),
        seed=ladder_seed(row.seed, row.seq),
        margin=before.margin if before else MARGIN,
        prices=before.prices if before else {},
        synthetic=_written(row.pk),
    )
    Rung.objects.bulk_create(
        Rung(
            ladder=ladder,
            name=kind.name,
            label=kind.label,
            place=place,
            manifest=_own(row) if kind.name in working.KINDS else {},
        )
        for place, kind in enumerate(kinds)
    )
    transaction.on_commit(lambda: send("learners.ladder", ladder.pk))
    return ladder


def _own(project: Project) -> dict[str, Any]:
    """What the project learns with now: settings may change before a worker takes the ladder up."""
    return {"recipe": {"features": project.features, "head": project.head}}


def _written(project_id: int) -> list[int]:
    """Numbers of the texts that a teacher wrote and a lead kept, where the lead switched them on."""
    if not trains_on_synthetic(project_id):
        return []
    return accepted_synthetic(project_id)


def _chosen(project: Project, rungs: Sequence[str] | None) -> list[RungKind]:
    if project.multilabel:
        raise Refused("", "Ladders are for texts with exactly one class each.")
    kinds = kinds_for(project)
    if rungs is None:
        return list(kinds)
    if unknown := set(rungs) - {kind.name for kind in kinds}:
        known = ", ".join(kind.name for kind in kinds)
        raise Refused("rungs", f"No rung {min(unknown)!r} here; there are {known}.")
    if not rungs:
        raise Refused("rungs", "Choose at least one kind of model.")
    return [kind for kind in kinds if kind.name in rungs]


def can_learn(project_id: int) -> bool:
    """Whether two classes are among the labels that train a ladder: those that do not measure. A
    query or two, whatever the number of labels.
    """
    active = LabelClass.objects.filter(project_id=project_id).active().values_list("pk", flat=True)
    measuring = (Example.Role.AUDIT, Example.Role.TEST)
    standing = Annotation.objects.filter(
        project_id=project_id, state=Annotation.State.LABELLED, labels__0__in=list(active)
    ).exclude(example__role__in=measuring)
    return len(standing.order_by().values_list("labels__0", flat=True).distinct()[:2]) == 2


def ladder_seed(project_seed: int, upto_seq: int) -> int:
    """Derived, not drawn, and from what the ledger keeps: a rebuilt rung gets the same seed."""
    entropy = np.random.SeedSequence([abs(project_seed), upto_seq, 4])
    return int(entropy.generate_state(1, np.uint32)[0] >> np.uint32(1))


def _newest_example(project_id: int) -> int:
    ids = Example.objects.filter(project_id=project_id).order_by("-id")
    return ids.values_list("pk", flat=True).first() or 0


@transaction.atomic
def cancel_ladder(*, ladder_id: int, now: datetime) -> bool:
    """End it; rungs that are done stay, and are compared with each other alone. Returns whether it was
    still going on.
    """
    ended = Ladder.objects.filter(pk=ladder_id, status__in=OPEN).update(
        status=Status.CANCELLED, finished_at=now, token=None, heartbeat_at=None
    )
    if ended:
        Rung.objects.filter(
            ladder_id=ladder_id, status__in=(RungStatus.WAITING, RungStatus.RUNNING)
        ).update(status=RungStatus.LEFT_OUT, note=CANCELLED, step="", finished_at=now)
        _choose_again(Ladder.objects.get(pk=ladder_id))
    return bool(ended)


def _choose_again(ladder: Ladder) -> None:
    from learners.services.ladder_choice import choice_or_before  # noqa: PLC0415  it imports this module

    Ladder.objects.filter(pk=ladder.pk).update(choice=choice_or_before(ladder))


def request_due_ladders(now: datetime) -> int:
    """Ask for the ladders that are due by their projects' rule. Returns how many."""
    n_asked = 0
    for project in projects_due_a_ladder():
        try:
            request_ladder(actor=None, project=project, rungs=_asked_before(project), now=now)
        except Refused:  # somebody asked for one at this very moment
            continue
        n_asked += 1
    return n_asked


def _asked_before(project: Project) -> list[str] | None:
    """The kinds that somebody chose for the newest ladder that somebody asked for, those that still
    suit; None, which is all, where nobody ever asked.
    """
    chosen = Ladder.objects.filter(project=project, forced=True).order_by("-id").first()
    names = set(chosen.rungs.values_list("name", flat=True)) if chosen else set()
    return [kind.name for kind in kinds_for(project) if kind.name in names] or None


def projects_due_a_ladder() -> list[Project]:
    """Projects with `ladder_every` labels more than at their newest ladder and none under way."""
    rows = Project.objects.filter(
        ladder_every__gt=0, binned_at__isnull=True, multilabel=False
    ).exclude(ladders__status__in=OPEN)
    return [project for project in rows.order_by("pk") if _enough_changed(project)]


def _enough_changed(project: Project) -> bool:
    newest = newest_ladder(project.pk)
    after = newest.upto_seq or 0 if newest else 0
    enough = n_label_changes_after(project.pk, after) >= project.ladder_every
    return enough and can_learn(project.pk)


def ladders_to_work_on(now: datetime) -> list[int]:
    """Ladders with work that no live task has, oldest first."""
    free = Q(heartbeat_at__isnull=True) | Q(heartbeat_at__lte=now - STALE_AFTER)
    rows = Ladder.objects.filter(free, status__in=OPEN, project__binned_at__isnull=True)
    return list(rows.order_by("pk").values_list("pk", flat=True))


def n_ladders_at_work(now: datetime) -> int:
    """Ladders that a live task works on."""
    return Ladder.objects.filter(status=Status.RUNNING, heartbeat_at__gt=now - STALE_AFTER).count()
