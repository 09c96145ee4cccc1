"""Entropy: ask where the probability is spread over many classes."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from learners.engine.arrays import Floats, Ints, as_rows
from learners.engine.strategies.base import Strategy, pick_by, worded


def utility(learner: Any, X: Any, **predict_proba_kwargs: Any) -> Floats:
    """Shannon entropy in nats, (n_rows,), in [0, ln n_classes]. Shannon 1948."""
    from modAL.uncertainty import classifier_entropy  # noqa: PLC0415  modAL imports torch

    scores: Floats = classifier_entropy(learner, as_rows(X), **predict_proba_kwargs)
    return scores


def entropy_sampling(
    learner: Any, X_pool: Any, n_instances: int = 1, *, rng: np.random.Generator, **kwargs: Any
) -> tuple[Ints, NDArray[np.float64]]:
    """The rows with the highest entropy. Raises `NotFitted` on an untrained model."""
    return pick_by(utility, learner, X_pool, n_instances, rng=rng, **kwargs)


def explain(learner: Any, X_picked: Any, scores: Floats) -> list[str]:
    # e to the entropy is the number of equally likely classes that would be as uncertain.
    return worded("as uncertain as between {:.1f} equally likely classes", np.exp(scores))


STRATEGY = Strategy(
    name="entropy",
    label="Entropy",
    description="Texts whose probability is spread over the most classes.",
    paper="Shannon 1948, A mathematical theory of communication; Settles and Craven 2008 on its use",
    score_range="nats, from 0 to the logarithm of the number of classes",
    query=entropy_sampling,
    explain=explain,
    utility=utility,
    assumes="The model's probabilities mean something over all classes.",
    fails_when="There are many classes: then texts that are a little unsure of all of them come first.",
)
