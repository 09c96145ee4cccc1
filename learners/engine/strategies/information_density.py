"""Information density: uncertain texts in crowded places, so that no outlier is asked.

Settles and Craven weigh a row's entropy by its mean similarity to the pool. The mean cosine to all
rows is the cosine's product with the mean of the unit rows, so the cost is one pass, where
modAL's `information_density` compares every pair.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from learners.engine.arrays import Floats, Ints, as_rows
from learners.engine.asking import finite_scores, require_model
from learners.engine.rows import Doubles, seen, unit_rows
from learners.engine.strategies import entropy
from learners.engine.strategies.base import Strategy, worded
from learners.engine.ties import best_rows

MAX_POOL = 20_000  # rows among which the density is measured
BETA = 1.0  # how much the density counts


def density(rows: Doubles) -> NDArray[np.float64]:
    """Mean cosine similarity to all rows, itself included, (n_rows,), in [0, 1].

    Below 0 it is taken as 0: such a row is as unlike the pool as can be.
    """
    units = unit_rows(rows)
    mean_cosine: Doubles = np.clip(units @ units.mean(axis=0), 0, 1)
    return mean_cosine


def information_density_sampling(
    learner: Any, X_pool: Any, n_instances: int = 1, *, rng: np.random.Generator, **kwargs: Any
) -> tuple[Ints, NDArray[np.float64]]:
    """The rows with the highest entropy × density^`BETA`, Settles and Craven 2008.

    Returns:
        Indices (n,) and scores (n,), from 0 to the logarithm of the number of classes.

    Raises:
        NotFitted, OneClassOnly: no model that tells classes apart.
    """
    require_model(learner, X_pool)
    if X_pool.shape[0] == 0:
        return np.empty(0, np.int64), np.empty(0)
    uncertainty = finite_scores(entropy.utility(learner, X_pool, **kwargs))
    scores = uncertainty * density(seen(learner, as_rows(X_pool))) ** BETA
    return best_rows(scores, X_pool, n_instances, rng=rng)


def explain(learner: Any, X_picked: Any, scores: Floats) -> list[str]:
    equals = np.exp(np.asarray(entropy.utility(learner, X_picked)))
    return worded("like many others, and as uncertain as between {:.1f} classes", equals)


STRATEGY = Strategy(
    name="information_density",
    label="Information density",
    description=(
        "Uncertain texts that are like many others, so that no outlier is asked. "
        f"Looks at {MAX_POOL:,} texts drawn at random from a larger pool."
    ),
    paper=(
        "Settles and Craven 2008, An analysis of active learning strategies for sequence labeling "
        "tasks, EMNLP"
    ),
    score_range="entropy in nats × mean cosine similarity, from 0 to the logarithm of the classes",
    query=information_density_sampling,
    explain=explain,
    max_pool=MAX_POOL,
    assumes="What is typical of the pool is what the model will be used on.",
    fails_when=(
        "One big class fills the middle of the pool: the questions stay there, and rare classes "
        "at its edge are never asked."
    ),
)
