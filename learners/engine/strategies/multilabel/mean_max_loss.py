"""Mean max loss: ask where the model would be most wrong on average over the classes.

As max loss, but each class in turn is taken as the text's only one.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from learners.engine.arrays import Floats, Ints
from learners.engine.strategies.base import Strategy, pick_by, worded
from learners.engine.strategies.multilabel.decisions import log_odds


def utility(learner: Any, X: Any, **predict_proba_kwargs: Any) -> Floats:
    """Mean over classes c of Σ over classes of max(0, 1 − m·f), (n_rows,), at least 0, with f the
    log-odds, m = 1 for c and −1 for the others. Li et al. 2004."""
    odds = log_odds(learner, X, **predict_proba_kwargs)
    is_not, is_it = np.maximum(1 + odds, 0), np.maximum(1 - odds, 0)
    # Σ over c of (Σ over all of is_not − is_not of c + is_it of c), divided by the classes.
    loss: Floats = is_not.sum(axis=1) + (is_it - is_not).mean(axis=1)
    return loss


def mean_max_loss_sampling(
    learner: Any, X_pool: Any, n_instances: int = 1, *, rng: np.random.Generator, **kwargs: Any
) -> tuple[Ints, NDArray[np.float64]]:
    """The rows of greatest mean loss. Raises `NotFitted` on an untrained model."""
    return pick_by(utility, learner, X_pool, n_instances, rng=rng, **kwargs)


def explain(learner: Any, X_picked: Any, scores: Floats) -> list[str]:
    return worded("a mean loss of {:.2f} over the classes", scores)


STRATEGY = Strategy(
    name="multilabel_mean_max_loss",
    label="Mean maximum loss",
    description="Texts on which the model would be most wrong, on average over the class they might have alone.",
    paper="Li, Wang and Sung 2004, Multilabel SVM active learning for image classification, ICIP",
    score_range="hinge loss, from 0",
    query=mean_max_loss_sampling,
    explain=explain,
    utility=utility,
    for_="multilabel",
    assumes="Most texts have one class or few.",
    fails_when="Texts often have several classes: those score high though nothing is unclear about them.",
)
