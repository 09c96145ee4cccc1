"""Accuracy without flattery: every audit row is predicted by a model that never saw it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from learners.engine.arrays import Floats
from learners.engine.errors import BadVectors
from learners.engine.training import Names, with_names


@dataclass(frozen=True)
class CrossFitted:
    """Predictions of the audit rows.

    Attributes:
        rows: (n_audit,), where the audit rows stand in X, ascending.
        predictions: (n_audit,), class ids, in the order of `rows`.
        n_folds: models trained; fewer than asked when there are fewer audit rows, one when strict.
        n_by_constant: predictions by "models" whose training rows had one class only, and which
            could say nothing else. They count as predictions: that is what would have been used.
        n_unseen: audit rows whose own class their model never saw; it could not be right.
        probabilities: (n_audit, n_classes), rows sum to 1; 0 for a class that the row's model
            never saw.
        class_ids: (n_classes,), what the columns of `probabilities` stand for, ascending.
    """

    rows: NDArray[np.int64]
    predictions: NDArray[Any]
    n_folds: int
    n_by_constant: int
    n_unseen: int
    probabilities: NDArray[np.float64]
    class_ids: NDArray[Any]


def cross_fitted_predictions(
    *,
    make_head: Callable[[], Any],
    X: Floats,
    y: NDArray[Any],
    is_audit: NDArray[np.bool_],
    n_folds: int = 5,
    rng: np.random.Generator,
    names: Names | None = None,
    strict: bool = False,
) -> CrossFitted:
    """Predict the audit rows in folds, each by a model trained on everything else.

    "Everything else" is the names, all rows that are no audit rows, and the audit rows of the other
    folds. No audit row: an empty result. Fewer audit rows than folds: one fold each.

    Args:
        make_head: an unfitted scikit-learn classifier with `predict_proba` at each call.
        X: (n_rows, d). y: class ids (n_rows,). is_audit: (n_rows,).
        n_folds: at least 2.
        names: label names as training examples: always trained on, never measured.
        strict: one model, trained on no audit row at all, predicts them all; for projects whose
            audit answers are kept for measuring alone.

    Raises:
        BadVectors: shapes that do not agree, or a fold whose model would have no training row at all.
    """
    _check_shapes(X, y, is_audit, n_folds)
    rows, labels, n_names = with_names(X, y, names)
    measured = n_names + np.flatnonzero(is_audit).astype(np.int64)
    n_least = len(measured) + 1 if strict else 2
    if len(measured) and len(rows) < n_least:
        raise BadVectors("the only labels are audit answers; nothing is left to train a model on")
    class_ids = np.unique(labels)
    probabilities = np.zeros((len(measured), len(class_ids)))
    n_by_constant = n_unseen = 0
    folds = audit_folds(len(measured), n_folds, strict, rng)
    for fold in folds:
        others = np.ones(len(rows), dtype=bool)
        others[measured if strict else measured[fold]] = False
        known, found = _predicted(make_head, rows[others], labels[others], rows[measured[fold]])
        probabilities[np.ix_(fold, np.searchsorted(class_ids, known))] = found
        n_by_constant += len(fold) if len(known) == 1 else 0
        n_unseen += int(np.isin(labels[measured[fold]], known, invert=True).sum())
    predictions = class_ids[probabilities.argmax(axis=1)] if len(measured) else labels[:0]
    return CrossFitted(
        measured - n_names,
        predictions,
        len(folds),
        n_by_constant,
        n_unseen,
        probabilities,
        class_ids,
    )


def _check_shapes(X: Floats, y: NDArray[Any], is_audit: NDArray[np.bool_], n_folds: int) -> None:
    if not len(X) == len(y) == len(is_audit) or n_folds < 2:
        raise BadVectors(
            f"{len(X)} vectors, {len(y)} labels, {len(is_audit)} audit marks, {n_folds} folds; "
            "needed: one of each per row, and at least 2 folds"
        )


def audit_folds(
    n_measured: int, n_folds: int, strict: bool, rng: np.random.Generator
) -> list[NDArray[np.int64]]:
    """Places among the measured rows, parted at random into folds; all in one when strict."""
    if strict:
        return [np.arange(n_measured)] if n_measured else []
    return [fold for fold in np.array_split(rng.permutation(n_measured), n_folds) if len(fold)]


def _predicted(
    make_head: Callable[[], Any], X: Floats, y: NDArray[Any], X_fold: Floats
) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """The classes that the model knows, (k,), and its probabilities of them, (n_rows, k)."""
    classes = np.unique(y)
    if len(classes) == 1:
        return classes, np.ones((len(X_fold), 1))
    model = make_head().fit(X, y)
    return model.classes_, model.predict_proba(X_fold)
