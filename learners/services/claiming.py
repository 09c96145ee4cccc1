"""Which text is asked next, and of whom: one claim, one lease, no text twice."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import numpy as np
from django.db.models import Count, Exists, Model, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from learners.engine.drawing import asks_to_measure
from learners.models import RankedExample, SeedExample
from learners.selectors.confirming import confirmation_to_ask
from learners.services.queue import newest_published_fit, serving_seed_queue
from projects.models import (
    Annotation,
    Confirmation,
    Example,
    IncomingText,
    Lease,
    Project,
    User,
)
from projects.models.annotation import Draw
from projects.selectors.confirming import texts_of
from projects.services import leases
from projects.services.ledger import one_transaction
from projects.services.shown import closed_for

ATTEMPTS = 20  # each failed one means that somebody else did get the text
AUDIT_REASON = "random, to measure"

Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True)
class Question:
    """One text held for one tab of one annotator. `n_left`: texts without an answer, this one included."""

    example: Example
    lease: Lease
    n_left: int


@dataclass(frozen=True)
class Drawn:
    """An example and what a lease says of its draw. `within`: its chance within its stream."""

    example: Example
    draw: Draw
    within: float = 1.0
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Asker:
    """Who asks for a text, from which tab, when."""

    project: Project
    annotator: User
    tab: UUID
    now: datetime


Stream = Callable[[Asker], Drawn | None]


def claim_next(
    *,
    project: Project,
    annotator: User,
    tab: UUID,
    rng: np.random.Generator,
    now: datetime,
) -> Question | None:
    """The text this tab answers next, held for it until its lease ends; None when none is open.

    With probability `project.audit_share` the next reserved text (to measure), else what a model in
    use sent back, else the top of the published queue (before the first fit: of the first questions as ranked without a model),
    else a random text of the open pool. While a confirmation runs, its fresh
    texts take the place of the reserved ones, with its own share. A stream that is dry leaves its
    share to the other, and the lease's `chance` says so: the probability, given all before, that
    this text was the one asked (leases of others and own skips taken as given).
    """
    asker = Asker(project, annotator, tab, now)
    luck = rng.random()
    for _ in range(ATTEMPTS):
        with one_transaction():
            lease = _held(asker) or _draw_lease(asker, luck)
            if lease is None:
                return None
            if lease.pk or _write(lease):
                return Question(lease.example, lease, n_left(project))
    raise RuntimeError(f"no text of project {project.pk} could be held in {ATTEMPTS} attempts")


def n_left(project: Project) -> int:
    """Texts without any label yet, from the counters."""
    n_labelled = project.n_labelled + project.n_known + project.n_feedback
    return max(0, project.n_pool + project.n_audit - n_labelled)


def _held(asker: Asker) -> Lease | None:
    """The lease of this tab, unless somebody's late answer has settled its text meanwhile."""
    lease = leases.renew_lease(
        project=asker.project, annotator=asker.annotator, tab=asker.tab, now=asker.now
    )
    if lease is None or not lease.example.settled or lease.draw == Draw.HISTORY:
        return lease
    if Annotation.objects.filter(example=lease.example, stale=True).exists():
        return lease
    lease.delete()
    return None


@dataclass(frozen=True)
class _Reserved:
    """Random texts that take `share` of the questions: who finds the next, and what to ask last."""

    share: float
    find: Stream
    candidates: Callable[[Asker], list[QuerySet[Example]]]
    last: list[Stream] = field(default_factory=list)


def _draw_lease(asker: Asker, luck: float) -> Lease | None:
    """`luck`: uniform in [0, 1); which stream comes first."""
    leases.free_expired_leases(project=asker.project, now=asker.now)
    reserved = _reserved(asker)
    streams = [_from_pool, reserved.find]
    if asks_to_measure(luck, reserved.share):
        streams.reverse()
    for stream in (*streams, *reserved.last):
        if drawn := stream(asker):
            return _lease(asker, drawn, _chance_of_stream(asker, drawn, reserved) * drawn.within)
    return None


def _reserved(asker: Asker) -> _Reserved:
    confirmation = confirmation_to_ask(asker.project.pk)
    if confirmation is None:
        return _Reserved(
            asker.project.audit_share,
            _from_audit,
            lambda who: [_open_audit(who), _stale_audit(who)],
        )
    return _Reserved(
        confirmation.share,
        lambda who: _from_confirmation(who, confirmation),
        lambda who: [_fresh(who, confirmation)],
        last=[_from_audit],
    )


