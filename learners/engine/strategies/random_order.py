"""Random sampling: the yardstick for every other strategy."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from learners.engine.arrays import Floats, Ints
from learners.engine.strategies.base import Strategy
from learners.engine.ties import best_rows


def utility(learner: Any, X: Any, **predict_proba_kwargs: Any) -> Floats:
    """(n_rows,), all 0: every row is as good as any other, and the seeded tie-break decides."""
    return np.zeros(X.shape[0])


def random_sampling(
    learner: Any, X_pool: Any, n_instances: int = 1, *, rng: np.random.Generator, **kwargs: Any
) -> tuple[Ints, NDArray[np.float64]]:
    """`n_instances` rows, uniformly at random without replacement. Needs no trained model."""
    return best_rows(utility(learner, X_pool), X_pool, n_instances, rng=rng)


def explain(learner: Any, X_picked: Any, scores: Floats) -> list[str]:
    return ["drawn at random"] * len(scores)


STRATEGY = Strategy(
    name="random",
    label="Random",
    description="Texts in random order. Learns slower than the others on most data, but cannot mislead.",
    paper="Simple random sampling; the baseline in Settles 2009, Active Learning Literature Survey",
    score_range="0 for every text",
    query=random_sampling,
    explain=explain,
    utility=utility,
    needs_model=False,
    for_="both",
    assumes="Nothing: this is what every other strategy has to beat.",
    fails_when="A class is rare, so that few of its texts come up.",
)
