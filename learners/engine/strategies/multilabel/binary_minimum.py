"""Binary minimum: ask for the text that lies nearest to the border of any one class.

The class with the least distance decides alone. Distances compare classes by geometry, where
`min_confidence` compares them by probability.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from learners.engine.arrays import Floats, Ints
from learners.engine.strategies.base import Strategy, pick_by, worded
from learners.engine.strategies.multilabel.decisions import distances

FAR = 1e6  # no class has a border yet


def utility(learner: Any, X: Any, **predict_proba_kwargs: Any) -> Floats:
    """Minus the least distance from a class's border, (n_rows,), at most 0. Brinker 2006."""
    nearest = distances(learner, X, **predict_proba_kwargs).min(axis=1)
    score: Floats = -np.where(np.isfinite(nearest), nearest, FAR)
    return score


def binary_minimum_sampling(
    learner: Any, X_pool: Any, n_instances: int = 1, *, rng: np.random.Generator, **kwargs: Any
) -> tuple[Ints, NDArray[np.float64]]:
    """The rows nearest to any class's border. Raises `NotFitted` on an untrained model."""
    return pick_by(utility, learner, X_pool, n_instances, rng=rng, **kwargs)


def explain(learner: Any, X_picked: Any, scores: Floats) -> list[str]:
    return worded("lies {:.3f} from the border of a class", -scores)


STRATEGY = Strategy(
    name="multilabel_binary_minimum",
    label="Nearest border",
    description="Texts that lie nearest to the border between yes and no of any one class.",
    paper="Brinker 2006, On Active Learning in Multi-label Classification; modAL's SVM_binary_minimum",
    score_range="minus the distance from the nearest border, at most 0",
    query=binary_minimum_sampling,
    explain=explain,
    utility=utility,
    for_="multilabel",
    assumes="Each class has a border that the model already knows roughly.",
    fails_when="One hard class takes all the questions.",
)
