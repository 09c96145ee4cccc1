"""Maximum score: ask where a class is surest to be present.

In text most classes are absent from most examples, so a present one teaches more than an absent one.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from learners.engine.arrays import Floats, Ints
from learners.engine.strategies.base import Strategy, pick_by, worded
from learners.engine.strategies.multilabel.decisions import probabilities


def utility(learner: Any, X: Any, **predict_proba_kwargs: Any) -> Floats:
    """Max over classes of 2·P − 1, (n_rows,), in [−1, 1]. Esuli and Sebastiani 2009."""
    score: Floats = 2 * probabilities(learner, X, **predict_proba_kwargs).max(axis=1) - 1
    return score


def max_score_sampling(
    learner: Any, X_pool: Any, n_instances: int = 1, *, rng: np.random.Generator, **kwargs: Any
) -> tuple[Ints, NDArray[np.float64]]:
    """The rows with the surest class. Raises `NotFitted` on an untrained model."""
    return pick_by(utility, learner, X_pool, n_instances, rng=rng, **kwargs)


def explain(learner: Any, X_picked: Any, scores: Floats) -> list[str]:
    return worded("a class with a probability of {:.2f}", (1 + scores) / 2)


STRATEGY = Strategy(
    name="multilabel_max_score",
    label="Surest class",
    description="Texts that are surest to have some class: finds examples of rare classes.",
    paper="Esuli and Sebastiani 2009, Active Learning Strategies for Multi-Label Text Classification, ECIR",
    score_range="2·P − 1 of the likeliest class, from −1 to 1",
    query=max_score_sampling,
    explain=explain,
    utility=utility,
    for_="multilabel",
    assumes="Classes are rare, and their examples are what is missing.",
    fails_when="Classes are common: it asks what the model knows already.",
)
