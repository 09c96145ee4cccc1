"""Least confidence: ask where even the likeliest class is unlikely."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from learners.engine.arrays import Floats, Ints, as_rows
from learners.engine.strategies.base import Strategy, pick_by, worded


def utility(learner: Any, X: Any, **predict_proba_kwargs: Any) -> Floats:
    """1 − P(likeliest class), (n_rows,), in [0, 1 − 1/n_classes]. Lewis and Gale 1994."""
    from modAL.uncertainty import classifier_uncertainty  # noqa: PLC0415  modAL imports torch

    scores: Floats = classifier_uncertainty(learner, as_rows(X), **predict_proba_kwargs)
    return scores


def least_confidence_sampling(
    learner: Any, X_pool: Any, n_instances: int = 1, *, rng: np.random.Generator, **kwargs: Any
) -> tuple[Ints, NDArray[np.float64]]:
    """The rows whose likeliest class is least likely. Raises `NotFitted` on an untrained model."""
    return pick_by(utility, learner, X_pool, n_instances, rng=rng, **kwargs)


def explain(learner: Any, X_picked: Any, scores: Floats) -> list[str]:
    return worded("even its likeliest class has a probability of only {:.2f}", 1 - scores)


STRATEGY = Strategy(
    name="least_confidence",
    label="Least confidence",
    description="Texts whose likeliest class is least likely.",
    paper="Lewis and Gale 1994, A sequential algorithm for training text classifiers",
    score_range="1 − P(likeliest class), from 0 to 1 − 1/classes",
    query=least_confidence_sampling,
    explain=explain,
    utility=utility,
    assumes="The model is already better than guessing.",
    fails_when="There are few labels, or the closest texts are ones that no person can decide.",
)
