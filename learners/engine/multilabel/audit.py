"""Label sets of the audit rows, each predicted by a model that never saw the row."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from learners.engine.arrays import Floats
from learners.engine.audit import audit_folds
from learners.engine.errors import BadVectors
from learners.engine.multilabel.logistic import OneVsRestLogistic
from learners.engine.multilabel.thresholds import fitted_thresholds
from learners.engine.multilabel.training import with_names
from learners.engine.training import Names


@dataclass(frozen=True)
class CrossFittedSets:
    """Predictions of the audit rows.

    Attributes:
        rows: (n_audit,), where the audit rows stand in X, ascending.
        has: (n_audit, k), the classes said of each.
        probabilities: (n_audit, k).
    """

    rows: NDArray[np.int64]
    has: NDArray[np.bool_]
    probabilities: NDArray[np.float64]


def cross_fitted_sets(
    *,
    X: Floats,
    Y: NDArray[np.int8],
    class_ids: Sequence[int],
    is_audit: NDArray[np.bool_],
    n_folds: int = 5,
    rng: np.random.Generator,
    names: Names | None = None,
    strict: bool = False,
) -> CrossFittedSets:
    """Predict the audit rows in folds, each by a model trained on everything else, whose thresholds
    were chosen on that everything else too: a row decides nothing about its own prediction.

    Args:
        X: (n, d). Y: (n, k). is_audit: (n,). names: always trained on, never measured.
        strict: one model, trained on no audit row at all, predicts them all.

    Raises:
        BadVectors: shapes that do not agree, or no row is left to train on.
    """
    if not len(X) == len(Y) == len(is_audit) or n_folds < 2:
        raise BadVectors(
            f"{len(X)} vectors, {len(Y)} label sets, {len(is_audit)} audit marks, {n_folds} folds; "
            "needed: one of each per row, and at least 2 folds"
        )
    rows, sets, n_names = with_names(X, Y, class_ids, names)
    measured = n_names + np.flatnonzero(is_audit).astype(np.int64)
    probabilities = np.zeros((len(measured), sets.shape[1]))
    has = np.zeros(probabilities.shape, dtype=bool)
    for fold in audit_folds(len(measured), n_folds, strict, rng):
        others = np.ones(len(rows), dtype=bool)
        others[measured if strict else measured[fold]] = False
        if not others.any():
            raise BadVectors("the only labels are audit answers; nothing is left to train on")
        model = OneVsRestLogistic().fit(rows[others], sets[others])
        thresholds = fitted_thresholds(model, rows[others], sets[others], n_prior=n_names, rng=rng)
        probabilities[fold] = model.predict_proba(rows[measured[fold]])
        has[fold] = probabilities[fold] >= thresholds
    return CrossFittedSets(measured - n_names, has, probabilities)
