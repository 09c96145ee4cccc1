"""Multinomial logistic regression with C chosen by leaving rows out, approximately.

Leaving a row out is one Newton step from the fit on all rows: Rad and Maleki 2020, "A scalable estimate
of the out-of-sample prediction error via approximate leave-one-out cross-validation", Journal of the
Royal Statistical Society B 82(4), equation 8; here with the classes' blocks of the Hessian alone, so
that each class needs one factorisation of an (n, n) matrix. Near the truth where there are more columns
than labels (a test compares it with leaving each row out in earnest); with many labels in a few
columns one step falls short, and weak penalties look better than they are.
"""

import numpy as np
from scipy.linalg import lapack
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression

from learners.engine.arrays import Floats
from learners.engine.heads.reducing import reduced
from learners.engine.heads.softmax import (
    Array,
    LinearScores,
    SoftmaxHead,
    TrainingRows,
    calibrated,
)

STRENGTHS = (1.0, 10.0, 100.0)
USUAL_C = 10.0
INTERCEPT_SPREAD = 100.0  # the intercept is free: a prior as wide as this is none


class LeaveOneOutLogistic(SoftmaxHead):
    """Balanced logistic regression; C is the one of least left-out log-loss after calibration.

    Attributes:
        C_: chosen among `STRENGTHS`, or 10 when no row can be left out.
    """

    def _scores(self, rows: TrainingRows) -> LinearScores:
        narrow, axes = reduced(rows.X)
        kernel = narrow @ narrow.T
        model = LogisticRegression(
            max_iter=2_000, warm_start=True
        )  # weakest first: a short way each
        known: dict[float, tuple[float, LinearScores]] = {}
        for strength in STRENGTHS:
            coef, intercept = solved(narrow, rows, strength, model)
            left_out = approximately_left_out(kernel, narrow @ coef.T + intercept, rows, strength)
            scores = LinearScores(coef @ axes, intercept, left_out, 1.0)
            loss = calibrated(rows, scores)[1]
            known[strength] = (0.0 if loss is None else loss, scores)
        can_choose = rows.can_be_left_out.any()
        self.C_ = min(STRENGTHS, key=lambda each: known[each][0]) if can_choose else USUAL_C
        return known[self.C_][1]


def solved(
    X: Array, rows: TrainingRows, strength: float, model: LogisticRegression
) -> tuple[Array, Array]:
    """coef (k, d) and intercept (k,) of softmax regression with C = `strength`; for two classes too."""
    model.set_params(C=strength).fit(X, rows.codes, rows.weights)
    coef, intercept = model.coef_, model.intercept_
    if len(coef) == 1:
        coef, intercept = (
            np.concatenate([-coef, coef]) / 2,
            np.concatenate([-intercept, intercept]) / 2,
        )
    return coef, intercept


def approximately_left_out(
    kernel: Array, logits: Array, rows: TrainingRows, strength: float
) -> Array:
    """The logits each row would get without itself, (n, k).

    With p the fitted probability, s = p (1 - p) k / (k - 1), w the row's weight, d = w s and h the
    leverage d x' (Σ d x x' + I / C)⁻¹ x: logit + h / (1 - h) · (p - target) / s. The factor makes up
    for what the blocks leave out, exactly where all classes are equally likely. Two classes have
    one logit and nothing left out.
    """
    fitted = softmax(logits, axis=1)
    left = 1 if rows.n_classes == 2 else rows.n_classes / (rows.n_classes - 1)
    spread = np.maximum(fitted * (1 - fitted) * left, 1e-12)
    wide = (strength * kernel + INTERCEPT_SPREAD).astype(np.float32)
    curvature = rows.weights[:, None] * spread
    leverage = np.stack([_leverage(wide, each) for each in curvature.T], axis=1)
    step = leverage / np.maximum(1 - leverage, 1e-3) * (fitted - rows.targets) / spread
    # Of the one logit of two classes, each row of coefficients carries half.
    left_out: Array = logits + step / (2 if rows.n_classes == 2 else 1)
    return left_out


def _leverage(kernel: Floats, curvature: Array) -> Array:
    """diag(I - (I + D^½ K D^½)⁻¹), (n,), in [0, 1)."""
    root = np.sqrt(curvature).astype(np.float32)
    matrix = root[:, None] * kernel * root
    matrix[np.diag_indices_from(matrix)] += 1
    factor, _ = lapack.spotrf(matrix, lower=1, overwrite_a=1)
    inverse, _ = lapack.strtri(factor, lower=1, overwrite_c=1)
    leverage: Array = 1 - np.einsum("ij,ij->j", inverse, inverse)
    return np.clip(leverage, 0, 1).astype(np.float64)
