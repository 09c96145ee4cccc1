"""The first questions, ranked: what is asked until there can be a model."""

import logging
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import numpy as np
from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from learners.engine.errors import EngineError
from learners.engine.first_questions import first_strategy, rank_first_questions
from learners.engine.ranking import Ranking
from learners.models import Fit, SeedExample, SeedQueue
from learners.selectors.parts import first_set
from learners.selectors.training import TrainingSet, training_set
from learners.services.compaction import Superseded
from learners.services.due_work import retry_wait
from learners.services.embedders import LoadEmbedder, current_embedder
from learners.services.embedding import Clock
from learners.services.fitting import fit_seed, pool_ids
from learners.services.heartbeat import Heartbeat, process_name
from learners.services.material import gather
from learners.services.publishing import open_places
from learners.services.seeds_due import reap_dead_rankings, seeds_are_due
from projects.models import Project

logger = logging.getLogger(__name__)

LONGEST_RANKING_SECONDS = 3600.0  # one that takes longer hangs
RANKING = 3  # the generator's purpose, as of a fit
NO_HEAD = "logistic"  # never trained; one that learns from the pool would have vectors gathered


@dataclass(frozen=True)
class Started:
    """A ranking that this task, and no other, may write, and of what it is."""

    queue: SeedQueue
    project: Project
    training: TrainingSet
    digest: str
    n_read: int


def rank_first(
    *,
    project_id: int,
    token: UUID,
    clock: Clock,
    load: LoadEmbedder = current_embedder,
    worker: str = "",
) -> SeedQueue | None:
    """Rank the first questions of a project if that is due now.

    An error is stored on the row for the pages to show, to be tried again after a wait; what was
    ranked before keeps serving.

    Returns:
        The row, with a new ranking or an error; None when nothing was due or a fit came first.
    """
    started = _start(project_id, token, clock(), worker)
    if started is None:
        return None
    mine = _mine(started.queue)
    with Heartbeat(
        lambda: mine.update(heartbeat_at=clock()), longest_seconds=LONGEST_RANKING_SECONDS
    ):
        try:
            ranking, n_pool = _ranked(started, load)
            _serve(started, ranking, n_pool, clock())
        except Superseded:
            logger.warning("a ranking of project %s was given up; it is thrown away", project_id)
        except Exception as error:
            logger.exception("ranking the first questions of project %s failed", project_id)
            _fail(started.queue, error, clock())
    return SeedQueue.objects.filter(pk=started.queue.pk).first()


def _start(project_id: int, token: UUID, now: datetime, worker: str) -> Started | None:
    """Under the project's lock, which every answer takes: the labels are those up to its `seq`."""
    with transaction.atomic():
        rows = Project.objects.select_for_update(no_key=True)
        project = rows.filter(pk=project_id, binned_at__isnull=True).first()
        if project is None:
            return None
        reap_dead_rankings(now, project_id)
        source = first_set(project)
        if source is None or not seeds_are_due(project_id, now):
            return None
        queue, _ = SeedQueue.objects.get_or_create(project=project)
        queue.token, queue.attempt = token, queue.attempt + 1
        queue.started_at = queue.heartbeat_at = now
        queue.worker = worker or process_name()
        queue.save(update_fields=["token", "attempt", "started_at", "heartbeat_at", "worker"])
        return Started(queue, project, training_set(project_id), source.digest, source.n_done)


def _ranked(started: Started, load: LoadEmbedder) -> tuple[Ranking, int]:
    """The open pool as far as it is embedded, and how many texts of it there are."""
    project, training = started.project, started.training
    material = gather(fit=_as_a_fit(project), training=training, load=load)
    tells = ~training.is_audit | (not project.strict_audit)
    open_pool = np.setdiff1d(pool_ids(project.pk), training.example_ids)
    sets = training.label_sets
    ranking = rank_first_questions(
        strategy=project.strategy,
        X=material.X[tells],
        y=(material.y if sets is None else sets.answers)[tells],
        blocks=material.blocks(open_pool),
        n_queue=settings.LABELER_QUEUE_LENGTH,
        rng=np.random.default_rng([fit_seed(project.seed, project.seq), RANKING]),
    )
    assert ranking is not None  # random choice is never due
    return ranking, len(open_pool)


def _as_a_fit(project: Project) -> Fit:
    """What vectors are gathered for: a fit that is never stored."""
    return Fit(project=project, head=NO_HEAD, features=project.features, upto_seq=project.seq)


def _serve(started: Started, ranking: Ranking, n_pool: int, now: datetime) -> None:
    """The new ranking takes the old one's place at once.

    Raises:
        Superseded: it was taken for dead, or a fit was published; nothing was written.
    """
    project, queue = started.project, started.queue
    with transaction.atomic():
        # The lock that every answer takes: none can settle a text between look and insert.
        Project.objects.select_for_update(no_key=True).get(pk=project.pk)
        written = _mine(queue).update(
            token=None,
            attempt=0,
            error="",
            retry_at=None,
            ranked_at=now,
            asked_for=project.strategy,
            strategy=first_strategy(project.strategy),
            features=project.features,
            embedder_digest=started.digest,
            upto_seq=project.seq,
            n_read=started.n_read,
            n_ranked_from=ranking.n_pool,
            n_pool=n_pool,
        )
        if not written:
            raise Superseded
        SeedExample.objects.filter(queue=queue).delete()
        SeedExample.objects.bulk_create(
            SeedExample(queue=queue, **place) for place in open_places(ranking)
        )


def _fail(queue: SeedQueue, error: Exception, now: datetime) -> None:
    """Store what went wrong, in words, and when it is tried again."""
    text = str(error) if isinstance(error, EngineError) else f"{type(error).__name__}: {error}"
    _mine(queue).update(token=None, error=text, retry_at=now + retry_wait(queue.attempt))


def _mine(queue: SeedQueue) -> QuerySet[SeedQueue]:
    """The row while this task may write to it, nothing afterwards."""
    return SeedQueue.objects.filter(pk=queue.pk, token=queue.token)
