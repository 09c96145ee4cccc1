"""An interval for one frozen model's accuracy that stays valid however often one looks and stops.

The likelihood ratio of the Beta(1/2, 1/2) mixture (Krichevsky and Trofimov 1981) against a share m
is a martingale of mean 1 when m is the true share, so by Ville's inequality (Ville 1939, "Étude
critique de la notion de collectif") it ever reaches 1/α with probability at most α. The m it does
not rule out are therefore right at every n at once (Robbins 1970, confidence sequences).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from learners.engine.intervals import Interval

ERROR_RATE = 0.05
_HALVINGS = 50  # of [0, 1]: far below what a page can show

_lgamma = np.frompyfunc(math.lgamma, 1, 1)


class Verdict(StrEnum):
    """What an interval says of a target."""

    CLEARS = "clears"
    BELOW = "below"
    OPEN = "open"


@dataclass(frozen=True)
class IntervalPath:
    """The interval after each answer, in order; arrays (n,), shares in [0, 1]."""

    value: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


@dataclass(frozen=True)
class Decision:
    """The first answer after which the interval left the target, from 1; 0 while it is open."""

    verdict: Verdict
    n: int = 0


def anytime_interval(n_right: int, n: int, *, error_rate: float = ERROR_RATE) -> Interval:
    """All m with k ln m + (n-k) ln(1-m) > ln B(k+1/2, n-k+1/2) - ln B(1/2, 1/2) - ln(1/α).

    Raises:
        ValueError: n is 0, n_right is not between 0 and n, or `error_rate` is not inside (0, 1).
    """
    if n < 1 or not 0 <= n_right <= n:
        raise ValueError(
            f"{n_right} right of {n}; needed: at least one answer, and 0 <= right <= n"
        )
    k, total = np.array([float(n_right)]), np.array([float(n)])
    low, high = _bounds(k, total, error_rate)
    return Interval(n_right / n, float(low[0]), float(high[0]), n)


def interval_path(outcomes: Sequence[bool], *, error_rate: float = ERROR_RATE) -> IntervalPath:
    """The interval after each of `outcomes` (right or wrong, in the order of the draw)."""
    k, n = _counts(outcomes)
    low, high = _bounds(k, n, error_rate)
    return IntervalPath(k / n, low, high)


def decide(outcomes: Sequence[bool], *, target: float, error_rate: float = ERROR_RATE) -> Decision:
    """Where the interval first lay wholly above `target`, or wholly below it.

    Raises:
        ValueError: `target` or `error_rate` is not inside (0, 1).
    """
    k, n = _counts(outcomes)
    out = np.flatnonzero(_rules_out(k, n, target, error_rate))
    if not len(out):
        return Decision(Verdict.OPEN)
    first = int(out[0])
    clears = k[first] > target * n[first]
    return Decision(Verdict.CLEARS if clears else Verdict.BELOW, first + 1)


def questions_needed(
    accuracy: float, *, target: float, n_max: int, error_rate: float = ERROR_RATE
) -> int | None:
    """About how many answers decide on `target` if the model is right on `accuracy` of the texts:
    where the interval leaves it when just that share is right. None: not within `n_max`.
    """
    n = np.arange(1.0, n_max + 1)
    out = np.flatnonzero(_rules_out(accuracy * n, n, target, error_rate))
    return int(out[0]) + 1 if len(out) else None


def _counts(outcomes: Sequence[bool]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    right = np.asarray(outcomes, dtype=np.float64)
    return np.cumsum(right), np.arange(1.0, len(right) + 1)


def _rules_out(
    k: NDArray[np.float64], n: NDArray[np.float64], m: float, error_rate: float
) -> NDArray[np.bool_]:
    """Whether the interval after `k` right of `n`, both (n_looks,), leaves `m` out."""
    if not 0 < m < 1:
        raise ValueError(f"a target of {m}; needed: inside 0 and 1")
    left_out: NDArray[np.bool_] = k * math.log(m) + (n - k) * math.log1p(-m) <= _level(
        k, n, error_rate
    )
    return left_out


def _level(
    k: NDArray[np.float64], n: NDArray[np.float64], error_rate: float
) -> NDArray[np.float64]:
    """What the log-likelihood of an m inside the interval exceeds."""
    if not 0 < error_rate < 1:
        raise ValueError(f"an error rate of {error_rate}; needed: inside 0 and 1")
    return _lbeta(k + 0.5, n - k + 0.5) - math.log(math.pi) + math.log(error_rate)


def _lbeta(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(_lgamma(a) + _lgamma(b) - _lgamma(a + b), dtype=np.float64)


def _bounds(
    k: NDArray[np.float64], n: NDArray[np.float64], error_rate: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Both ends, by halving: the log-likelihood rises up to k/n and falls from there."""
    level, peak = _level(k, n, error_rate), k / n
    low = _edge(k, n, level, outside=np.zeros_like(peak), inside=peak)
    high = _edge(k, n, level, outside=np.ones_like(peak), inside=peak)
    return low, high


def _edge(
    k: NDArray[np.float64],
    n: NDArray[np.float64],
    level: NDArray[np.float64],
    *,
    outside: NDArray[np.float64],
    inside: NDArray[np.float64],
) -> NDArray[np.float64]:
    for _ in range(_HALVINGS):
        middle = (outside + inside) / 2
        is_inside = _log_likelihood(middle, k, n) > level
        inside = np.where(is_inside, middle, inside)
        outside = np.where(is_inside, outside, middle)
    return outside  # the wider end: never claims more than the formula


def _log_likelihood(
    m: ArrayLike, k: NDArray[np.float64], n: NDArray[np.float64]
) -> NDArray[np.float64]:
    """k ln m + (n-k) ln(1-m), with 0 ln 0 = 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        right = np.where(k > 0, k * np.log(m), 0.0)
        wrong = np.where(n > k, (n - k) * np.log1p(-np.asarray(m)), 0.0)
    total: NDArray[np.float64] = right + wrong
    return total
