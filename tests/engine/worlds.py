"""Small worlds of vectors: blobs that a linear model can tell apart, and pools full of ties."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier

from learners.engine.heads import make_head
from learners.engine.learner import ActiveLearner

N_CLASSES = 3
N_DIMENSIONS = 6


def make_vectors(n_rows: int, *, seed: int = 0) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Unit vectors (n_rows, 6) around three directions, and their classes 10, 11, 12."""
    rng = np.random.default_rng(seed)
    classes = np.arange(n_rows) % N_CLASSES
    vectors = rng.normal(scale=0.5, size=(n_rows, N_DIMENSIONS))
    vectors[np.arange(n_rows), classes] += 1
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True), classes + 10


def make_label_sets(X: NDArray[np.float64]) -> NDArray[np.int64]:
    """Any number of classes for each row of `make_vectors`, (n_rows, 3), 0 or 1."""
    return (X[:, :N_CLASSES] > 0.3).astype(np.int64)


def make_estimator(query_strategy: Any) -> Any:
    """An unfitted model for what the strategy is for."""
    if getattr(query_strategy, "for_", "single") == "multilabel":
        return OneVsRestClassifier(LogisticRegression(C=10))
    return make_head()


def make_wide(X: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same rows turned into a space of 48 columns."""
    basis, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(48, X.shape[1])))
    wide: NDArray[np.float64] = X @ basis.T
    return wide


def make_learner(query_strategy: Any, *, n_labels: int = 30, wide: bool = False) -> ActiveLearner:
    """A learner trained on `n_labels` rows of a world of its own."""
    X, y = make_vectors(n_labels, seed=99)
    if getattr(query_strategy, "for_", "single") == "multilabel":
        y = make_label_sets(X)
    X = make_wide(X) if wide else X
    return ActiveLearner(make_estimator(query_strategy), query_strategy, X, y)


def make_ties(n_rows: int, *, seed: int = 0) -> NDArray[np.float64]:
    """Distinct rows (n_rows, 7) that a model blind to the last column scores all alike."""
    rng = np.random.default_rng(seed)
    rows = np.tile(make_vectors(1)[0], (n_rows, 1))
    return np.column_stack([rows, rng.permutation(n_rows) + 1.0])


class BlindHead:
    """A model that knows three classes and gives every row the same probabilities."""

    classes_ = np.array([10, 11, 12])

    def fit(self, X: Any, y: Any) -> "BlindHead":
        return self

    def predict(self, X: Any) -> NDArray[np.int64]:
        return np.full(X.shape[0], 10)

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        return np.tile([0.5, 0.3, 0.2], (X.shape[0], 1))


def make_blind_learner(query_strategy: Any) -> ActiveLearner:
    """A learner to whom all rows are equally uncertain."""
    X = np.zeros((3, N_DIMENSIONS + 1))
    return ActiveLearner(BlindHead(), query_strategy, X, np.array([10, 11, 12]))
