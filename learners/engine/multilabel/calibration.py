"""Whether a class that is held 80 % likely is there four times in five.

Each text is asked of each class, and all these questions are looked at together ("classwise" in
Kull and others 2019, arXiv 1910.12656, pooled over the classes). The questions of one text hang
together, so that texts are what is drawn again for the intervals.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from learners.engine.calibration import MIN_ANSWERS, PER_BIN, Bin, CalibrationError
from learners.engine.intervals import Interval, wilson

EDGES = np.linspace(0, 1, 6)  # five bins of equal width: most classes are unlikely for most texts
N_RESAMPLES = 1_000
TAIL = 0.025
Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class Pooled:
    """What the questions say together; `share`: how often the class was there, resampled by text.

    `bins` by probability, the unlikely first; `error` as `calibration.calibration_error`.
    """

    n_texts: int
    n_classes: int
    mean_probability: float
    share: Interval
    bins: list[Bin]
    error: CalibrationError


def pooled_calibration(
    probabilities: Doubles, has: NDArray[np.bool_], *, rng: np.random.Generator
) -> Pooled | None:
    """Both (n_texts, n_classes). None below `MIN_ANSWERS` texts.

    Raises:
        ValueError: shapes that differ.
    """
    if probabilities.shape != has.shape or has.ndim != 2:
        raise ValueError(f"probabilities {probabilities.shape} of sets {has.shape}; needed: alike")
    n_texts, n_classes = has.shape
    if n_texts < MIN_ANSWERS or not n_classes:
        return None
    counts = _Counts.of(probabilities, has)
    draws = rng.multinomial(n_texts, np.full(n_texts, 1 / n_texts), size=N_RESAMPLES)
    return Pooled(
        n_texts=n_texts,
        n_classes=n_classes,
        mean_probability=float(probabilities.mean()),
        share=_interval(has.sum(axis=1), np.full(n_texts, n_classes), draws),
        bins=counts.bins(probabilities, draws),
        error=_error(counts, probabilities, draws, rng),
    )


@dataclass(frozen=True)
class _Counts:
    """Of each text, (n_texts, n_bins): questions, how many were yes, and the sum of probabilities.

    `place`: the bin of each question, (n_texts, n_classes).
    """

    place: NDArray[np.int64]
    asked: Doubles
    yes: Doubles
    held: Doubles

    @classmethod
    def of(cls, probabilities: Doubles, has: NDArray[np.bool_]) -> "_Counts":
        place, n_bins = _placed(probabilities)
        within = [place == at for at in range(n_bins)]
        parts = (np.ones(has.shape), has, probabilities)
        asked, yes, held = (
            np.stack([(part * here).sum(axis=1) for here in within], axis=1) for part in parts
        )
        return cls(place, asked, yes, held)

    def bins(self, probabilities: Doubles, draws: NDArray[np.int64]) -> list[Bin]:
        """Each with how often the class was there."""
        found = []
        for at in range(self.asked.shape[1]):
            held = probabilities[self.place == at]
            share = _interval(self.yes[:, at], self.asked[:, at], draws)
            found.append(Bin(float(held.min()), float(held.max()), float(held.mean()), share))
        return found


def _placed(probabilities: Doubles) -> tuple[NDArray[np.int64], int]:
    """The bin of each question, from 0, and how many there are. Neighbours are joined, from below,
    until each holds `PER_BIN` questions; what is left over at the top goes to the last one.
    """
    fifth = np.clip(np.digitize(probabilities, EDGES) - 1, 0, len(EDGES) - 2)
    sizes = np.bincount(fifth.ravel(), minlength=len(EDGES) - 1)
    into, n_bins, n_open = [], 0, 0
    for size in sizes.tolist():
        into.append(n_bins)
        n_open += size
        if n_open >= PER_BIN:
            n_bins, n_open = n_bins + 1, 0
    n_bins = max(n_bins, 1)
    return np.minimum(into, n_bins - 1)[fifth].astype(np.int64), n_bins


def _interval(yes: Doubles, asked: Doubles, draws: NDArray[np.int64]) -> Interval:
    """A share of questions, percentile bootstrap over texts. Where all draws say the same, as few
    texts may, Wilson's interval of the texts that were asked stands in.
    """
    n = int(asked.sum())
    drawn = draws @ asked
    shares = (draws @ yes)[drawn > 0] / drawn[drawn > 0]
    low, high = np.quantile(shares, [TAIL, 1 - TAIL])
    value = float(yes.sum() / n)
    if low == high:
        n_texts = int((asked > 0).sum())
        bound = wilson(round(value * n_texts), n_texts)
        low, high = min(low, bound.low), max(high, bound.high)
    return Interval(value, float(low), float(high), n)


def _error(
    counts: _Counts, probabilities: Doubles, draws: NDArray[np.int64], rng: np.random.Generator
) -> CalibrationError:
    """Guo and others 2017 (arXiv 1706.04599), equation 3, over the questions; by chance: were each
    class there as often as its probability says, whatever the others.
    """
    n = counts.asked.sum()
    gaps = counts.held - counts.yes
    value = float(np.abs(gaps.sum(axis=0)).sum() / n)
    low, high = np.quantile(np.abs(draws @ gaps).sum(axis=1) / n, [TAIL, 1 - TAIL])
    flat, place = probabilities.ravel(), counts.place.ravel()
    chance = []
    for _ in range(len(draws) // 2):
        wrong = flat - (rng.random(len(flat)) < flat)
        chance.append(np.abs(np.bincount(place, weights=wrong)).sum() / n)
    return CalibrationError(
        Interval(value, float(low), float(high), int(n)),
        float(np.mean(chance)),
        float(np.quantile(chance, 0.95)),
    )
