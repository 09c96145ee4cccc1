"""What all heads of our own share: softmax(X @ coef_.T + intercept_), with probabilities that mean it.

Each trains its linear scores, says what score each training row would get if it were left out, and
divides the scores by the temperature at which those left-out scores are likeliest (Guo, Pleiss, Sun
and Weinberger 2017, "On calibration of modern neural networks", ICML, section 4.2; Platt 1999 for
using held-out scores). A temperature leaves the head linear, so that it is exported unchanged.
"""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax
from sklearn.base import BaseEstimator, ClassifierMixin

from learners.engine.arrays import checked_vectors
from learners.engine.errors import BadVectors
from learners.engine.heads.base import check_training_set

Array = NDArray[np.float64]

# A prior on the logarithm of the temperature, worth about one row: else a handful of rows that are
# all told apart would drive it to zero.
LOG_SPREAD = 1.0
WIDEST = 7.0


@dataclass(frozen=True, eq=False)
class TrainingRows:
    """A checked training set.

    Attributes:
        X: (n, d). codes: (n,), places in the classes. n_classes: k.
        weights: (n,), of mean 1, every class with the same sum.
        targets: (n, k), one-hot.
        can_be_left_out: (n,), rows whose class has another row. Without the only row of its class,
            a model could not know the class: such rows say nothing about calibration.
    """

    X: Array
    codes: NDArray[np.intp]
    n_classes: int
    weights: Array

    @property
    def targets(self) -> Array:
        return np.eye(self.n_classes)[self.codes]

    @property
    def class_weights(self) -> Array:
        """Sum of the weights of each class, (k,)."""
        sums: Array = np.bincount(self.codes, self.weights, self.n_classes).astype(np.float64)
        return sums

    @property
    def means(self) -> Array:
        """Weighted mean of each class, (k, d)."""
        sums = (self.targets * self.weights[:, None]).T @ self.X
        means: Array = sums / self.class_weights[:, None]
        return means

    @property
    def can_be_left_out(self) -> NDArray[np.bool_]:
        counts = np.bincount(self.codes, minlength=self.n_classes)
        several: NDArray[np.bool_] = counts[self.codes] > 1
        return several


@dataclass(frozen=True, eq=False)
class LinearScores:
    """Scores X @ coef.T + intercept, (n, k), and those of the training rows, each left out.

    Attributes:
        usual_temperature: to start from; what stays when no row can be left out.
    """

    coef: Array
    intercept: Array
    left_out: Array
    usual_temperature: float


class SoftmaxHead(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Base of the heads; a subclass says how `_scores` are trained.

    Attributes:
        classes_: (k,), ascending. coef_: (k, d). intercept_: (k,).
        temperature_: what the scores were divided by.
        left_out_log_loss_: weighted mean of -log p(own class) of the training rows that can be left
            out, each predicted without itself; None when there are none.
    """

    classes_: NDArray[Any]
    coef_: Array
    intercept_: Array
    temperature_: float
    left_out_log_loss_: float | None

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train on vectors (n_rows, d) and class ids (n_rows,); classes count alike, whatever their size.

        Args:
            sample_weight: (n_rows,), not negative; rows of weight 0 are left out.

        Raises:
            OneClassOnly: fewer than two classes among `y`.
            BadVectors: shapes that do not agree, NaN or infinite values.
        """
        self.classes_, rows = training_rows(X, y, sample_weight)
        self._take(rows, self._scores(rows))
        return self

    def _scores(self, rows: TrainingRows) -> LinearScores:
        raise NotImplementedError

    def _take(self, rows: TrainingRows, scores: LinearScores) -> None:
        self.temperature_, self.left_out_log_loss_ = calibrated(rows, scores)
        self.coef_ = scores.coef / self.temperature_
        self.intercept_ = scores.intercept / self.temperature_
        self.n_features_in_ = rows.X.shape[1]

    def decision_function(self, X: Any) -> Array:
        """(n_rows, k), the logits, for two classes too."""
        rows = checked_vectors(np.asarray(X), n_dimensions=self.coef_.shape[1])
        logits: Array = rows.astype(np.float64) @ self.coef_.T + self.intercept_
        return logits

    def predict_proba(self, X: Any) -> Array:
        """(n_rows, k), rows sum to 1."""
        probabilities: Array = softmax(self.decision_function(X), axis=1)
        return probabilities

    def predict(self, X: Any) -> NDArray[Any]:
        """The likeliest class of each row, (n_rows,)."""
        likeliest: NDArray[Any] = self.classes_[self.decision_function(X).argmax(axis=1)]
        return likeliest


def training_rows(X: Any, y: Any, sample_weight: Any) -> tuple[NDArray[Any], TrainingRows]:
    """The classes, ascending, and the checked training set. Raises as `SoftmaxHead.fit`."""
    check_training_set(X, y)
    vectors, labels = np.asarray(X, dtype=np.float64), np.asarray(y)
    given = np.ones(len(vectors)) if sample_weight is None else np.asarray(sample_weight, float)
    if given.shape != (len(vectors),) or not np.isfinite(given).all() or given.min() < 0:
        raise BadVectors(
            f"weights {given.shape} for {len(vectors)} rows; needed: one each, from 0 up"
        )
    counted = given > 0
    check_training_set(vectors[counted], labels[counted])
    classes, codes = np.unique(labels[counted], return_inverse=True)
    sums = np.bincount(codes, given[counted])
    weights = given[counted] * counted.sum() / (len(classes) * sums[codes])
    return classes, TrainingRows(vectors[counted], codes, len(classes), weights)


def calibrated(rows: TrainingRows, scores: LinearScores) -> tuple[float, float | None]:
    """The temperature at which the left-out scores are likeliest, and their log-loss with it."""
    kept = rows.can_be_left_out
    if not kept.any():
        return scores.usual_temperature, None
    left_out, codes, weights = scores.left_out[kept], rows.codes[kept], rows.weights[kept]

    def log_loss(log_ratio: float) -> float:
        logits = left_out / (scores.usual_temperature * np.exp(log_ratio))
        losses = -log_softmax(logits, axis=1)[np.arange(len(codes)), codes]
        return float(np.average(losses, weights=weights))

    def penalised(log_ratio: float) -> float:
        return log_loss(log_ratio) + (log_ratio / LOG_SPREAD) ** 2 / (2 * len(codes))

    best = float(minimize_scalar(penalised, bounds=(-WIDEST, WIDEST), method="bounded").x)
    return float(scores.usual_temperature * np.exp(best)), log_loss(best)
