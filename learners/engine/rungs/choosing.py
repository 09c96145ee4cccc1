"""The smallest model that is good enough, and how sure that is.

Which rung is best is not known, and the one that looks best was picked on the same answers, so no rung
is compared with that one alone. A rung is good enough when it is shown not to be worse than any other
rung by more than the margin. Showing this against each other rung by itself is enough, without a
correction, since all must be shown together (an intersection-union test: Berger 1982,
"Multiparameter hypothesis testing and acceptance sampling", Technometrics 24(4); the comparison with a
best that is not known: Hsu 1984, "Constrained simultaneous confidence intervals for multiple
comparisons with the best", Annals of Statistics 12(3)). Any of k - 1 rungs could wrongly be called good
enough (the best never is wrongly), so each is tested at (1 - level) / (k - 1): Bonferroni.

One rival that is shown to be better by more than the margin makes a rung worse. Any of k rungs could
wrongly be called so, against any of k - 1 others, so each pair is tested at (1 - level) / (k (k - 1)).
All verdicts "good enough" hold together at the level, and so do all verdicts "worse".

k counts every model that was ever compared on these answers for this choice, also those that others
have replaced since: whoever tries ten and shows the luckiest has compared ten.

Each pair of rungs answered the same questions. The bound on the difference of their accuracies is
Tango's score bound for matched pairs (1998, "Equivalence test and confidence interval for the
difference in proportions for the paired-sample design", Statistics in Medicine 17(8)). It keeps a
width where two rungs differ on no answer, where a bootstrap or Wald's bound would have none.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import ceil
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]
HALVINGS = 32  # of an interval of at most 2: to 5e-10


class Verdict(StrEnum):
    """What the audit answers say of a rung."""

    GOOD_ENOUGH = "good_enough"
    """Not worse than any other by more than the margin, at the level."""
    WORSE = "worse"
    """Worse than some other rung by more than the margin, at the level, as all that are called so."""
    UNCLEAR = "unclear"
    """Neither could be told from this many answers."""


@dataclass(frozen=True)
class Standing:
    """One rung among the others. Differences are shares of answers, in [-1, 1].

    Attributes:
        accuracy: share of the answers that it gets right.
        rival: the place of the rung that stands most in its way; for the rung that looks best the one
            that may yet be better.
        difference: how much more of the answers `rival` gets right, below 0 where it gets fewer.
        bound: one-sided upper bound of how much more accurate any other rung is.
        n_needed: about how many answers would show it good enough if shares stay as they are; None
            where it is settled, or where it looks worse by more than the margin.
    """

    accuracy: float
    rival: int
    difference: float
    bound: float
    verdict: Verdict
    n_needed: int | None


@dataclass(frozen=True)
class Choice:
    """Which rung is the smallest that is good enough.

    Attributes:
        chosen: the place of the cheapest rung that is good enough; None when none was shown to be.
        best: the place of the rung that gets most answers right, the cheaper one of equals.
        too_small: some rung cheaper than `chosen`, or any rung when there is none, is unclear: more
            answers could tell.
        n: answers. margin, level: as given. level_each: of each bound, after the correction;
            level_worse: of the bounds that call a rung worse.
        standings: one a rung, in the order given.
    """

    chosen: int | None
    best: int
    too_small: bool
    n: int
    margin: float
    level: float
    level_each: float
    level_worse: float
    standings: tuple[Standing, ...]


def smallest_good_enough(
    correct: NDArray[np.bool_],
    costs: Sequence[float],
    *,
    margin: float,
    level: float = 0.95,
    n_compared: int = 0,
) -> Choice:
    """The cheapest rung that is not worse than the best by more than the margin.

    That the chosen rung is in truth worse by more than the margin happens in at most a share
    1 - level of audit sets; that any rung called worse is not, in at most such a share too.

    Args:
        correct: (n_rungs, n_answers), which answers each rung predicts; no rung was trained on any.
        costs: (n_rungs,), by whatever smaller is meant to be: bytes, seconds, money.
        margin: what may be lost, a share in (0, 1): 0.02 is two points.
        level: in (0.5, 1).
        n_compared: rungs ever compared for this choice, where they are more than those given.

    Raises:
        ValueError: no rung, no answer, or numbers outside of these ranges.
    """
    right, prices = np.asarray(correct, bool), np.asarray(costs, float)
    if right.ndim != 2 or not right.size or prices.shape != right.shape[:1]:
        raise ValueError(f"{right.shape} answers for {prices.shape} costs; needed: one row a cost")
    if not 0 < margin < 1 or not 0.5 < level < 1 or not np.isfinite(prices).all():
        raise ValueError(
            f"margin {margin}, level {level} or costs outside of (0, 1), (0.5, 1), finite"
        )
    k, n = right.shape
    rivals = max(1, max(k, n_compared) - 1)
    level_each = 1 - (1 - level) / rivals
    level_worse = 1 - (1 - level) / (rivals * (rivals + 1))
    standings = _standings(right, margin, level_each, level_worse)
    accuracies = right.mean(axis=1)
    best = int(np.lexsort((prices, -accuracies))[0])
    by_price = np.lexsort((-accuracies, prices)).tolist()
    good = [place for place in by_price if standings[place].verdict == Verdict.GOOD_ENOUGH]
    chosen = good[0] if good else None
    before = by_price[: by_price.index(chosen)] if chosen is not None else by_price
    too_small = any(standings[place].verdict == Verdict.UNCLEAR for place in before)
    return Choice(chosen, best, too_small, n, margin, level, level_each, level_worse, standings)


def _standings(
    right: NDArray[np.bool_], margin: float, level: float, level_worse: float
) -> tuple[Standing, ...]:
    k, n = right.shape
    only = right[:, None] & ~right[None]
    won = only.sum(axis=2)  # [j, i]: answers that j gets right and i does not
    bounds = _bounds(won, n, level)
    bounds[np.diag_indices(k)] = -1 if k > 1 else 0
    lowest = -_bounds(won, n, level_worse).T
    lowest[np.diag_indices(k)] = -1
    rivals = bounds.argmax(axis=0)
    needed = _needed(won, n, margin, level)
    found = []
    for place, rival in enumerate(rivals.tolist()):
        bound, others = float(bounds[rival, place]), np.arange(k) != place
        verdict = _verdict(bound, float(lowest[:, place].max()), margin)
        most = float(needed[others, place].max(initial=0))
        found.append(
            Standing(
                accuracy=float(right[place].mean()),
                rival=rival,
                difference=float(won[rival, place] - won[place, rival]) / n,
                bound=bound,
                verdict=verdict,
                n_needed=ceil(most) if verdict == Verdict.UNCLEAR and np.isfinite(most) else None,
            )
        )
    return tuple(found)


def _bounds(won: NDArray[Any], n: int, level: float) -> Doubles:
    """[j, i]: upper bound of how much more accurate j is than i, (k, k)."""
    return score_bound(won.ravel(), won.T.ravel(), n, level=level).reshape(won.shape)


def _verdict(bound: float, lowest: float, margin: float) -> Verdict:
    if bound <= margin:
        return Verdict.GOOD_ENOUGH
    return Verdict.WORSE if lowest > margin else Verdict.UNCLEAR


def score_bound(
    gained: NDArray[Any], lost: NDArray[Any], n: int, *, level: float
) -> NDArray[np.float64]:
    """Upper bound of (gained - lost) / n in truth, for matched pairs: the largest difference D with

        (gained - lost - n D) / sqrt(n (2 q + D (1 - D))) >= -z

    where q is the likeliest share of losses if D were the truth (Tango 1998, equations 9 to 12).

    Args:
        gained, lost: (m,), of n pairs those right the second time only, and the first time only.
        level: of the one-sided bound.
    """
    z = NormalDist().inv_cdf(level)
    b, c = np.asarray(gained, float), np.asarray(lost, float)
    low, high = (b - c) / n, np.ones_like(b)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        inside = b - c - n * middle >= -z * np.sqrt(n * _variance(middle, b, c, n))
        low, high = np.where(inside, middle, low), np.where(inside, high, middle)
    found: Doubles = np.asarray(low, np.float64)
    return found


def _variance(difference: Doubles, b: Doubles, c: Doubles, n: int) -> Doubles:
    """Of one pair's gain, if the difference were this."""
    linear = -b - c + (2 * n - b + c) * difference
    constant = -c * difference * (1 - difference)
    root = np.sqrt(np.maximum(linear**2 - 8 * n * constant, 0))
    losses = (root - linear) / (4 * n)
    variance: Doubles = np.maximum(2 * losses + difference * (1 - difference), 0)
    return variance


def _needed(won: NDArray[Any], n: int, margin: float, level: float) -> Doubles:
    """Answers at which each bound would reach the margin, shares being as they are, (k, k).

    With all counts multiplied by f, the score at D = margin is √f times as large.
    """
    z = NormalDist().inv_cdf(level)
    b, c = won.astype(float), won.T.astype(float)
    short = n * margin - (b - c)
    variance = _variance(np.full_like(b, margin), b, c, n)
    factor = np.full_like(b, np.inf)
    np.divide(z**2 * n * variance, short**2, out=factor, where=short > 0)
    answers: Doubles = factor * n
    return answers


def frontier(accuracies: Sequence[float], costs: Sequence[float]) -> tuple[int, ...]:
    """Places of the rungs that no other beats, cheapest first: none is as accurate for less, and none
    is more accurate for as much (Pareto). Of rungs alike in both the first stands."""
    order = sorted(range(len(costs)), key=lambda place: (costs[place], -accuracies[place], place))
    kept: list[int] = []
    for place in order:
        if not kept or accuracies[place] > accuracies[kept[-1]]:
            kept.append(place)
    return tuple(kept)
