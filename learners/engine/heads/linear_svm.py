"""A linear support vector machine for each class against the others, calibrated.

Cortes and Vapnik 1995, "Support-vector networks", Machine Learning 20(3); one against the others:
Rifkin and Klautau 2004, "In defense of one-vs-all classification", Journal of Machine Learning
Research 5; trained by Hsieh, Chang, Lin, Keerthi and Sundararajan 2008, "A dual coordinate descent
method for large-scale linear SVM", ICML.
"""

import warnings

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.svm import LinearSVC

from learners.engine.heads.reducing import reduced
from learners.engine.heads.softmax import Array, LinearScores, SoftmaxHead, TrainingRows

N_FOLDS = 3
USUAL_TEMPERATURE = 0.3  # margins lie about -1 and 1


class CalibratedLinearSVM(SoftmaxHead):
    """scikit-learn's `LinearSVC` with C=1; left-out scores come from three folds."""

    def _scores(self, rows: TrainingRows) -> LinearScores:
        narrow, axes = reduced(rows.X)
        everything = np.ones(len(narrow), np.bool_)
        coef, intercept = _solved(narrow, rows, everything)
        left_out = narrow @ coef.T + intercept
        folds = _folds(rows)
        for fold in range(N_FOLDS):
            held = folds == fold
            if held.any():
                left_out[held] = _held_out(narrow, rows, held)
        return LinearScores(coef @ axes, intercept, left_out, USUAL_TEMPERATURE)


def _folds(rows: TrainingRows) -> NDArray[np.intp]:
    """The fold of each row, (n,), each class dealt out in turn; -1 for the only row of a class."""
    folds = np.full(len(rows.codes), -1)
    for code in range(rows.n_classes):
        members = np.flatnonzero((rows.codes == code) & rows.can_be_left_out)
        folds[members] = (np.arange(len(members)) + code) % N_FOLDS
    return folds


def _held_out(X: Array, rows: TrainingRows, held: NDArray[np.bool_]) -> Array:
    coef, intercept = _solved(X, rows, ~held)
    scores: Array = X[held] @ coef.T + intercept
    return scores


def _solved(X: Array, rows: TrainingRows, used: NDArray[np.bool_]) -> tuple[Array, Array]:
    """coef (k, d) and intercept (k,); every class has a row among those used."""
    model = LinearSVC(C=1.0, tol=1e-3, random_state=0)
    with warnings.catch_warnings():
        # Duplicates and tiny sets may end a hair from the optimum, which calibration does not notice.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(X[used], rows.codes[used], rows.weights[used])
    coef, intercept = model.coef_, np.atleast_1d(model.intercept_)
    if len(coef) == 1:
        coef, intercept = np.concatenate([-coef, coef]), np.concatenate([-intercept, intercept])
    return coef, intercept
