"""From which probability on a class is said to be there: one threshold a class.

SCut of Yang 2001 ("A study on thresholding strategies for text categorization", SIGIR): on
predictions of models that did not see the rows, the threshold of the best F1. A class with few
examples would get a threshold of mere chance, so it takes the one that is best for all classes
together (see Fan and Lin 2007, "A study on threshold selection for multi-label classification").
"""

import numpy as np
from numpy.typing import NDArray

from learners.engine.arrays import Floats
from learners.engine.multilabel.logistic import NOT_ASKED, OneVsRestLogistic

MIN_EACH_SIDE = 5  # texts with the class and without it, for a threshold of its own
N_FOLDS = 3
EVEN = 0.5
Doubles = NDArray[np.float64]


def choose_thresholds(probabilities: Doubles, Y: NDArray[np.int8]) -> Doubles:
    """The threshold of each class, (k,), between 0 and 1.

    Args:
        probabilities: (n, k), of rows that their model did not see.
        Y: (n, k) of 0, 1 and `NOT_ASKED`.
    """
    asked = Y != NOT_ASKED
    together = best_threshold(probabilities[asked], Y[asked] == 1)
    return np.array(
        [
            _own(probabilities[asked[:, j], j], Y[asked[:, j], j] == 1, together)
            for j in range(Y.shape[1])
        ]
    )


def _own(probabilities: Doubles, yes: NDArray[np.bool_], together: float) -> float:
    n_yes = int(yes.sum())
    if min(n_yes, len(yes) - n_yes) < MIN_EACH_SIDE:
        return together
    return best_threshold(probabilities, yes)


def best_threshold(probabilities: Doubles, yes: NDArray[np.bool_]) -> float:
    """The threshold of the best F1 of "probability ≥ threshold", (n,) each; of equally good ones
    that nearest to 0.5; 0.5 where no row is yes.

    F1 = 2·right / (said + yes). Thresholds lie halfway between neighbouring probabilities.
    """
    if not yes.any():
        return EVEN
    order = np.argsort(-probabilities, kind="stable")
    falling, right = probabilities[order], np.cumsum(yes[order])
    said = np.arange(1, len(falling) + 1)
    f1 = 2 * right / (said + right[-1])
    cuts = (falling + np.append(falling[1:], 0.0)) / 2
    between = falling > np.append(falling[1:], -1.0)  # equal probabilities cannot be told apart
    inside = between & (cuts > 0) & (cuts < 1)
    if not inside.any():
        return EVEN
    best = inside & (f1 >= f1[inside].max() - 1e-12)
    return float(cuts[best][np.abs(cuts[best] - EVEN).argmin()])


def fitted_thresholds(
    model: OneVsRestLogistic,
    X: Floats,
    Y: NDArray[np.int8],
    *,
    n_prior: int = 0,
    rng: np.random.Generator,
) -> Doubles:
    """Thresholds for `model`, which was trained on all of X (n, d) and Y (n, k): chosen on
    predictions in `N_FOLDS` folds, each by a model that did not see the rows.

    The first `n_prior` rows, names of classes, are trained on and decide no threshold. With fewer
    than two rows a fold there is nothing to choose on: 0.5.
    """
    n_real = len(X) - n_prior
    if n_real < 2 * N_FOLDS:
        return np.full(Y.shape[1], EVEN)
    probabilities = np.empty((n_real, Y.shape[1]))
    for fold in np.array_split(rng.permutation(n_real), N_FOLDS):
        others = np.ones(len(X), dtype=bool)
        others[n_prior + fold] = False
        one = OneVsRestLogistic(model.C).fit(X[others], Y[others])
        probabilities[fold] = one.predict_proba(X[n_prior + fold])
    return choose_thresholds(probabilities, Y[n_prior:])
