"""How far a measured number can be trusted."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest
from sklearn.metrics import confusion_matrix


@dataclass(frozen=True)
class Interval:
    """A measured share: `value` with `low` and `high`, all in [0, 1], from `n` rows."""

    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True)
class MacroF1:
    """Macro-F1, or None and the reason `why` it is withheld."""

    interval: Interval | None
    why: str = ""


def wilson(n_right: int, n: int, *, confidence: float = 0.95) -> Interval:
    """Wilson's 1927 score interval of `n_right` out of `n`: stays inside [0, 1] at any n.

    Centre (p + z²/2n)/(1 + z²/n), half-width z·√(p(1−p)/n + z²/4n²)/(1 + z²/n).

    Raises:
        ValueError: n is 0 (nothing was measured), or n_right is not between 0 and n.
    """
    if n < 1 or not 0 <= n_right <= n:
        raise ValueError(
            f"{n_right} right of {n}; needed: at least one answer, and 0 <= right <= n"
        )
    bounds = binomtest(n_right, n).proportion_ci(confidence_level=confidence, method="wilson")
    return Interval(n_right / n, float(bounds.low), float(bounds.high), n)


def macro_f1_bootstrap(
    *,
    truth: Sequence[Any] | NDArray[Any],
    predicted: Sequence[Any] | NDArray[Any],
    class_ids: Sequence[Any],
    rng: np.random.Generator,
    min_per_class: int = 5,
    n_resamples: int = 1_000,
    confidence: float = 0.95,
) -> MacroF1:
    """Macro-F1 with a percentile bootstrap interval (Efron and Tibshirani 1993, chapter 13).

    Withheld until every class has `min_per_class` audit answers: below, one answer moves it by
    more than anything else does. Within a resample the mean is over the classes that occur in it.

    Args:
        truth, predicted: (n,), class ids. class_ids: every class of the project in use.
    """
    labels = list(dict.fromkeys([*class_ids, *np.unique(truth), *np.unique(predicted)]))
    counts = np.array([np.sum(np.asarray(truth) == class_id) for class_id in class_ids])
    n_short = int(np.sum(counts < min_per_class))
    if n_short or not len(counts):
        return MacroF1(
            None,
            f"macro-F1 needs {min_per_class} audit answers of every class; "
            f"{n_short} of {len(counts)} have fewer",
        )
    cells = confusion_matrix(truth, predicted, labels=labels)
    n = int(cells.sum())
    # Drawing n rows with replacement is drawing the confusion matrix's cells from a multinomial.
    draws = rng.multinomial(n, cells.ravel() / n, size=n_resamples)
    resampled = _macro_f1(draws.reshape(n_resamples, *cells.shape))
    tail = (1 - confidence) / 2
    low, high = np.quantile(resampled, [tail, 1 - tail])
    value = float(_macro_f1(cells[None])[0])
    return MacroF1(Interval(value, float(low), float(high), n))


def _macro_f1(cells: NDArray[Any]) -> NDArray[np.float64]:
    """Macro-F1 of confusion matrices (n_matrices, n_classes, n_classes), truth in rows."""
    right = np.diagonal(cells, axis1=1, axis2=2)
    either = cells.sum(axis=2) + cells.sum(axis=1)
    occurs = either > 0
    f1 = np.divide(2 * right, either, out=np.zeros(either.shape), where=occurs)
    mean: NDArray[np.float64] = f1.sum(axis=1) / occurs.sum(axis=1)
    return mean
