"""Logistic regression on soft labels: what a student learns from its teacher's probabilities.

Hinton, Vinyals and Dean 2015, "Distilling the knowledge in a neural network": cross-entropy with the
teacher's probabilities for targets. Labels are targets too, with a one for their class.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax

from learners.engine.errors import BadVectors, OneClassOnly
from learners.engine.heads import Head
from learners.engine.heads.reducing import reduced

C = 10.0
MAX_STEPS = 500
TOLERANCE = 1e-4
Doubles = NDArray[np.float64]


def fit_soft(
    X: Doubles, targets: Doubles, weights: Doubles, class_ids: Sequence[int], *, strength: float = C
) -> Head:
    """Least of Σ w · cross-entropy(target, softmax(Xa + b)) + ‖a‖² / 2C, always from zeros.

    Args:
        X: (n, d). targets: (n, k), rows sum to 1. weights: (n,), above 0.

    Raises:
        OneClassOnly: all targets lie on one class.
        BadVectors: NaN or infinite values, or shapes that do not agree.
    """
    if X.shape[0] != len(targets) or not np.isfinite(X).all():
        raise BadVectors(f"{len(X)} vectors for {len(targets)} targets, or values not finite")
    if (targets.sum(axis=0) > 0).sum() < 2:
        raise OneClassOnly("training needs labels of two classes; all are of one")
    narrow, axes = reduced(X)
    k, d = targets.shape[1], narrow.shape[1]
    total = weights.sum()

    def loss(flat: Doubles) -> tuple[float, Doubles]:
        solution = flat.reshape(k, d + 1)
        logits = narrow @ solution[:, :-1].T + solution[:, -1]
        value = -(weights[:, None] * targets * log_softmax(logits, axis=1)).sum()
        value += (solution[:, :-1] ** 2).sum() / (2 * strength)
        pull = weights[:, None] * (softmax(logits, axis=1) - targets)
        gradient = np.empty_like(solution)
        gradient[:, :-1] = pull.T @ narrow + solution[:, :-1] / strength
        gradient[:, -1] = pull.sum(axis=0)
        return float(value) / total, gradient.ravel() / total

    options: Any = {"maxiter": MAX_STEPS, "gtol": TOLERANCE, "ftol": 0.0}
    found: Any = minimize(loss, np.zeros(k * (d + 1)), jac=True, method="L-BFGS-B", options=options)
    solution = found.x.reshape(k, d + 1)
    return Head(solution[:, :-1] @ axes, solution[:, -1], tuple(class_ids))
