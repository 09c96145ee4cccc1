"""The yes-or-no decisions of a multi-label learner, as all its strategies read them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import logit

from learners.engine.arrays import as_rows
from learners.engine.errors import BadAnswer

SURE = 1e-12  # probabilities are kept this far from 0 and 1, so that log-odds stay finite


def probabilities(learner: Any, X: Any, **predict_proba_kwargs: Any) -> NDArray[np.float64]:
    """P(class) of each class by itself, (n_rows, n_classes).

    scikit-learn's forests and neighbours answer with a list of (n_rows, 2), one for each class;
    that is read too.

    Raises:
        BadAnswer: not of that shape, or no finite numbers.
    """
    answer = learner.predict_proba(as_rows(X), **predict_proba_kwargs)
    if isinstance(answer, list):
        answer = np.column_stack([np.asarray(part)[:, -1] for part in answer])
    found = np.asarray(answer, dtype=np.float64)
    if found.ndim != 2 or not np.isfinite(found).all():
        raise BadAnswer(
            f"a multi-label model's probabilities have shape {found.shape} or are not finite; "
            "needed: (n_rows, n_classes), finite"
        )
    return found


def confidence(learner: Any, X: Any, **predict_proba_kwargs: Any) -> NDArray[np.float64]:
    """|2·P − 1| of each class, (n_rows, n_classes), in [0, 1]: 0 is a coin toss."""
    return np.abs(2 * probabilities(learner, X, **predict_proba_kwargs) - 1)


def log_odds(learner: Any, X: Any, **predict_proba_kwargs: Any) -> NDArray[np.float64]:
    """ln(P / (1 − P)) of each class, (n_rows, n_classes), above 0 for yes.

    For logistic regression that is the decision function, which the papers take from a support
    vector machine: 1 is where the classes' logistic loss bends, as the hinge does.
    """
    found = probabilities(learner, X, **predict_proba_kwargs)
    return np.asarray(logit(np.clip(found, SURE, 1 - SURE)), dtype=np.float64)


def distances(learner: Any, X: Any, **predict_proba_kwargs: Any) -> NDArray[np.float64]:
    """How far a row lies from each class's border, (n_rows, n_classes), at least 0.

    Log-odds by the length of the class's coefficients, where the model has them: the Euclidean
    distance from the hyperplane. A class without coefficients has no border: infinitely far.
    """
    values = np.abs(log_odds(learner, X, **predict_proba_kwargs))
    lengths = _lengths(getattr(learner, "estimator", learner))
    if lengths is None or lengths.shape != values.shape[1:]:
        return values
    far = np.where(lengths > 0, lengths, 1.0)
    return np.where(lengths > 0, values / far, np.inf)


def _lengths(estimator: Any) -> NDArray[np.float64] | None:
    """Length of the coefficients of each class, (n_classes,); None for a model that is not linear."""
    if hasattr(estimator, "coef_"):
        return np.asarray(np.linalg.norm(np.atleast_2d(estimator.coef_), axis=1))
    machines = getattr(estimator, "estimators_", [])
    if not any(hasattr(machine, "coef_") for machine in machines):
        return None
    # A class that no row has, or every row, is a constant without coefficients.
    return np.array([np.linalg.norm(getattr(machine, "coef_", 0.0)) for machine in machines])
