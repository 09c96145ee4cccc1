"""When the first questions are ranked: decided from rows alone, as all due work. Nothing heavy here."""

from datetime import datetime

from django.db.models import Exists, OuterRef, Q, QuerySet

from learners.engine.first_questions import are_ranked
from learners.models import EmbeddingSet, Fit, SeedQueue
from learners.selectors.parts import first_set
from learners.services.due_work import (
    RANK_AGAIN_FROM,
    STALE_AFTER,
    fit_is_due,
    is_batch_full,
    names_train,
    newest_attempt,
    retry_wait,
)
from projects.models import Project

DIED = "The worker died while it ranked the first questions."


def projects_to_seed(now: datetime) -> list[int]:
    """Projects whose first questions should be ranked now."""
    candidates = Project.objects.filter(
        ~Exists(Fit.objects.filter(project=OuterRef("pk"))),
        Exists(EmbeddingSet.objects.filter(project=OuterRef("pk"), n_done__gt=0)),
        binned_at__isnull=True,
    )
    projects = candidates.order_by("pk").values_list("pk", flat=True)
    return [pk for pk in projects if seeds_are_due(pk, now)]


def seeds_are_due(project_id: int, now: datetime) -> bool:
    """Whether a worker should rank the first questions of this project now.

    Only before the first attempt at a fit, where neither labels nor names of classes train one, and
    as soon as texts are embedded: where there is no ranking yet, another strategy or other vectors
    than its own, a batch of label changes after it, or twice as many texts embedded (and
    `RANK_AGAIN_FROM` more) or all of them. Not while a live task is at it, nor in the wait after
    a failure.
    """
    project = Project.objects.filter(pk=project_id, binned_at__isnull=True).first()
    if project is None or not are_ranked(project.strategy) or newest_attempt(project_id):
        return False
    source = first_set(project)
    if source is None or not source.n_done or names_train(project) or fit_is_due(project_id, now):
        return False
    row = SeedQueue.objects.filter(project=project).first()
    if row is None:
        return True
    waits = row.retry_at is not None and row.retry_at > now
    if waits or is_ranking(row, now):
        return False
    return bool(row.error) or row.ranked_at is None or _is_outdated(row, project, source)


def is_ranking(row: SeedQueue, now: datetime) -> bool:
    """Whether the worker of a running ranking still shows signs of life."""
    fresh = row.heartbeat_at is not None and row.heartbeat_at > now - STALE_AFTER
    return row.token is not None and fresh


def _is_outdated(row: SeedQueue, project: Project, source: EmbeddingSet) -> bool:
    made_for = (row.asked_for, row.features, row.embedder_digest)
    if made_for != (project.strategy, project.features, source.digest):
        return True
    grown = source.n_done > row.n_read
    enough = source.n_done >= 2 * row.n_read + RANK_AGAIN_FROM
    if grown and (source.finished_at or enough):
        return True
    return is_batch_full(project.pk, row.upto_seq, project.batch_size)


def reap_dead_rankings(now: datetime, project_id: int | None = None) -> int:
    """Call rankings failed whose worker shows no sign of life any more; what they still write is
    thrown away. Returns how many.
    """
    dead = SeedQueue.objects.filter(
        Q(heartbeat_at__isnull=True) | Q(heartbeat_at__lte=now - STALE_AFTER), token__isnull=False
    )
    if project_id is not None:
        dead = dead.filter(project_id=project_id)
    return sum(_reap(dead, row, now) for row in dead)


def _reap(dead: QuerySet[SeedQueue], row: SeedQueue, now: datetime) -> int:
    seen_at = row.heartbeat_at or now
    retry_at = seen_at + retry_wait(row.attempt)
    return dead.filter(pk=row.pk, token=row.token).update(token=None, error=DIED, retry_at=retry_at)
