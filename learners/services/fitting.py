"""One attempt to train, measure and rank: from the labels that stand to a published queue."""

import logging
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Any
from uuid import UUID

import numpy as np
from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from numpy.typing import NDArray

from learners.engine.errors import EngineError
from learners.engine.heads.keeping import head_from
from learners.engine.intervals import Interval
from learners.engine.ranking import Ranking, rank_pool
from learners.engine.strategies import get_strategy
from learners.models import Fit, FitRequest
from learners.selectors.training import TrainingSet, n_audit_skipped, training_set
from learners.services.compaction import Superseded
from learners.services.due_work import decide_fit, reap_dead_fits, retry_wait
from learners.services.embedders import LoadEmbedder, current_embedder
from learners.services.embedding import Clock
from learners.services.heartbeat import Heartbeat, process_name
from learners.services.honesty import honest_numbers
from learners.services.label_sets import Found, check_kinds, sets_found, trained_on_sets
from learners.services.material import Material, gather
from learners.services.measuring import audit_scores, test_split_scores, why_unmeasured
from learners.services.publishing import Outcome, publish
from projects.models import Example, Project

if TYPE_CHECKING:
    from learners.engine.learner import ActiveLearner

logger = logging.getLogger(__name__)

LONGEST_FIT_SECONDS = 3600.0  # a fit that takes longer hangs
PACKAGES = ("scikit-learn", "numpy", "modAL-python", "sentence-transformers", "torch")


@dataclass(frozen=True)
class Started:
    """A fit that this task, and no other, may run, and the labels as of its `upto_seq`."""

    fit: Fit
    training: TrainingSet


def run_fit(
    *,
    project_id: int,
    token: UUID,
    clock: Clock,
    load: LoadEmbedder = current_embedder,
    worker: str = "",
) -> Fit | None:
    """Fit, measure, rank and publish if that is due now.

    However often it is called, one fit runs at a time, and one for each due batch. An error of
    strategy, head or embedder is stored on the fit, to be tried again after a wait; the queue
    published before keeps serving.

    Returns:
        The attempt, published or failed; None when nothing was due.
    """
    started = start_fit(project_id=project_id, token=token, now=clock(), worker=worker)
    if started is None:
        return None
    fit = started.fit
    with Heartbeat(
        lambda: _mine(fit).update(heartbeat_at=clock()), longest_seconds=LONGEST_FIT_SECONDS
    ):
        try:
            outcome = compute(fit=fit, training=started.training, clock=clock, load=load)
            publish(fit=fit, outcome=outcome, now=clock())
        except Superseded:
            logger.warning("fit %s was taken for dead; its result is thrown away", fit.pk)
        except Exception as error:
            logger.exception("fit %s of project %s failed", fit.pk, project_id)
            fail_fit(fit=fit, error=error, now=clock())
    fit.refresh_from_db()
    return fit


def start_fit(*, project_id: int, token: UUID, now: datetime, worker: str = "") -> Started | None:
    """Begin a fit if one is due, under the project's lock: the lock that every answer takes, so
    that the labels read here are those up to `upto_seq` exactly.
    """
    with transaction.atomic():
        project = (
            Project.objects.select_for_update(no_key=True)
            .filter(pk=project_id, binned_at__isnull=True)
            .first()
        )
        if project is None:
            return None
        reap_dead_fits(now, project_id)
        decision = decide_fit(project_id, now)
        if not decision.due:
            return None
        training = training_set(project_id)
        fit = Fit.objects.create(
            project=project,
            token=token,
            attempt=decision.attempt,
            forced=decision.forced,
            due_at=decision.due_at or now,
            started_at=now,
            heartbeat_at=now,
            wait_seconds=max(0.0, (now - (decision.due_at or now)).total_seconds()),
            worker=worker or process_name(),
            **plan(project, project.seq),
        )
        FitRequest.objects.filter(project=project).delete()
    return Started(fit, training)


def plan(project: Project, upto_seq: int) -> dict[str, Any]:
    """The columns that say what a fit is of, so that the same fit can be computed again."""
    return {
        "strategy": project.strategy,
        "head": project.head,
        "features": project.features,
        "label_names": project.label_names,
        "strict_audit": project.strict_audit,
        "upto_seq": upto_seq,
        "seed": fit_seed(project.seed, upto_seq),
    }


def fit_seed(project_seed: int, upto_seq: int) -> int:
    """Derived, not drawn, and from what the ledger keeps: a rebuilt fit gets the same seed."""
    entropy = np.random.SeedSequence([abs(project_seed), upto_seq])
    return int(entropy.generate_state(1, np.uint64)[0] >> np.uint64(1))  # fits a signed 64 bits


def compute(
    *,
    fit: Fit,
    training: TrainingSet,
    clock: Clock,
    load: LoadEmbedder = current_embedder,
    rank: bool = True,
) -> Outcome:
    """Everything a fit finds, from the labels `training`; nothing is written.

    Raises:
        EngineError: strategy, head or embedder cannot do it; the message says why.
    """
    rngs = _generators(fit)
    begun = clock()
    material = gather(fit=fit, training=training, load=load)
    check_kinds(fit)
    learner = trained_learner(fit, material)
    found = (_found if training.label_sets is None else sets_found)(fit, material, learner, rngs)
    trained = clock()
    ranking, pool_notes, n_pool = (
        _ranked(fit, learner, material, rngs[3]) if rank else (None, [], None)
    )
    columns = {
        **_counts(fit, training, found.scores),
        "embedder": material.parts[0].name,
        "embedder_digest": material.parts[0].digest,
        "parts": material.digests,
        "pool_upto": material.sample.upto if material.sample else None,
        "n_pool_sample": len(material.sample.ids) if material.sample else None,
        "versions": {package: version(package) for package in PACKAGES},
        "fit_seconds": (trained - begun).total_seconds(),
        "score_seconds": (clock() - trained).total_seconds(),
        "n_ranked_from": ranking.n_pool if ranking else fit.n_ranked_from,
        "n_pool": n_pool if ranking else fit.n_pool,
    }
    notes = [*found.notes, *material.notes, *pool_notes]
    return Outcome(found.head, found.scores, ranking, notes, columns, found.numbers)


