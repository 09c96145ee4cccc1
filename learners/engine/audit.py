"""Accuracy without flattery: every audit row is predicted by a model that never saw it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from learners.engine.arrays import Floats
from learners.engine.errors import BadVectors


@dataclass(frozen=True)
class CrossFitted:
    """Predictions of the audit rows.

    Attributes:
        rows: (n_audit,), where the audit rows stand in X, ascending.
        predictions: (n_audit,), class ids, in the order of `rows`.
        n_folds: models trained; fewer than asked when there are fewer audit rows.
        n_by_constant: predictions by "models" whose training rows had one class only, and which
            could say nothing else. They count as predictions: that is what would have been used.
        n_unseen: audit rows whose own class their model never saw; it could not be right.
    """

    rows: NDArray[np.int64]
    predictions: NDArray[Any]
    n_folds: int
    n_by_constant: int
    n_unseen: int


def cross_fitted_predictions(
    *,
    make_head: Callable[[], Any],
    X: Floats,
    y: NDArray[Any],
    is_audit: NDArray[np.bool_],
    n_folds: int = 5,
    rng: np.random.Generator,
) -> CrossFitted:
    """Predict the audit rows in folds, each by a model trained on everything else.

    "Everything else" is all rows that are no audit rows, and the audit rows of the other folds.
    No audit row: an empty result. Fewer audit rows than folds: one fold each.

    Args:
        make_head: an unfitted scikit-learn classifier at each call.
        X: (n_rows, d). y: class ids (n_rows,). is_audit: (n_rows,).
        n_folds: at least 2.

    Raises:
        BadVectors: shapes that do not agree, or a fold whose model would have no training row at all.
    """
    if not len(X) == len(y) == len(is_audit) or n_folds < 2:
        raise BadVectors(
            f"{len(X)} vectors, {len(y)} labels, {len(is_audit)} audit marks, {n_folds} folds; "
            "needed: one of each per row, and at least 2 folds"
        )
    rows = np.flatnonzero(is_audit).astype(np.int64)
    if len(rows) and len(X) < 2:
        raise BadVectors("the only label is an audit answer; nothing is left to train a model on")
    predictions = np.empty(len(rows), dtype=np.asarray(y).dtype)
    n_by_constant = n_unseen = 0
    folds = [fold for fold in np.array_split(rng.permutation(len(rows)), n_folds) if len(fold)]
    for fold in folds:
        others = np.ones(len(X), dtype=bool)
        others[rows[fold]] = False
        known = np.unique(y[others])
        predictions[fold] = _predicted(make_head, X[others], y[others], X[rows[fold]])
        n_by_constant += len(fold) if len(known) == 1 else 0
        n_unseen += int(np.isin(y[rows[fold]], known, invert=True).sum())
    return CrossFitted(rows, predictions, len(folds), n_by_constant, n_unseen)


def _predicted(make_head: Callable[[], Any], X: Floats, y: NDArray[Any], X_fold: Floats) -> Any:
    classes = np.unique(y)
    if len(classes) == 1:
        return classes[0]
    return make_head().fit(X, y).predict(X_fold)
