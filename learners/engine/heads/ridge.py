"""Ridge regression on the classes' indicators: trained in closed form, and so is leaving rows out.

Hoerl and Kennard 1970, "Ridge regression: biased estimation for nonorthogonal problems",
Technometrics 12(1); the left-out residual e / (1 - h) is Allen 1974, "The relationship between
variable selection and data augmentation and a method for prediction", Technometrics 16(1); one
decomposition for all strengths: Rifkin and Lippert 2007, "Notes on regularized least squares", MIT.
"""

import numpy as np

from learners.engine.heads.softmax import (
    Array,
    LinearScores,
    SoftmaxHead,
    TrainingRows,
    calibrated,
)

ALPHAS = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
USUAL_ALPHA = 1.0
USUAL_TEMPERATURE = 0.1  # indicators lie between 0 and 1, and are drawn together by the penalty


class RidgeHead(SoftmaxHead):
    """Scores are the fitted indicators; the penalty is the one of least left-out log-loss.

    Attributes:
        alpha_: the penalty chosen among `ALPHAS`, or 1 when no row can be left out.
    """

    def _scores(self, rows: TrainingRows) -> LinearScores:
        solver = _Solver(rows)
        tried = {alpha: solver.solved(alpha) for alpha in ALPHAS}
        losses = {alpha: calibrated(rows, scores)[1] for alpha, scores in tried.items()}
        known = {alpha: loss for alpha, loss in losses.items() if loss is not None}
        self.alpha_ = min(known, key=known.__getitem__) if known else USUAL_ALPHA
        return tried[self.alpha_]


class _Solver:
    """Weighted ridge with a free intercept, for any penalty, from one decomposition."""

    def __init__(self, rows: TrainingRows) -> None:
        self.rows = rows
        self.root = np.sqrt(rows.weights)[:, None]
        self.centre = np.average(rows.X, axis=0, weights=rows.weights)
        self.level = np.average(rows.targets, axis=0, weights=rows.weights)
        self.left, self.strengths, self.axes = np.linalg.svd(
            self.root * (rows.X - self.centre), full_matrices=False
        )
        self.turned = self.left.T @ (self.root * (rows.targets - self.level))

    def solved(self, alpha: float) -> LinearScores:
        kept = self.strengths**2 / (self.strengths**2 + alpha)
        coef = self.axes.T @ ((self.strengths / (self.strengths**2 + alpha))[:, None] * self.turned)
        intercept = self.level - self.centre @ coef
        fitted = self.rows.X @ coef + intercept
        leverage = (self.left**2) @ kept + self.rows.weights / self.rows.weights.sum()
        residuals = (self.rows.targets - fitted) / np.maximum(1 - leverage, 1e-6)[:, None]
        left_out: Array = self.rows.targets - residuals
        return LinearScores(coef.T, intercept, left_out, USUAL_TEMPERATURE)
