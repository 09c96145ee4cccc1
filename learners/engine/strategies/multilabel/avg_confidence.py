"""Average confidence: ask where the decisions are least sure on the whole."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from learners.engine.arrays import Floats, Ints
from learners.engine.strategies.base import Strategy, pick_by, worded
from learners.engine.strategies.multilabel.decisions import confidence


def utility(learner: Any, X: Any, **predict_proba_kwargs: Any) -> Floats:
    """−mean over classes of |2·P − 1|, (n_rows,), in [−1, 0]. Esuli and Sebastiani 2009."""
    score: Floats = -confidence(learner, X, **predict_proba_kwargs).mean(axis=1)
    return score


def avg_confidence_sampling(
    learner: Any, X_pool: Any, n_instances: int = 1, *, rng: np.random.Generator, **kwargs: Any
) -> tuple[Ints, NDArray[np.float64]]:
    """The rows of least mean confidence. Raises `NotFitted` on an untrained model."""
    return pick_by(utility, learner, X_pool, n_instances, rng=rng, **kwargs)


def explain(learner: Any, X_picked: Any, scores: Floats) -> list[str]:
    return worded("its decisions have a mean confidence of only {:.2f}", -scores)


STRATEGY = Strategy(
    name="multilabel_avg_confidence",
    label="Least confident on average",
    description="Texts on which the model is least sure over all classes together.",
    paper="Esuli and Sebastiani 2009, Active Learning Strategies for Multi-Label Text Classification, ECIR",
    score_range="minus the mean of |2·P − 1| over the classes, from −1 to 0",
    query=avg_confidence_sampling,
    explain=explain,
    utility=utility,
    for_="multilabel",
    assumes="The probabilities of the classes can be compared.",
    fails_when="There are many rare classes, whose sure absence hides the one that is unclear.",
)
