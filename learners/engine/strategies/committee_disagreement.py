"""Committee, disagreement: ask where one model differs most from the mean of all."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from learners.engine.arrays import Floats, Ints, as_rows
from learners.engine.asking import finite_scores
from learners.engine.committees import N_MEMBERS, make_committee
from learners.engine.strategies.base import Strategy, worded
from learners.engine.ties import best_rows

MAX_POOL = 10_000


def committee_disagreement_sampling(
    learner: Any, X_pool: Any, n_instances: int = 1, *, rng: np.random.Generator, **kwargs: Any
) -> tuple[Ints, NDArray[np.float64]]:
    """The rows where some member's Kullback-Leibler divergence from the mean is highest.

    The committee is trained here, on bootstrap samples of the learner's training rows; its
    resampling and the ties are drawn from `rng`.

    Returns:
        Indices (n,) and scores (n,), the divergence in nats, from 0 to ln `N_MEMBERS`.

    Raises:
        NotFitted, OneClassOnly: no model that tells classes apart, or none that keeps its rows.
        BadAnswer: a multi-label learner.
    """
    from modAL.disagreement import KL_max_disagreement  # noqa: PLC0415  modAL imports torch

    committee = make_committee(learner, X_pool, rng)
    if X_pool.shape[0] == 0:
        return np.empty(0, np.int64), np.empty(0)
    scores = finite_scores(KL_max_disagreement(committee, as_rows(X_pool), **kwargs))
    return best_rows(scores, X_pool, n_instances, rng=rng)


def explain(learner: Any, X_picked: Any, scores: Floats) -> list[str]:
    return worded(f"one of {N_MEMBERS} models differs by {{:.2f}} nats from their mean", scores)


STRATEGY = Strategy(
    name="committee_disagreement",
    label="Committee, disagreement",
    description=(
        "Texts on which one of five models, trained on resampled labels, differs most from their mean. "
        f"Looks at {MAX_POOL:,} texts drawn at random from a larger pool."
    ),
    paper="McCallum and Nigam 1998, Employing EM and pool-based active learning for text classification, ICML",
    score_range="Kullback-Leibler divergence in nats, from 0 to the logarithm of 5",
    query=committee_disagreement_sampling,
    explain=explain,
    max_pool=MAX_POOL,
    assumes="Models trained on slightly different labels disagree where labels are missing.",
    fails_when="A class has one label or two: each resampling repeats them, and the members cannot differ there.",
)
