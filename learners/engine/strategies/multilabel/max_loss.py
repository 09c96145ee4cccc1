"""Max loss: ask where the sure class costs most if the text had no other.

The likeliest class is taken as the only one; the score is the hinge loss that the model would then
have on all its decisions.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from learners.engine.arrays import Floats, Ints
from learners.engine.strategies.base import Strategy, pick_by, worded
from learners.engine.strategies.multilabel.decisions import log_odds


def utility(learner: Any, X: Any, **predict_proba_kwargs: Any) -> Floats:
    """Σ over classes of max(0, 1 − m·f), (n_rows,), at least 0, with f the log-odds, m = 1 for the
    likeliest class and −1 for the others. Li et al. 2004."""
    odds = log_odds(learner, X, **predict_proba_kwargs)
    signs = np.full(odds.shape, -1.0)
    signs[np.arange(len(odds)), odds.argmax(axis=1)] = 1
    loss: Floats = np.maximum(1 - signs * odds, 0).sum(axis=1)
    return loss


def max_loss_sampling(
    learner: Any, X_pool: Any, n_instances: int = 1, *, rng: np.random.Generator, **kwargs: Any
) -> tuple[Ints, NDArray[np.float64]]:
    """The rows of greatest loss. Raises `NotFitted` on an untrained model."""
    return pick_by(utility, learner, X_pool, n_instances, rng=rng, **kwargs)


def explain(learner: Any, X_picked: Any, scores: Floats) -> list[str]:
    return worded("a loss of {:.2f} if its likeliest class were its only one", scores)


STRATEGY = Strategy(
    name="multilabel_max_loss",
    label="Maximum loss",
    description="Texts on which the model would be most wrong if their likeliest class were their only one.",
    paper="Li, Wang and Sung 2004, Multilabel SVM active learning for image classification, ICIP",
    score_range="hinge loss, from 0",
    query=max_loss_sampling,
    explain=explain,
    utility=utility,
    for_="multilabel",
    assumes="Most texts have one class or few.",
    fails_when="Texts often have several classes: those score high though nothing is unclear about them.",
)
