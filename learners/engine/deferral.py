"""Knowing when it does not know: below which probability a model leaves a text to somebody else.

Selective classification (Geifman and El-Yaniv 2017, "Selective Classification for Deep Neural
Networks", NeurIPS): the texts whose top probability reaches a threshold are answered, the others are
deferred. The threshold is chosen on one random half of the audit answers and reported on the other.
The careful choice tests coverages from the smallest up and ends at the first that fails: fixed-sequence
testing, as in "Learn then Test" (Angelopoulos, Bates, Candès, Jordan and Lei 2021, section 3.2).
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, fsum, lgamma, log, log1p

import numpy as np
from numpy.typing import NDArray

from learners.engine.intervals import Interval, wilson

MIN_HALF = 20
MIN_KEPT = 10
N_COVERAGES = 10
MAX_POINTS = 200
ERROR = 0.05
PROBABILITY = "probability"  # the measure: of the likeliest class

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Point:
    """What a threshold does to some answers: `coverage` of them kept, and of those `accuracy` right
    (None where none is kept). Intervals are of 95 %.
    """

    threshold: float
    coverage: Interval
    accuracy: Interval | None

    @property
    def n_kept(self) -> int:
        return self.accuracy.n if self.accuracy else 0


@dataclass(frozen=True)
class Choice:
    """A threshold, or why there is none.

    Attributes:
        threshold: in [0, 1]; a text is answered from it on. None: see `why`.
        why: "" or "too_few" (answers to tell), "unreached" (by no threshold), "unsure" (reached, but
            not for sure: the careful choice alone).
        chosen_on, reported: the threshold on either half; None without one.
        n_choosing, n_reporting: answers in either half.
        n_needed: at least so many in each half before anything is chosen.
    """

    threshold: float | None
    why: str
    chosen_on: Point | None
    reported: Point | None
    n_choosing: int
    n_reporting: int
    n_needed: int


def chooses(ids: Sequence[int] | NDArray[np.int64], *, seed: int) -> Flags:
    """Which examples choose, (n,): about half, the others report.

    By SHA-256 of seed and id, not by a shuffle: an answer that once chose never reports, however many
    come later, and for every model of the project alike.
    """
    lines = (f"{seed}/{int(each)}" for each in ids)
    return np.array([hashlib.sha256(line.encode()).digest()[0] & 1 for line in lines], dtype=bool)


def choose(
    *, confidence: Floats, correct: Flags, choosing: Flags, wanted: float, careful: bool = False
) -> Choice:
    """The lowest threshold with which what is answered is right as often as `wanted`.

    Args:
        confidence: (n,) in [0, 1]. correct: (n,). choosing: (n,), the half that chooses.
        wanted: accuracy, above 0 and below 1.
        careful: the threshold's true accuracy is `wanted` or more with 95 % certainty, where the
            answers allow it; else what was seen on the choosing half decides, which may be luck.

    Raises:
        ValueError: arrays of different lengths, or `wanted` is no share.
    """
    _check(confidence, correct, choosing, wanted)
    n, needed = int(choosing.sum()), least_answers(wanted, careful=careful)
    n_reporting = len(choosing) - n
    if n < needed or n_reporting < MIN_HALF:
        return Choice(None, "too_few", None, None, n, n_reporting, needed)
    half = confidence[choosing], correct[choosing]
    plain = _lowest(*half, wanted)
    threshold = _careful(*half, wanted) if careful else plain
    if threshold is None:
        why = "unsure" if plain is not None else "unreached"
        return Choice(None, why, None, None, n, n_reporting, needed)
    rest = confidence[~choosing], correct[~choosing]
    return Choice(threshold, "", at(*half, threshold), at(*rest, threshold), n, n_reporting, needed)


def at(confidence: Floats, correct: Flags, threshold: float) -> Point:
    """What a threshold does to these answers, one or more. Raises ValueError where there is none."""
    kept = confidence >= threshold
    n_kept = int(kept.sum())
    accuracy = wilson(int(correct[kept].sum()), n_kept) if n_kept else None
    return Point(threshold, wilson(n_kept, len(confidence)), accuracy)


def curve(confidence: Floats, correct: Flags) -> list[Point]:
    """Accuracy against coverage at every threshold, the strictest first; at most `MAX_POINTS`."""
    thresholds = np.unique(confidence)[::-1]
    if len(thresholds) > MAX_POINTS:
        places = np.linspace(0, len(thresholds) - 1, MAX_POINTS).round().astype(int)
        thresholds = thresholds[places]
    return [at(confidence, correct, float(each)) for each in thresholds]


def least_answers(wanted: float, *, careful: bool) -> int:
    """With fewer answers in the choosing half nothing is chosen."""
    return max(MIN_HALF, least_to_be_sure(wanted)) if careful else MIN_HALF


def least_to_be_sure(wanted: float, *, error: float = ERROR) -> int:
    """Of how many answers one may be wrong, and still more than `wanted` are right for sure."""
    low, high = 1, 2
    while _tail(high - 1, high, wanted) > error:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _tail(middle - 1, middle, wanted) <= error else (middle, high)
    return high


def _lowest(confidence: Floats, correct: Flags, wanted: float) -> float | None:
    """The lowest confidence from which on the share of right ones is `wanted`, by what was seen."""
    thresholds, n_kept, n_right = _nested(confidence, correct)
    reached = (n_right >= wanted * n_kept) & (n_kept >= MIN_KEPT)
    return float(thresholds[reached].min()) if reached.any() else None


def _careful(confidence: Floats, correct: Flags, wanted: float) -> float | None:
    """The same with certainty: coverages in tenths from the smallest up, until one fails its test.

    The first is the smallest at which one answer may be wrong; a stricter one would end the sequence
    at the first slip. It depends on no answer, so that no correction is needed.
    """
    thresholds, n_kept, n_right = _nested(confidence, correct)
    found = None
    for place in _steps(n_kept, least_to_be_sure(wanted)):
        if _tail(int(n_right[place]), int(n_kept[place]), wanted) > ERROR:
            break
        found = float(thresholds[place])
    return found


def _steps(n_kept: NDArray[np.int64], first: int) -> list[int]:
    """Places of the thresholds that keep `first` answers, and a tenth of all more each time."""
    n = int(n_kept[-1])
    sizes = np.linspace(min(first, n), n, N_COVERAGES)
    return sorted(set(np.searchsorted(n_kept, sizes.round()).tolist()))


def _nested(
    confidence: Floats, correct: Flags
) -> tuple[Floats, NDArray[np.int64], NDArray[np.int64]]:
    """Every threshold, the strictest first, with how many it keeps and how many of those are right."""
    order = np.argsort(-confidence, kind="stable")
    ordered = confidence[order]
    last = np.append(ordered[1:] != ordered[:-1], True)  # ties are kept together
    kept, distinct = np.arange(1, len(ordered) + 1)[last], ordered[last]
    # Halfway to the next one, so that another machine's last digits decide nothing; never below all.
    thresholds = (distinct + np.append(distinct[1:], distinct[-1:])) / 2
    return thresholds, kept, np.cumsum(correct[order])[last]


def _tail(n_right: int, n: int, share: float) -> float:
    """Chance of `n_right` or more of `n` where each is right with `share`: exact binomial test."""
    counts = range(n_right, n + 1)
    return min(1.0, fsum(exp(_log_chance(k, n, share)) for k in counts))


def _log_chance(k: int, n: int, share: float) -> float:
    """Logarithm of the binomial probability: the factors themselves are beyond any float."""
    ways = lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)
    return ways + k * log(share) + (n - k) * log1p(-share)


def _check(confidence: Floats, correct: Flags, choosing: Flags, wanted: float) -> None:
    if not len(confidence) == len(correct) == len(choosing):
        raise ValueError(
            f"{len(confidence)} confidences, {len(correct)} judged, {len(choosing)} in halves"
        )
    if not 0 < wanted < 1:
        raise ValueError(f"the wanted accuracy is {wanted}; allowed: above 0 and below 1")
