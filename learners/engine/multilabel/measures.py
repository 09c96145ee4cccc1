"""How good predicted label sets are, with intervals. A text is what is drawn and resampled: its
labels come together.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from learners.engine.intervals import Interval, wilson

MIN_TEXTS = 10  # below, F1 of a resample says more than is known
MIN_LABELS = 5
MIN_PER_CLASS = 5
N_RESAMPLES = 1_000
TAIL = 0.025

Sets = NDArray[np.bool_]
Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class SetMeasures:
    """Measures on n texts; None where too little was answered to say.

    Attributes:
        exact_match: share of texts whose whole set is right, with Wilson's interval.
        micro_f1, micro_precision, micro_recall: over all labels of all texts together.
        macro_f1: mean over the classes; withheld until each has `MIN_PER_CLASS` texts.
        recall: for each class, the share found of the texts that have it, None where none has.
        precision: for each class, the share of the texts it is said of that have it, None where it
            is said of none.
        withheld: why micro-F1 is not said, "" where it is.
    """

    exact_match: Interval
    micro_f1: Interval | None
    micro_precision: Interval | None
    micro_recall: Interval | None
    macro_f1: Interval | None
    recall: list[Interval | None]
    precision: list[Interval | None]
    withheld: str = ""


def measure_sets(truth: Sets, said: Sets, *, rng: np.random.Generator) -> SetMeasures:
    """Compare the sets said with the true ones, both (n, k), n at least 1.

    Raises:
        ValueError: shapes that differ, or no text.
    """
    if truth.shape != said.shape or truth.ndim != 2:
        raise ValueError(f"true sets {truth.shape} for said ones {said.shape}; needed: (n, k) both")
    n = len(truth)
    exact = wilson(int((truth == said).all(axis=1).sum()), n)
    counts = _Counts.of(truth, said)
    withheld = _withheld(n, int(truth.sum()))
    micro: dict[str, Interval | None] = dict.fromkeys(("f1", "precision", "recall"))
    macro = None
    if not withheld:
        draws = rng.multinomial(n, np.full(n, 1 / n), size=N_RESAMPLES)
        micro = {name: _interval(counts, draws, name, exact) for name in micro}
        if truth.sum(axis=0).min() >= MIN_PER_CLASS:
            macro = _interval(counts, draws, "macro_f1", exact)
    return SetMeasures(
        exact_match=exact,
        micro_f1=micro["f1"],
        micro_precision=micro["precision"],
        micro_recall=micro["recall"],
        macro_f1=macro,
        recall=[_shared(truth[:, j], said[:, j]) for j in range(truth.shape[1])],
        precision=[_shared(said[:, j], truth[:, j]) for j in range(truth.shape[1])],
        withheld=withheld,
    )


def _withheld(n: int, n_labels: int) -> str:
    if n >= MIN_TEXTS and n_labels >= MIN_LABELS:
        return ""
    return (
        f"F1 needs {MIN_TEXTS} random texts with {MIN_LABELS} labels among them; "
        f"{n} with {n_labels} are answered"
    )


def _shared(of: NDArray[np.bool_], also: NDArray[np.bool_]) -> Interval | None:
    n = int(of.sum())
    return wilson(int((of & also).sum()), n) if n else None


@dataclass(frozen=True)
class _Counts:
    """Of each text and class, (n, k): found and true, said, true."""

    right: Doubles
    said: Doubles
    true: Doubles

    @classmethod
    def of(cls, truth: Sets, said: Sets) -> "_Counts":
        return cls((truth & said).astype(float), said.astype(float), truth.astype(float))

    def measured(self, draws: Doubles, name: str) -> Doubles:
        """The measure of each row of `draws` (n_draws, n), how often each text occurs."""
        right, said, true = (draws @ part for part in (self.right, self.said, self.true))
        if name == "macro_f1":
            return _mean_f1(right, said, true)
        right, said, true = right.sum(axis=1), said.sum(axis=1), true.sum(axis=1)
        if name == "precision":
            return _share(right, said)
        return _share(right, true) if name == "recall" else _share(2 * right, said + true)


def _share(part: Doubles, whole: Doubles) -> Doubles:
    """1 where there is nothing to find and nothing was said."""
    return np.divide(part, whole, out=np.ones_like(part), where=whole > 0)


def _mean_f1(right: Doubles, said: Doubles, true: Doubles) -> Doubles:
    """Over the classes that occur in the draw, (n_draws,)."""
    occurs = said + true > 0
    f1 = np.where(occurs, _share(2 * right, said + true), 0.0)
    mean: Doubles = f1.sum(axis=1) / np.maximum(occurs.sum(axis=1), 1)
    return mean


def _interval(counts: _Counts, draws: NDArray[np.int64], name: str, exact: Interval) -> Interval:
    """Percentile bootstrap (Efron and Tibshirani 1993, chapter 13).

    Answers that are all right, or all wrong, show no spread however few they are; that is not
    certainty, so the exact match's bound stands in on that side.
    """
    n = len(counts.right)
    value = float(counts.measured(np.ones((1, n)), name)[0])
    low, high = np.quantile(counts.measured(draws.astype(float), name), [TAIL, 1 - TAIL])
    if low == high:
        low, high = min(low, exact.low), max(high, exact.high)
    return Interval(value, float(low), float(high), n)