def _chance_of_stream(asker: Asker, drawn: Drawn, reserved: _Reserved) -> float:
    """The share of the reserved texts or its complement; 1 where the other stream is dry."""
    if drawn.draw in (Draw.AUDIT, Draw.CONFIRM):
        is_last = drawn.draw == Draw.AUDIT and bool(reserved.last)
        pool_has_more = not is_last and _has_any(_open_pool(asker), "random_rank")
        return reserved.share if pool_has_more else 1.0
    has_more = any(_has_any(rows, "audit_rank") for rows in reserved.candidates(asker))
    return 1.0 - reserved.share if has_more else 1.0


def _has_any(candidates: QuerySet[Example], order: str) -> bool:
    """Whether there is a row. Not `exists()`, which drops the order and with it the partial index."""
    return candidates.order_by(order).values_list("pk", flat=True).first() is not None


def _write(lease: Lease) -> bool:
    """Whether the lease is held now. Not if somebody, or this tab asking twice, was quicker
    (one_lease_per_example, one_lease_per_tab); that is no error, so it needs no savepoint.
    """
    Lease.objects.bulk_create([lease], ignore_conflicts=True)
    own = Lease.objects.filter(example=lease.example, annotator=lease.annotator, tab=lease.tab)
    lease.pk = own.values_list("pk", flat=True).first()
    return lease.pk is not None


def _lease(asker: Asker, drawn: Drawn, chance: float) -> Lease:
    return Lease(
        project=asker.project,
        example=drawn.example,
        annotator=asker.annotator,
        tab=asker.tab,
        claimed_at=asker.now,
        expires_at=leases.end_of_lease(asker.project, asker.now),
        draw=drawn.draw,
        chance=chance,
        **drawn.details,
    )


def _from_audit(asker: Asker) -> Drawn | None:
    """Stale answers first (a class was added since), then the next reserved text."""
    for candidates in (_stale_audit, _open_audit):
        if example := _lock_first(candidates(asker), "audit_rank", "id"):
            return Drawn(example, Draw.AUDIT, details={"reason": AUDIT_REASON})
    return None


def _from_confirmation(asker: Asker, confirmation: Confirmation) -> Drawn | None:
    """The next fresh text. No `fit_id`: that fit did not choose it."""
    example = _lock_first(_fresh(asker, confirmation), "audit_rank", "id")
    if example is None:
        return None
    reason = f"fresh and random, to confirm the model of fit {confirmation.fit_id}"
    return Drawn(example, Draw.CONFIRM, details={"reason": reason})


def _from_pool(asker: Asker) -> Drawn | None:
    return _from_incoming(asker) or _from_ranking(asker)


def _from_incoming(asker: Asker) -> Drawn | None:
    """Texts that a model in use sent back stand first, in the order in which they came."""
    rows = IncomingText.objects.filter(
        _free("example_id"),
        _unanswered_by(asker.annotator, "example_id"),
        project=asker.project,
        example__settled=False,
        example__role=Example.Role.POOL,
    )
    found = _lock_first(rows, "pk")
    return Drawn(found.example, Draw.INCOMING, details={"reason": found.reason}) if found else None


def _from_ranking(asker: Asker) -> Drawn | None:
    fit = newest_published_fit(asker.project.pk)
    if fit is None:
        return _from_seeds(asker)
    ranked = _lock_first(_unspent(asker, RankedExample.objects.filter(fit_id=fit.pk)), "rank")
    if ranked is None:
        why = "waits until more texts are read" if fit.n_ranked_from == 0 else "is used up"
        return _from_open_pool(asker, f"the queue of fit {fit.pk} {why}, so a random text")
    details = {
        "fit_id": fit.pk,
        "strategy": fit.strategy,
        "score": ranked.score,
        "rank": ranked.rank,
        "reason": ranked.reason,
    }
    return Drawn(ranked.example, Draw.QUEUE, details=details)


