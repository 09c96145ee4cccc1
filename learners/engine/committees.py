"""A committee inside a strategy: the learner's own kind of model, trained on resampled labels.

modAL's `Committee` has to be kept and taught by the caller, and its own `teach` fails on this
scikit-learn; a strategy has the learner only, so it trains the members when it is asked.
"""

import copy
from typing import Any

import numpy as np
from numpy.typing import NDArray

from learners.engine.arrays import Ints, as_rows
from learners.engine.asking import require_model
from learners.engine.errors import BadAnswer, NotFitted

N_MEMBERS = 5


def bootstrap_rows(y: NDArray[Any], rng: np.random.Generator) -> Ints:
    """Rows drawn with replacement within each class, (n_rows,): no member misses a class."""
    rows = [
        rng.choice(np.flatnonzero(y == label), size=int((y == label).sum()))
        for label in np.unique(y)
    ]
    return np.sort(np.concatenate(rows)).astype(np.int64)


def make_committee(learner: Any, X_pool: Any, rng: np.random.Generator) -> Any:
    """A modAL `Committee` of `N_MEMBERS` copies of the learner's model, each trained on a bootstrap
    sample of its training rows (query by bagging, Abe and Mamitsuka 1998), and on labels alone.

    Raises:
        NotFitted, OneClassOnly: no model that tells classes apart, or one without training rows.
        BadAnswer: a multi-label learner, which has no single vote to cast.
    """
    from modAL.models import ActiveLearner, Committee  # noqa: PLC0415  modAL imports torch

    require_model(learner, X_pool)
    if getattr(learner, "X_training", None) is None:
        raise NotFitted("a committee needs the labelled rows too: train through the ActiveLearner")
    X, y = as_rows(learner.X_training), np.asarray(learner.y_training)
    if y.ndim != 1:
        raise BadAnswer(f"labels have shape {y.shape}; a committee needs one class for each row")
    members = []
    for _ in range(N_MEMBERS):
        rows = bootstrap_rows(y, rng)
        members.append(
            ActiveLearner(labels_only(learner.estimator), X_training=X[rows], y_training=y[rows])
        )
    return Committee(members)


def labels_only(estimator: Any) -> Any:
    """A copy to be trained anew, without the unlabelled rows that a head may learn from too: several
    are trained for one choice, and each would learn from all of them.
    """
    light = copy.copy(estimator)
    pool = getattr(light, "pool", None)
    if pool is not None:
        light.pool = np.empty((0, pool.shape[1]))
    # Not sklearn's clone: any object with fit and predict_proba may be a learner's model.
    return copy.deepcopy(light)
