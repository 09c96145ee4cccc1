"""How far a measured number can be trusted."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray


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
    # Not scipy.stats: it takes a second to import, and pages call this.
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share, scale = n_right / n, 1 + z * z / n
    centre = (share + z * z / (2 * n)) / scale
    half = z / scale * sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    low = 0.0 if n_right == 0 else max(0.0, centre - half)
    high = 1.0 if n_right == n else min(1.0, centre + half)
    return Interval(share, low, high, n)


def paired_difference(n_gained: int, n_lost: int, n: int, *, confidence: float = 0.95) -> Interval:
    """How much larger one share is than another on the same `n` rows, in [-1, 1].

    `n_gained` rows are right the second time only, `n_lost` the first time only. Wald's interval
    after half a row is added to each cell of the two-by-two table (Agresti and Min 2005, Statistics
    in Medicine 24:729): unlike a bootstrap it keeps a width where no row changed. `value` is the
    plain difference.

    Raises:
        ValueError: n is 0, or the rows that changed are more than n.
    """
    if n < 1 or min(n_gained, n_lost) < 0 or n_gained + n_lost > n:
        raise ValueError(
            f"{n_gained} gained and {n_lost} lost of {n}; needed: at least one row, and no more "
            "that changed than there are"
        )
    gained, lost, total = n_gained + 0.5, n_lost + 0.5, n + 2
    difference = (gained - lost) / total
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    half = z * sqrt((gained + lost) / total - difference**2) / sqrt(total)
    low, high = max(-1.0, difference - half), min(1.0, difference + half)
    return Interval((n_gained - n_lost) / n, low, high, n)


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
    A prediction that is no class at all misses the true one, and is no class of its own.

    Args:
        truth, predicted: (n,), class ids. class_ids: every class of the project in use.

    Raises:
        ValueError: `truth` and `predicted` are not of one length.
    """
    right, said = np.asarray(truth), np.asarray(predicted)
    if right.shape != said.shape:
        raise ValueError(f"{len(right)} true classes for {len(said)} predictions; needed: one each")
    counts = np.array([np.sum(right == class_id) for class_id in class_ids])
    n_short = int(np.sum(counts < min_per_class))
    if n_short or not len(counts):
        return MacroF1(
            None,
            f"macro-F1 needs {min_per_class} audit answers of every class; "
            f"{n_short} of {len(counts)} have fewer",
        )
    classes = np.unique(np.concatenate([np.asarray(class_ids), right]))
    none = len(classes)
    places = [np.searchsorted(classes, ids) for ids in (right, said)]
    places[1] = np.where(np.isin(said, classes), places[1], none)
    pairs, n_times = np.unique(np.stack(places, axis=1), axis=0, return_counts=True)
    n = len(right)
    # Drawing n rows with replacement is drawing counts of the (truth, predicted) pairs.
    draws = rng.multinomial(n, n_times / n, size=n_resamples)
    tail = (1 - confidence) / 2
    low, high = np.quantile(_macro_f1(draws, pairs, len(classes)), [tail, 1 - tail])
    value = float(_macro_f1(n_times[None], pairs, len(classes))[0])
    return MacroF1(Interval(value, float(low), float(high), n))


def _macro_f1(counts: NDArray[Any], pairs: NDArray[Any], n_classes: int) -> NDArray[np.float64]:
    """Macro-F1 of each row of `counts` (n_draws, n_pairs), how often each of `pairs` (n_pairs, 2) occurs;
    `n_classes` in a pair is no class.
    """
    is_class = np.eye(n_classes + 1, n_classes)
    true_class, said_class = is_class[pairs[:, 0]], is_class[pairs[:, 1]]
    twice_right = 2 * counts @ (true_class * said_class)
    in_either = counts @ (true_class + said_class)
    occurs = in_either > 0
    f1 = np.divide(twice_right, in_either, out=np.zeros(in_either.shape), where=occurs)
    mean: NDArray[np.float64] = f1.sum(axis=1) / occurs.sum(axis=1)
    return mean
