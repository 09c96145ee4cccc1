"""When further labels look unlikely to help: three signs, each with its state. All approximate.

None of them is a guarantee: that needs one frozen model and fresh random answers (`anytime`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log
from typing import Any

import numpy as np
from numpy.typing import NDArray

from learners.engine.intervals import Interval, paired_difference

WINDOW = 3  # fits looked back on, as in small-text
STABLE_KAPPA = 0.99  # small-text's default (Bloodgood and Vijay-Shanker 2009, arXiv 1409.5165)
NARROW = 0.05  # half-width of an interval that says something
SMALL_GAIN = 0.02  # the next labels may add this much and it still seems not worth them
NEXT_LABELS = 50
LEAST_LABELS = 50  # below, a forecast would be a guess


@dataclass(frozen=True)
class Sign:
    """One criterion: `met` is None where it cannot be said yet."""

    met: bool | None
    value: float | None = None
    low: float | None = None
    high: float | None = None
    n: int = 0


@dataclass(frozen=True)
class Advice:
    """The three signs. `verdict`: "enough" where all are met, "more" where one is known not to be,
    "unknown" where none speaks against stopping and one cannot be said.
    """

    interval: Sign
    stability: Sign
    gain: Sign

    @property
    def verdict(self) -> str:
        states = [self.interval.met, self.stability.met, self.gain.met]
        if False in states:
            return "more"
        return "unknown" if None in states else "enough"


def cohen_kappa(
    first: Sequence[int] | NDArray[Any], second: Sequence[int] | NDArray[Any]
) -> float | None:
    """Agreement beyond chance of two labellings (n,) of the same rows, at most 1 (Cohen 1960).

    (p_o - p_e) / (1 - p_e). None without rows, and where both say one and the same class
    throughout: then chance explains everything and the figure is not defined.
    """
    a, b = np.asarray(first), np.asarray(second)
    if a.shape != b.shape:
        raise ValueError(f"{len(a)} and {len(b)} predictions; needed: one each of the same rows")
    if not len(a):
        return None
    classes, codes = np.unique(np.concatenate([a, b]), return_inverse=True)
    shares = [np.bincount(part, minlength=len(classes)) / len(a) for part in np.split(codes, 2)]
    by_chance = float(shares[0] @ shares[1])
    if by_chance == 1:
        return None
    return (float((a == b).mean()) - by_chance) / (1 - by_chance)


def expected_gain(
    *, n_gained: int, n_lost: int, n: int, labels_then: int, labels_now: int
) -> Interval:
    """What the next `NEXT_LABELS` labels may add to accuracy, if the curve goes on as it came.

    Between `labels_then` and `labels_now` labels, `n_gained` of `n` random texts became right and
    `n_lost` wrong. Accuracy is taken to rise alike for each doubling of the labels, so that the
    same number of labels adds less and less: the difference is scaled by
    log((now + 50) / now) / log(now / then).

    Raises:
        ValueError: fewer than `LEAST_LABELS` labels, or not more now than then.
    """
    if labels_now < LEAST_LABELS or not 0 < labels_then < labels_now:
        raise ValueError(
            f"{labels_then} and {labels_now} labels; needed: at least {LEAST_LABELS} now, and fewer then"
        )
    scale = log((labels_now + NEXT_LABELS) / labels_now) / log(labels_now / labels_then)
    seen = paired_difference(n_gained, n_lost, n)
    return Interval(scale * seen.value, scale * seen.low, scale * seen.high, n)


def interval_sign(accuracies: Sequence[Interval]) -> Sign:
    """Is the newest interval narrow, and did the last fits stay within it? Oldest first.

    `value` is the half-width of the newest. Met when that is at most `NARROW` and each of the
    last `WINDOW` fits lies inside; not met when it is wider; otherwise None.
    """
    if not accuracies:
        return Sign(None)
    newest = accuracies[-1]
    half = (newest.high - newest.low) / 2
    within = [newest.low <= earlier.value <= newest.high for earlier in accuracies[-WINDOW:-1]]
    met: bool | None = half <= NARROW and all(within)
    if half <= NARROW and len(within) < WINDOW - 1:
        met = None
    return Sign(met, half, newest.low, newest.high, newest.n)


def stability_sign(kappas: Sequence[float | None]) -> Sign:
    """Mean agreement of consecutive fits over the last `WINDOW` pairs; None with fewer pairs."""
    last = [kappa for kappa in kappas[-WINDOW:] if kappa is not None]
    if len(last) < WINDOW:
        return Sign(None, float(np.mean(last)) if last else None, n=len(last))
    mean = float(np.mean(last))
    return Sign(mean >= STABLE_KAPPA, mean, n=len(last))


def gain_sign(gain: Interval | None) -> Sign:
    """Met when even the upper end of the gain is at most `SMALL_GAIN`; not met when even the value
    is above it; between these the answers are too few to say.
    """
    if gain is None:
        return Sign(None)
    met = True if gain.high <= SMALL_GAIN else (False if gain.value > SMALL_GAIN else None)
    return Sign(met, gain.value, gain.low, gain.high, gain.n)
