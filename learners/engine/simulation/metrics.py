"""What one model gets right on the test rows."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def accuracy(truth: NDArray[Any], predicted: NDArray[Any]) -> float:
    """Share of equal entries of two (n,) arrays, in [0, 1]."""
    return float(np.mean(truth == predicted))


def macro_f1(truth: NDArray[Any], predicted: NDArray[Any], n_classes: int) -> float:
    """Mean F1 over the classes that occur in either of two (n,) arrays of class numbers.

    F1 = 2·right/(true + predicted) of a class; 0 where a class is never right.
    """
    right = np.bincount(truth[truth == predicted], minlength=n_classes)
    in_either = np.bincount(truth, minlength=n_classes) + np.bincount(
        predicted, minlength=n_classes
    )
    occurs = in_either > 0
    return float(np.mean(2 * right[occurs] / in_either[occurs]))


def exact_match(truth: NDArray[np.bool_], said: NDArray[np.bool_]) -> float:
    """Share of the rows of two (n, k) whose whole sets are equal, in [0, 1]."""
    return float((truth == said).all(axis=1).mean())


def set_f1(truth: NDArray[np.bool_], said: NDArray[np.bool_]) -> tuple[float, float]:
    """Micro-F1, over all labels of all rows of two (n, k) together, and macro-F1, the mean over the
    classes that occur in either; 1 where nothing is true and nothing was said.
    """
    right, either = (truth & said).sum(axis=0), truth.sum(axis=0) + said.sum(axis=0)
    if not either.any():
        return 1.0, 1.0
    occurs = either > 0
    return float(2 * right.sum() / either.sum()), float(np.mean(2 * right[occurs] / either[occurs]))
