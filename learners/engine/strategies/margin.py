"""Margin: ask where the two likeliest classes are close."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from learners.engine.arrays import Floats, Ints, as_rows
from learners.engine.strategies.base import Strategy, pick_by, worded


def utility(learner: Any, X: Any, **predict_proba_kwargs: Any) -> Floats:
    """P(second) − P(first), (n_rows,), in [−1, 0]; higher is closer. Scheffer et al. 2001."""
    from modAL.uncertainty import classifier_margin  # noqa: PLC0415  modAL imports torch

    margin: Floats = classifier_margin(learner, as_rows(X), **predict_proba_kwargs)
    return -margin


def margin_sampling(
    learner: Any, X_pool: Any, n_instances: int = 1, *, rng: np.random.Generator, **kwargs: Any
) -> tuple[Ints, NDArray[np.float64]]:
    """The rows with the smallest margin. Raises `NotFitted` on an untrained model."""
    return pick_by(utility, learner, X_pool, n_instances, rng=rng, **kwargs)


def explain(learner: Any, X_picked: Any, scores: Floats) -> list[str]:
    return worded("margin {:.2f} between the two likeliest classes", -scores)


STRATEGY = Strategy(
    name="margin",
    label="Margin",
    description="Texts on which the two likeliest classes are closest. A good choice for most projects.",
    paper="Scheffer, Decomain and Wrobel 2001, Active hidden Markov models for information extraction",
    score_range="P(second class) − P(first class), from −1 to 0",
    query=margin_sampling,
    explain=explain,
    utility=utility,
    assumes="The model is already better than guessing.",
    fails_when="There are few labels, or many texts alike are close at once: it asks them one after the other.",
)
