"""Committee, consensus: ask where the mean of several models is uncertain.

Averaging models trained on resampled labels makes the probabilities steadier than one model's.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from learners.engine.arrays import Floats, Ints, as_rows
from learners.engine.asking import finite_scores
from learners.engine.committees import N_MEMBERS, make_committee
from learners.engine.strategies.base import Strategy, worded
from learners.engine.ties import best_rows

MAX_POOL = 10_000


def committee_consensus_sampling(
    learner: Any, X_pool: Any, n_instances: int = 1, *, rng: np.random.Generator, **kwargs: Any
) -> tuple[Ints, NDArray[np.float64]]:
    """The rows whose mean probabilities have the highest entropy. modAL's consensus entropy.

    The committee is trained here, on bootstrap samples of the learner's training rows; its
    resampling and the ties are drawn from `rng`.

    Returns:
        Indices (n,) and scores (n,), the entropy in nats, from 0 to the logarithm of the number of classes.

    Raises:
        NotFitted, OneClassOnly: no model that tells classes apart, or none that keeps its rows.
        BadAnswer: a multi-label learner.
    """
    from modAL.disagreement import consensus_entropy  # noqa: PLC0415  modAL imports torch

    committee = make_committee(learner, X_pool, rng)
    if X_pool.shape[0] == 0:
        return np.empty(0, np.int64), np.empty(0)
    scores = finite_scores(consensus_entropy(committee, as_rows(X_pool), **kwargs))
    return best_rows(scores, X_pool, n_instances, rng=rng)


def explain(learner: Any, X_picked: Any, scores: Floats) -> list[str]:
    return worded(
        f"the mean of {N_MEMBERS} models is as uncertain as between {{:.1f}} classes",
        np.exp(scores),
    )


STRATEGY = Strategy(
    name="committee_consensus",
    label="Committee, consensus",
    description=(
        "Texts on which five models, trained on resampled labels, are uncertain on average. "
        f"Looks at {MAX_POOL:,} texts drawn at random from a larger pool."
    ),
    paper="Abe and Mamitsuka 1998, Query learning strategies using boosting and bagging, ICML; Settles 2009, section 3.2",
    score_range="entropy of the mean probabilities in nats, from 0 to the logarithm of the number of classes",
    query=committee_consensus_sampling,
    explain=explain,
    max_pool=MAX_POOL,
    assumes="Models trained on slightly different labels disagree where labels are missing.",
    fails_when="There are many classes and few labels: then nearly every text is uncertain among all classes.",
)
