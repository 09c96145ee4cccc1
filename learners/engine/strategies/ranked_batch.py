"""Ranked batch: uncertain texts that are also unlike the labelled ones and unlike each other.

The ranking is modAL's `uncertainty_batch_sampling`. Every pick compares the whole pool with all
labelled and picked rows again, so its cost is picks × pool × labels: on one core, 50 picks from
1,000 rows with 1,000 labels take two seconds, and a pool of 24,000 would take minutes.
Hence `MAX_POOL` and `MAX_QUEUE`.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics.pairwise import pairwise_distances, pairwise_distances_argmin_min

from learners.engine.arrays import Floats, Ints, as_rows
from learners.engine.asking import require_model
from learners.engine.errors import NotFitted
from learners.engine.strategies.base import Strategy, worded
from learners.engine.ties import row_keys, salt, settled

MAX_POOL = 1_000
MAX_QUEUE = 50


@dataclass(frozen=True)
class _Bounded:
    """A learner as modAL's ranking sees it: the candidates' probabilities, known already, and only
    the training rows that can matter, transformed already."""

    probabilities: Floats
    X_training: Any
    on_transformed: bool = False

    def predict_proba(self, X: Any) -> Floats:
        return self.probabilities


def ranked_batch_sampling(
    learner: Any, X_pool: Any, n_instances: int = 1, *, rng: np.random.Generator, **kwargs: Any
) -> tuple[Ints, NDArray[np.float64]]:
    """`n_instances` rows, each chosen with regard to those before it. Cardoso et al. 2017.

    With U rows not picked yet and L labelled or picked ones, the next pick is the highest
    α·(1 − 1/(1 + d)) + (1 − α)·u, where d is the Euclidean distance to the nearest of the L rows,
    u = 1 − P(likeliest class) and α = U/(U + L). Of a pool above `MAX_POOL` rows, a random subset
    is ranked. With more labelled rows than candidates, each candidate's nearest stand for all:
    d stays exact, L becomes their number.

    Args:
        learner: trained, and keeping its `X_training`, as every modAL learner does.

    Returns:
        Indices (n,) and scores (n,) in [0, 1]: the formula's value at the pick, as a running
        minimum, because α changes from pick to pick.

    Raises:
        NotFitted: no trained model, or none that keeps its training rows.
    """
    from modAL.batch import uncertainty_batch_sampling  # noqa: PLC0415  modAL imports torch

    require_model(learner, X_pool)
    if getattr(learner, "X_training", None) is None:
        raise NotFitted("ranked batch needs the labelled rows too: train through the ActiveLearner")
    # Sorted by a seeded hash of the content: modAL breaks ties by row number.
    keys = row_keys(X_pool, salt(rng))
    order = np.lexsort((rng.permutation(len(keys)), keys))[: max(MAX_POOL, n_instances)]
    if not len(order) or n_instances < 1:
        return np.empty(0, np.int64), np.empty(0)
    candidates = as_rows(X_pool[order])
    probabilities = learner.predict_proba(candidates, **kwargs)
    rows, labelled = _seen(learner, candidates), _seen(learner, as_rows(learner.X_training))
    bounded = _Bounded(probabilities, _that_matter(labelled, rows))
    picks, uncertainty = uncertainty_batch_sampling(bounded, rows, n_instances)
    scores = _scores(rows[picks], bounded.X_training, uncertainty, len(order))
    return order[picks].astype(np.int64), scores


def _seen(learner: Any, X: Any) -> Any:
    """Rows as distances are measured on: through the learner's pipeline where it asks for that."""
    transformed = getattr(learner, "on_transformed", False)
    return learner.transform_without_estimating(X) if transformed else X


def _that_matter(labelled: Any, candidates: Any) -> Any:
    """All labelled rows, or each candidate's nearest when they are more than the candidates."""
    if labelled.shape[0] <= candidates.shape[0]:
        return labelled
    nearest, _ = pairwise_distances_argmin_min(candidates, labelled)
    return labelled[np.unique(nearest)]


def _scores(picked: Any, labelled: Any, uncertainty: Floats, n_pool: int) -> NDArray[np.float64]:
    """The formula's value for each pick, from the state it was picked in."""
    steps = np.arange(picked.shape[0])
    _, distances = pairwise_distances_argmin_min(picked, labelled)
    to_earlier = np.where(steps < steps[:, None], pairwise_distances(picked), np.inf)
    distances = np.minimum(distances, to_earlier.min(axis=1))
    alpha = (n_pool - steps) / (n_pool + labelled.shape[0])
    scores = alpha * (1 - 1 / (1 + distances)) + (1 - alpha) * uncertainty
    return settled(np.minimum.accumulate(scores))


def explain(learner: Any, X_picked: Any, scores: Floats) -> list[str]:
    likeliest = np.asarray(learner.predict_proba(as_rows(X_picked))).max(axis=1)
    template = "unlike the labelled texts and those before it; its likeliest class has {:.2f}"
    return worded(template, likeliest)


STRATEGY = Strategy(
    name="ranked_batch",
    label="Ranked batch",
    description=(
        "Uncertain texts that differ from the labelled ones and from each other. "
        f"Ranks {MAX_POOL:,} texts drawn at random from the pool, and queues {MAX_QUEUE} of them."
    ),
    paper="Cardoso et al. 2017, Ranked batch-mode active learning, Information Sciences 379",
    score_range="novelty and uncertainty, weighted, from 0 to 1",
    query=ranked_batch_sampling,
    explain=explain,
    max_pool=MAX_POOL,
    max_queue=MAX_QUEUE,
    assumes="Texts far from the labelled ones are worth more than close decisions, while labels are few.",
    fails_when="The pool has outliers: they are far from everything, and come first.",
)