def _found(
    fit: Fit, material: Material, learner: "ActiveLearner", rngs: list[np.random.Generator]
) -> Found:
    """The head of a fit, how good it is, and the numbers behind that."""
    head = head_from(learner.estimator)
    audited = audit_scores(fit=fit, material=material, rng_folds=rngs[0], rng_bootstrap=rngs[1])
    numbers = honest_numbers(
        fit=fit, material=material, head=head, measured=audited.rows, crossed=audited.crossed
    )
    scores = audited.scores | numbers.scores
    scores |= test_split_scores(head=head, material=material, rng=rngs[2])
    return Found(head, scores, audited.notes, numbers)


def trained_learner(fit: Fit, material: Material) -> "ActiveLearner":
    """The learner of a fit, on the classes' names where they are examples, and on the labels: all
    of them, or under the strict setting those that were not drawn to measure.

    Raises:
        OneClassOnly, BadVectors, UnknownHead: it cannot be trained; the message says why.
    """
    from learners.engine.training import train_learner  # noqa: PLC0415  modAL imports torch

    if material.training.label_sets is not None:
        return trained_on_sets(fit, material, get_strategy(fit.strategy))
    trains = ~material.training.is_audit if fit.strict_audit else slice(None)
    return train_learner(
        head=fit.head,
        X=material.X[trains],
        y=material.y[trains],
        names=material.names,
        pool=material.pool,
        query_strategy=get_strategy(fit.strategy),
        rng=_generators(fit)[4],
    )


def rank_open_pool(
    *, fit: Fit, training: TrainingSet, load: LoadEmbedder = current_embedder
) -> tuple[Ranking, int]:
    """The queue of a fit computed again, over what is embedded by now; nothing is written.

    The same head on the same labels with the same generator: only the pool has grown.

    Returns:
        The ranking, and how many texts of the pool had no label at `upto_seq`.

    Raises:
        EngineError: strategy or embedder cannot do it; the message says why.
    """
    material = gather(fit=fit, training=training, load=load)
    ranking, _, n_pool = _ranked(fit, trained_learner(fit, material), material, _generators(fit)[3])
    return ranking, n_pool


def _generators(fit: Fit) -> list[np.random.Generator]:
    """For folds, bootstrap, test split, ranking and training: one each, so that none shifts another."""
    return [np.random.default_rng([fit.seed, purpose]) for purpose in range(5)]


def _ranked(
    fit: Fit, learner: "ActiveLearner", material: Material, rng: np.random.Generator
) -> tuple[Ranking, list[str], int]:
    """The queue over the pool texts without a label at `upto_seq`, as far as they are embedded."""
    strategy = get_strategy(fit.strategy)
    pool = pool_ids(fit.project_id)
    open_pool = np.setdiff1d(pool, material.training.example_ids)
    ranking = rank_pool(
        learner=learner,
        strategy=strategy,
        blocks=material.blocks(open_pool),
        n_queue=settings.LABELER_QUEUE_LENGTH,
        rng=rng,
    )
    note = partly_ranked(ranking.n_pool, len(open_pool))
    return ranking, [note] if note else [], len(open_pool)


def partly_ranked(n_ranked: int, n_open: int) -> str:
    """What a reader must know of a queue over a part of the pool; nothing where it is all of it."""
    if n_ranked >= n_open:
        return ""
    return f"Ranked {n_ranked:,} of {n_open:,} open texts: the others were not read yet."


def pool_ids(project_id: int) -> NDArray[np.int64]:
    """Texts that may be ranked: none that measures or lies in a test split, (n,)."""
    rows = Example.objects.filter(project_id=project_id, role=Example.Role.POOL)
    return np.fromiter(rows.values_list("pk", flat=True).iterator(20_000), np.int64)


def _counts(fit: Fit, training: TrainingSet, scores: dict[str, Interval]) -> dict[str, object]:
    accuracy = scores.get("accuracy") or scores.get("exact_match")
    return {
        "n_labels": len(training),
        "n_known": training.n_known,
        "n_audit": accuracy.n if accuracy else 0,
        "n_audit_skipped": n_audit_skipped(fit.project_id, fit.upto_seq),
        "unmeasured_because": "" if accuracy else why_unmeasured(fit, training),
    }


def fail_fit(*, fit: Fit, error: Exception, now: datetime) -> None:
    """Store what went wrong, in words, and when it is tried again."""
    text = str(error) if isinstance(error, EngineError) else f"{type(error).__name__}: {error}"
    _mine(fit).update(
        status=Fit.Status.FAILED,
        error=text,
        finished_at=now,
        heartbeat_at=now,
        retry_at=now + retry_wait(fit.attempt),
    )


def _mine(fit: Fit) -> QuerySet[Fit]:
    """The fit's row while this task may write to it, nothing afterwards."""
    return Fit.objects.filter(pk=fit.pk, token=fit.token, status=Fit.Status.RUNNING)