def _from_seeds(asker: Asker) -> Drawn | None:
    """No `fit_id`: there is no model, and the reason says so."""
    queue = serving_seed_queue(asker.project)
    if queue is None:
        return _from_open_pool(asker, "no ranking yet, so a random text")
    ranked = _lock_first(_unspent(asker, SeedExample.objects.filter(queue_id=queue.pk)), "rank")
    if ranked is None:
        return _from_open_pool(asker, "the first questions are used up, so a random text")
    details = {
        "strategy": queue.strategy,
        "score": ranked.score,
        "rank": ranked.rank,
        "reason": ranked.reason,
    }
    return Drawn(ranked.example, Draw.QUEUE, details=details)


def _from_open_pool(asker: Asker, reason: str) -> Drawn | None:
    open_audit = Example.objects.filter(
        project=asker.project, role=Example.Role.AUDIT, settled=False
    )
    counted = open_audit.order_by().values("project").annotate(n=Count("pk")).values("n")
    pool = _open_pool(asker).annotate(n_open_audit=Coalesce(Subquery(counted), 0))
    example: Any = _lock_first(pool, "random_rank")
    if example is None:
        return None
    # Pool texts without a label: from counters and the short list of open audit texts.
    n_open_pool = max(1, n_left(asker.project) - example.n_open_audit)
    return Drawn(example, Draw.RANDOM, 1 / n_open_pool, {"reason": reason})


def _lock_first(candidates: QuerySet[Row], *order: str) -> Row | None:
    """The first candidate that nobody else is just claiming, its row locked.

    Without the key, or the foreign keys of others' new leases would wait for it. A row that was
    answered between snapshot and lock is rechecked by PostgreSQL under the lock.
    """
    related, locked = "data_import", ["self"]
    if candidates.model is not Example:
        related, locked = "example__data_import", ["self", "example"]
    return (
        candidates.select_related(related)
        .select_for_update(of=locked, skip_locked=True, no_key=True)
        .order_by(*order)
        .first()
    )


def _open_audit(asker: Asker) -> QuerySet[Example]:
    return _examples(asker).filter(_blind(asker), role=Example.Role.AUDIT, settled=False)


def _fresh(asker: Asker, confirmation: Confirmation) -> QuerySet[Example]:
    return texts_of(confirmation).filter(
        _free("pk"), _unanswered_by(asker.annotator, "pk"), _blind(asker), settled=False
    )


def _open_pool(asker: Asker) -> QuerySet[Example]:
    return _examples(asker).filter(role=Example.Role.POOL, settled=False)


def _unspent(asker: Asker, places: QuerySet[Row]) -> QuerySet[Row]:
    """Those places of a queue that may be asked of this annotator now."""
    return places.filter(
        _free("example_id"),
        _unanswered_by(asker.annotator, "example_id"),
        spent=False,
        example__settled=False,
    )


def _stale_audit(asker: Asker) -> QuerySet[Example]:
    """Audit texts whose every answer is older than a class added since; asked again, blind."""
    answers = Annotation.objects.filter(
        example=OuterRef("pk"), annotator__isnull=False, state=Annotation.State.LABELLED
    )
    skipped = Annotation.objects.filter(
        example=OuterRef("pk"), annotator=asker.annotator, state=Annotation.State.SKIPPED
    )
    stale = Annotation.objects.filter(
        project=asker.project, stale=True, state=Annotation.State.LABELLED
    )
    return Example.objects.filter(
        _free("pk"),
        ~Exists(answers.filter(stale=False)),
        ~Exists(skipped),
        _blind(asker),
        role=Example.Role.AUDIT,
        project=asker.project,
        pk__in=stale.values("example_id"),
    )


def _examples(asker: Asker) -> QuerySet[Example]:
    return Example.objects.filter(
        _free("pk"), _unanswered_by(asker.annotator, "pk"), project=asker.project
    )


def _blind(asker: Asker) -> Q:
    """Random texts beside which the asker has looked at a model's guess are never asked of them."""
    return ~closed_for(asker.annotator, asker.project.pk)


def _free(example: str) -> Q:
    """Held by nobody (expired leases were freed before)."""
    return Q(~Exists(Lease.objects.filter(example=OuterRef(example))))


def _unanswered_by(annotator: User, example: str) -> Q:
    answered = (Annotation.State.SKIPPED, Annotation.State.LABELLED)
    mine = Annotation.objects.filter(
        example=OuterRef(example), annotator=annotator, state__in=answered
    )
    return Q(~Exists(mine))
