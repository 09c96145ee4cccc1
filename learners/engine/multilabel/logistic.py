"""Independent logistic regressions, one a class, fitted together.

"Binary relevance": each class is asked by itself, with the other classes' texts as its negatives
(Boutell, Luo, Shen and Brown 2004, "Learning multi-label scene classification", Pattern
Recognition 37). The loss is scikit-learn's `LogisticRegression(C, class_weight="balanced")` of
each class. All classes share one matrix product a step: twenty classes cost hardly more than one.
"""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from learners.engine.arrays import Floats

NOT_ASKED = -1  # in Y: the class did not exist yet when the text was answered
MAX_STEPS = 1_000
TOLERANCE = 1e-4  # of the largest gradient of the mean loss, as scikit-learn has it

Doubles = NDArray[np.float64]


class OneVsRestLogistic:
    """A multi-label classifier as scikit-learn has them: Y (n, k) in, probabilities (n, k) out.

    A class that every text has, or none, is a constant: coefficients 0, and the probability that
    Laplace's rule of succession gives, (yes + 1) / (asked + 2).

    Args:
        C: inverse strength of the L2 penalty on the coefficients, not on the intercepts.
    """

    coef_: Doubles
    intercept_: Doubles
    classes_: NDArray[np.int64]

    def __init__(self, C: float = 10.0) -> None:
        self.C = C

    def fit(self, X: Floats, Y: NDArray[Any]) -> Self:
        """Train on X (n, d) and Y (n, k) of 0, 1 and `NOT_ASKED`, always from zeros: begun at another
        model and stopped at the tolerance, it would remember the rows of that one.
        """
        rows, answers = np.asarray(X, np.float64), np.asarray(Y)
        weights = balanced_weights(answers)
        varies = ((answers == 1).any(axis=0)) & ((answers == 0).any(axis=0))
        self.coef_ = np.zeros((answers.shape[1], rows.shape[1]))
        self.intercept_ = _constants(answers)
        self.classes_ = np.arange(answers.shape[1])
        if varies.any():
            problem = _Problem.of(rows, answers[:, varies] == 1, weights[:, varies], self.C)
            self.coef_[varies], self.intercept_[varies] = problem.solve()
        return self

    def decision_function(self, X: Floats) -> Doubles:
        """Log-odds, (n, k). Raises scikit-learn's NotFittedError before `fit`."""
        if not hasattr(self, "coef_"):
            from sklearn.exceptions import NotFittedError  # noqa: PLC0415  pages import this module

            raise NotFittedError("this multi-label model was never fitted")
        odds: Doubles = np.asarray(X, np.float64) @ self.coef_.T + self.intercept_
        return odds

    def predict_proba(self, X: Floats) -> Doubles:
        """P(class) of each class by itself, (n, k); rows do not sum to 1."""
        probabilities: Doubles = expit(self.decision_function(X))
        return probabilities

    def predict(self, X: Floats) -> NDArray[np.int64]:
        """1 where a class is likelier than not, (n, k)."""
        return (self.decision_function(X) > 0).astype(np.int64)


def balanced_weights(Y: NDArray[Any]) -> Doubles:
    """Weight of each answer, (n, k): both sides of a class weigh alike, as scikit-learn's
    "balanced" has it; 0 where the class was not asked.
    """
    yes, no = Y == 1, Y == 0
    n_yes, n_no = yes.sum(axis=0), no.sum(axis=0)
    n_asked = n_yes + n_no
    of_yes = n_asked / (2 * np.maximum(n_yes, 1))
    of_no = n_asked / (2 * np.maximum(n_no, 1))
    weights: Doubles = yes * of_yes + no * of_no
    return weights


def _constants(Y: NDArray[Any]) -> Doubles:
    """The intercept of each class if it says nothing but how often it is true, (k,)."""
    n_yes, n_asked = (Y == 1).sum(axis=0), (Y != NOT_ASKED).sum(axis=0)
    intercepts: Doubles = logit((n_yes + 1) / (n_asked + 2))
    return intercepts


@dataclass(frozen=True)
class _Problem:
    """Mean loss of each class plus its penalty, summed over the classes, which share nothing.

    `basis` (d, r): with fewer rows than dimensions the solution lies in the rows' span, so that r
    = n coordinates do. `rows` (n, r); `signs` (n, k) is 1 for yes, −1 for no; `shares` (n, k) sum
    to 1 a class; `penalty` (k,).
    """

    rows: Doubles
    basis: Doubles | None
    signs: Doubles
    shares: Doubles
    penalty: Doubles

    @classmethod
    def of(cls, X: Doubles, yes: NDArray[np.bool_], weights: Doubles, C: float) -> "_Problem":
        rows, basis = X, None
        if X.shape[0] < X.shape[1]:
            basis, triangle = np.linalg.qr(X.T)
            rows = np.ascontiguousarray(triangle.T)
        total = weights.sum(axis=0)
        return cls(rows, basis, np.where(yes, 1.0, -1.0), weights / total, 1 / (C * total))

    def solve(self) -> tuple[Doubles, Doubles]:
        """Coefficients (k, d) and intercepts (k,) of least loss."""
        from scipy.optimize import minimize  # noqa: PLC0415  takes a while, and pages import this

        begin = np.zeros((self.signs.shape[1], self.rows.shape[1] + 1))
        options: Any = {"maxiter": MAX_STEPS, "gtol": TOLERANCE, "ftol": 0.0, "maxcor": 10}
        loss: Any = self._loss
        found = minimize(loss, begin.ravel(), jac=True, method="L-BFGS-B", options=options)
        solved = found.x.reshape(begin.shape)
        inner = solved[:, :-1]
        return inner if self.basis is None else inner @ self.basis.T, solved[:, -1]

    def _loss(self, flat: Doubles) -> tuple[float, Doubles]:
        solution = flat.reshape(self.signs.shape[1], -1)
        coef, intercept = solution[:, :-1], solution[:, -1]
        margins = self.signs * (self.rows @ coef.T + intercept)
        loss = float((self.shares * np.logaddexp(0, -margins)).sum())
        loss += 0.5 * float((self.penalty * (coef**2).sum(axis=1)).sum())
        pull = -self.shares * self.signs * expit(-margins)
        gradient = np.empty_like(solution)
        gradient[:, :-1] = pull.T @ self.rows + self.penalty[:, None] * coef
        gradient[:, -1] = pull.sum(axis=0)
        return loss, gradient.ravel()
