"""Whether "80 % sure" is right four times in five: the top probability against what was right."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from learners.engine.intervals import Interval, wilson

MIN_ANSWERS = 30  # below, a bin would hold too few to say anything
PER_BIN = 10
MOST_BINS = 5


@dataclass(frozen=True)
class Bin:
    """Answers of neighbouring confidence: from `low` to `high`, on average `confidence`, all in
    [0, 1]; `right`: the share that was right, with Wilson's interval.
    """

    low: float
    high: float
    confidence: float
    right: Interval


@dataclass(frozen=True)
class CalibrationError:
    """Expected calibration error with a bootstrap interval, and the error that a model whose every
    probability is true would show on as few answers by chance: mean and 95 % quantile.
    """

    error: Interval
    by_chance: float
    by_chance_high: float


def bins(
    confidences: Sequence[float] | NDArray[Any], is_right: Sequence[bool] | NDArray[Any]
) -> list[Bin]:
    """Up to five bins of equal count, least sure first; none below `MIN_ANSWERS` answers.

    Args:
        confidences: (n,), the probability of the class that was said. is_right: (n,).
    """
    sure, right = _checked(confidences, is_right)
    if len(sure) < MIN_ANSWERS:
        return []
    return [
        Bin(
            low=float(sure[rows].min()),
            high=float(sure[rows].max()),
            confidence=float(sure[rows].mean()),
            right=wilson(int(right[rows].sum()), len(rows)),
        )
        for rows in _bin_rows(sure)
    ]


def calibration_error(
    confidences: Sequence[float] | NDArray[Any],
    is_right: Sequence[bool] | NDArray[Any],
    *,
    rng: np.random.Generator,
    n_resamples: int = 500,
) -> CalibrationError | None:
    """Mean distance of confidence and share right over bins of equal count, weighted by them.

    Guo and others 2017 (arXiv 1706.04599), equation 3, with equal-count bins as Nixon and others
    2019 (arXiv 1904.01685). It is never negative, so that few answers alone make it look bad:
    hence `by_chance`. None below `MIN_ANSWERS`.
    """
    sure, right = _checked(confidences, is_right)
    n = len(sure)
    if n < MIN_ANSWERS:
        return None
    drawn = rng.integers(0, n, (n_resamples, n))
    resampled = [_error(sure[rows], right[rows]) for rows in drawn]
    true = rng.random((n_resamples, n)) < sure
    by_chance = [_error(sure, rows) for rows in true]
    low, high = np.quantile(resampled, [0.025, 0.975])
    value = _error(sure, right)
    return CalibrationError(
        Interval(value, float(low), float(high), n),
        float(np.mean(by_chance)),
        float(np.quantile(by_chance, 0.95)),
    )


def _checked(confidences: Any, is_right: Any) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    sure, right = np.asarray(confidences, np.float64), np.asarray(is_right, bool)
    if sure.shape != right.shape:
        raise ValueError(f"{len(sure)} confidences for {len(right)} answers; needed: one each")
    return sure, right


def _bin_rows(sure: NDArray[np.float64]) -> list[NDArray[np.int64]]:
    n_bins = min(MOST_BINS, len(sure) // PER_BIN)
    return np.array_split(np.argsort(sure, kind="stable"), n_bins)


def _error(sure: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    distances = [abs(float((right[rows] - sure[rows]).sum())) for rows in _bin_rows(sure)]
    return sum(distances) / len(sure)
