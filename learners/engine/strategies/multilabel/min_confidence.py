"""Minimum confidence: ask where any one class is a coin toss.

The least confident of the yes-or-no decisions decides alone.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from learners.engine.arrays import Floats, Ints
from learners.engine.strategies.base import Strategy, pick_by, worded
from learners.engine.strategies.multilabel.decisions import confidence


def utility(learner: Any, X: Any, **predict_proba_kwargs: Any) -> Floats:
    """−min over classes of |2·P − 1|, (n_rows,), in [−1, 0]. Esuli and Sebastiani 2009."""
    score: Floats = -confidence(learner, X, **predict_proba_kwargs).min(axis=1)
    return score


def min_confidence_sampling(
    learner: Any, X_pool: Any, n_instances: int = 1, *, rng: np.random.Generator, **kwargs: Any
) -> tuple[Ints, NDArray[np.float64]]:
    """The rows with the least confident decision. Raises `NotFitted` on an untrained model."""
    return pick_by(utility, learner, X_pool, n_instances, rng=rng, **kwargs)


def explain(learner: Any, X_picked: Any, scores: Floats) -> list[str]:
    return worded("the least confident of its decisions is {:.2f} from a coin toss", -scores / 2)


STRATEGY = Strategy(
    name="multilabel_min_confidence",
    label="Least confident class",
    description="Texts on which any one class is close to a coin toss.",
    paper="Esuli and Sebastiani 2009, Active Learning Strategies for Multi-Label Text Classification, ECIR",
    score_range="−|2·P − 1| of the closest class, from −1 to 0",
    query=min_confidence_sampling,
    explain=explain,
    utility=utility,
    for_="multilabel",
    assumes="The probabilities of the classes can be compared.",
    fails_when="One hard class takes all the questions.",
)
