"""How close a decision is, for examples of one class and for those of any number."""

from typing import Any

import numpy as np

from learners.engine.arrays import Floats
from learners.engine.rows import is_multilabel
from learners.engine.strategies import margin
from learners.engine.strategies.base import worded
from learners.engine.strategies.multilabel import confidence


def closeness(learner: Any, X: Any, **predict_proba_kwargs: Any) -> Floats:
    """(n_rows,), in [−1, 0], higher is closer.

    One class each: P(second) − P(first). Any number: minus the smallest |2·P(class) − 1|, the
    closest of the yes-or-no decisions.
    """
    if not is_multilabel(learner):
        return margin.utility(learner, X, **predict_proba_kwargs)
    closest: Floats = -confidence(learner, X, **predict_proba_kwargs).min(axis=1)
    return closest


def worded_closeness(learner: Any, X: Any) -> list[str]:
    """One sentence fragment per row."""
    values = -np.asarray(closeness(learner, X))
    if is_multilabel(learner):
        return worded("a class with a probability of {:.2f} or so", (1 - values) / 2)
    return worded("margin {:.2f} between the two likeliest classes", values)
