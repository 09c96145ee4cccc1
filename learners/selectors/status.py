"""How the machine is doing with one project, in words that say what to do. No pool is counted."""

from dataclasses import dataclass
from datetime import datetime

from labeler.sending import broker_answers
from learners.models import Fit, RankedExample, SeedExample, SeedQueue, WorkerHeartbeat
from learners.selectors.banners import ALIVE_WITHIN, Banner, Facts, banners
from learners.selectors.embedding_progress import (
    EmbeddingProgress,
    embedding_progress,
    part_errors,
    static_made_since,
    texts_to_read,
)
from learners.selectors.parts import current_set, first_set
from learners.services.due_work import (
    decide_fit,
    is_running,
    label_changes_since_newest_attempt,
    names_train,
)
from learners.services.queue import serving_seed_queue
from projects.models import Project

__all__ = [
    "Banner",
    "EmbeddingProgress",
    "NotPublished",
    "ProjectStatus",
    "current_set",
    "project_status",
    "published_fit",
    "queue_left",
    "texts_to_read",
    "worker_is_alive",
]


class NotPublished(LookupError):
    """The project has no published fit yet."""


@dataclass(frozen=True)
class ProjectStatus:
    """What the pages show about worker, embedding, fits and queue. `why_no_fit`: a sentence.
    `seeds`: the first questions as ranked, while no fit is published; `queue_left` is then theirs.
    """

    worker_alive: bool
    worker_seen_at: datetime | None
    beat_alive: bool
    beat_seen_at: datetime | None
    broker_answers: bool
    embedding: EmbeddingProgress
    running_fit: Fit | None
    newest_fit: Fit | None
    published_fit: Fit | None
    changes_waiting: int
    batch_size: int
    why_no_fit: str
    queue_left: int
    serving_random_because: str
    banners: list[Banner]
    names_train: bool = False
    seeds: SeedQueue | None = None


def published_fit(project_id: int) -> Fit:
    """The fit whose model and queue are in use: the newest that was published.

    Raises:
        NotPublished: none was yet.
    """
    fit = Fit.objects.filter(project_id=project_id, status=Fit.Status.PUBLISHED).last()
    if fit is None:
        raise NotPublished("No model has been trained for this project yet.")
    return fit


def worker_is_alive(now: datetime) -> bool:
    """Whether some worker gave a sign of life within the last few heartbeats."""
    return WorkerHeartbeat.objects.filter(kind="worker", seen_at__gt=now - ALIVE_WITHIN).exists()


def queue_left(fit: Fit) -> int:
    """Texts of this fit's queue that nobody has answered or skipped since."""
    return RankedExample.objects.filter(fit=fit, spent=False).count()


def seeds_left(queue: SeedQueue) -> int:
    """First questions that nobody has answered or skipped since they were ranked."""
    return SeedExample.objects.filter(queue=queue, spent=False).count()


def project_status(project: Project, now: datetime, *, ask_broker: bool = False) -> ProjectStatus:
    """Everything the pages say about the machine, from about ten indexed queries.

    `ask_broker` also asks the broker for a sign of life, which takes up to 0.2 s.
    """
    seen = _last_seen()
    newest = Fit.objects.filter(project=project).last()
    published = (
        Fit.objects.filter(project=project, status=Fit.Status.PUBLISHED).last()
        if newest and newest.status != Fit.Status.PUBLISHED
        else newest
    )
    seeds = None if published else serving_seed_queue(project)
    left = queue_left(published) if published else seeds_left(seeds) if seeds else 0
    embedding = embedding_progress(project, first_set(project), now)
    facts = Facts(
        project=project,
        now=now,
        worker_seen_at=seen.get("worker"),
        beat_seen_at=seen.get("beat"),
        broker=broker_answers() if ask_broker else True,
        embedding=embedding,
        part_errors=part_errors(project),
        static_made_since=static_made_since(project, now),
        newest=newest,
        published=published,
        seeds=seeds,
        changes=label_changes_since_newest_attempt(project.pk),
        left=left,
    )
    return ProjectStatus(
        worker_alive=facts.worker_alive,
        worker_seen_at=facts.worker_seen_at,
        beat_alive=facts.beat_alive,
        beat_seen_at=facts.beat_seen_at,
        broker_answers=facts.broker,
        embedding=embedding,
        running_fit=newest if newest and is_running(newest, now) else None,
        newest_fit=newest,
        published_fit=published,
        changes_waiting=facts.changes,
        batch_size=project.batch_size,
        why_no_fit=decide_fit(project.pk, now).why_not,
        queue_left=left,
        serving_random_because=facts.serving_random_because,
        banners=banners(facts),
        names_train=names_train(project),
        seeds=seeds,
    )


def _last_seen() -> dict[str, datetime]:
    rows = WorkerHeartbeat.objects.order_by("seen_at").values_list("kind", "seen_at")
    return dict(rows)  # ordered, so the newest of each kind stays
