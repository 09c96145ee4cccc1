"""Is choosing the texts helping here? The project's models beside models of as many random labels.

The audit sample is random, so that models trained on it alone draw the random-sampling curve of
this very project, and its answers measure both sides. Nothing is said beyond what was answered.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from learners.engine.arrays import Floats, Ints
from learners.engine.intervals import Interval, wilson

# Heads that learn from the pool too may take a second a model, and a race is eighteen models.
N_FOLDS = 3
FEWEST_ANSWERS = 24  # below, nothing is tried
MOST_ANSWERS = 500  # of them the oldest are used: more would cost more than they tell
GROWTH = 1.2  # a race is run again once there are a fifth more answers
# A bootstrap over texts knows nothing of the luck of which texts were learned from. With labels
# drawn at random on both sides of four sets, differences were 1.1 to 1.7 times as far from 0 as it
# said, 1.4 in the mean; these tails are those of an interval half as wide again
# (`python -m benchmarks.helping_bias`).
TAIL = 0.0016

Said = Callable[[Floats, NDArray[Any], Floats], NDArray[Any]]
"""Train on (X, y) with the project's head and label names, and say the class of each new row."""


@dataclass(frozen=True)
class Answered:
    """The labels of a project, rows in the order in which people gave them.

    X (n_rows, d); y (n_rows,) class ids, or where a text has any number of classes (n_rows, k) a yes
    or no for each, and a text is right where all are; `is_audit` (n_rows,): drawn at random; `measures` (n_rows,):
    a random text whose answer is good to measure on. `free_X`, `free_y`: labels that came with the
    data; both sides have them, and they count for nothing.
    """

    X: Floats
    y: NDArray[Any]
    is_audit: NDArray[np.bool_]
    measures: NDArray[np.bool_]
    free_X: Floats
    free_y: NDArray[Any]


@dataclass(frozen=True)
class Race:
    """Both sides at the same numbers of labels, on the same `n` random texts.

    `sizes` (s,); `random_right`, `project_right` (s, n): whether each text was predicted rightly by
    a model that had not seen it.
    """

    sizes: Ints
    random_right: NDArray[np.bool_]
    project_right: NDArray[np.bool_]

    @property
    def n(self) -> int:
        return int(self.random_right.shape[1])


@dataclass(frozen=True)
class Needed:
    """How many random labels reach an accuracy, in labels; None: more than the sample can show, and
    the smallest size compared: at most so many.
    """

    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Helping:
    """What the race says.

    Attributes:
        sizes, random, project: the two curves, by number of labels, with Wilson's intervals.
        advantage: share of texts that the project's models get right more often than random ones,
            in [-1, 1], averaged over the sizes.
        saved_at: number of labels from which `needed` looks; a fixed place, half-way up the sizes.
        needed: random labels for the accuracy that the project had with `saved_at` labels.
        needed_now: random labels for the accuracy that the project has now.
    """

    sizes: tuple[int, ...]
    random: tuple[Interval, ...]
    project: tuple[Interval, ...]
    advantage: Interval
    saved_at: int
    needed: Needed
    needed_now: Needed

    @property
    def reach(self) -> int:
        """The largest number of random labels that the sample can say anything about."""
        return self.sizes[-1]


def sizes_within(n_answers: int) -> Ints:
    """Numbers of labels to compare at: all that leave a fold to measure on, half and a quarter of
    them. With fewer, the luck of a few texts would drown everything.
    """
    reach = n_answers - -(-n_answers // N_FOLDS)
    return np.array([reach // 4, reach // 2, reach], np.int64)


def is_due(n_answers: int, n_before: int) -> bool:
    """Whether a race is worth its cost now: at first, and once there are a fifth more answers.

    Args:
        n_answers: random texts that measure now. n_before: those that did when it was asked last;
            each mark between the two is noticed, however many answers came at once.
    """
    marks = (round(FEWEST_ANSWERS * GROWTH**step) for step in range(60))
    return any(n_before < mark <= n_answers for mark in marks)


def race(answered: Answered, said: Said, *, strict: bool = False) -> Race | None:
    """Run both sides; None below `FEWEST_ANSWERS` random answers.

    Random side: the audit answers in three folds. For each fold and size, a model of that many other
    audit answers, taken from where the fold ends and round, so that the folds' models learn from
    different texts; it predicts the fold.

    Project's side: for each fold and size, a model of the first so many labels that the loop
    gathered, the fold's texts passed over; it predicts the fold. So both sides learn from exactly as
    many labels. `strict`: the project never trains on audit answers; they are spent all the same,
    so that its models have fewer.
    """
    rows = np.flatnonzero(answered.measures)[:MOST_ANSWERS]
    if len(rows) < FEWEST_ANSWERS:
        return None
    sizes = sizes_within(len(rows))
    right = np.zeros((2, len(sizes), len(rows)), bool)
    folds = np.array_split(np.arange(len(rows)), N_FOLDS)
    for fold in folds:
        held_out = rows[fold]
        others = np.roll(rows, -(int(fold[-1]) + 1))[: len(rows) - len(fold)]
        gathered = _without(len(answered.y), held_out)
        for place, size in enumerate(sizes.tolist()):
            first = gathered[:size]
            chosen = first[~answered.is_audit[first]] if strict else first
            for side, training in enumerate((others[:size], chosen)):
                right[side, place, fold] = _is_right(answered, said, training, held_out)
    return Race(sizes, right[0], right[1])


def looked_back(
    answered: Answered, said: Said, n_first: int, *, strict: bool = False
) -> NDArray[np.bool_]:
    """Whether each random text that measures (n,) would have been predicted rightly by the model of
    the first `n_first` labels, in folds so that no model saw the text.
    """
    rows = np.flatnonzero(answered.measures)
    right = np.zeros(len(rows), bool)
    for fold in np.array_split(np.arange(len(rows)), N_FOLDS):
        first = np.setdiff1d(np.arange(n_first), rows[fold])
        training = first[~answered.is_audit[first]] if strict else first
        right[fold] = _is_right(answered, said, training, rows[fold])
    return right


def _without(n_rows: int, held_out: Ints) -> Ints:
    kept = np.ones(n_rows, bool)
    kept[held_out] = False
    return np.flatnonzero(kept)


def _is_right(answered: Answered, said: Said, training: Ints, asked: Ints) -> NDArray[np.bool_]:
    X = np.concatenate([answered.free_X, answered.X[training]])
    y = np.concatenate([answered.free_y, answered.y[training]])
    same = np.asarray(said(X, y, answered.X[asked]) == answered.y[asked])
    return np.asarray(same.all(axis=tuple(range(1, same.ndim))))


def compare(
    result: Race,
    now_right: NDArray[np.bool_],
    *,
    rng: np.random.Generator,
    n_resamples: int = 4_000,
) -> Helping:
    """What a race says, with percentile intervals of a bootstrap over the random texts.

    Args:
        now_right: (n,), whether the project's present model gets each text of the race right.

    Raises:
        ValueError: `now_right` is not one value a text.
    """
    if now_right.shape != (result.n,):
        raise ValueError(f"{len(now_right)} present predictions; needed: {result.n}")
    drawn = rng.multinomial(result.n, np.full(result.n, 1 / result.n), size=n_resamples)
    weights = np.vstack([np.ones(result.n), drawn]) / result.n  # the first row: as it is
    random, project = weights @ result.random_right.T, weights @ result.project_right.T
    middle = (len(result.sizes) - 1) // 2
    gaps = (project - random).mean(axis=1)
    return Helping(
        sizes=tuple(result.sizes.tolist()),
        random=_curve(result.random_right),
        project=_curve(result.project_right),
        advantage=_advantage(gaps, result.n),
        saved_at=int(result.sizes[middle]),
        needed=_needed(_labels_to(random, result.sizes, project[:, middle])),
        needed_now=_needed(_labels_to(random, result.sizes, weights @ now_right)),
    )


def _curve(right: NDArray[np.bool_]) -> tuple[Interval, ...]:
    return tuple(wilson(int(row.sum()), len(row)) for row in right)


def _advantage(differences: NDArray[np.float64], n: int) -> Interval:
    low, high = np.quantile(differences[1:], [TAIL, 1 - TAIL])
    return Interval(float(differences[0]), float(low), float(high), n)


def _labels_to(
    curves: NDArray[np.float64], sizes: Ints, wanted: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Labels at which each of `curves` (b, s) first reaches `wanted` (b,); infinite where never.

    Straight between the sizes; the first size where already the first is enough.
    """
    reached = curves >= wanted[:, None] - 1e-12
    first = reached.argmax(axis=1)
    before = np.maximum(first - 1, 0)
    rows = np.arange(len(curves))
    low, high = curves[rows, before], curves[rows, first]
    step = np.where(first > 0, (wanted - low) / np.where(high > low, high - low, 1), 1.0)
    labels = sizes[before] + step * (sizes[first] - sizes[before])
    return np.where(reached.any(axis=1), labels, np.inf)


def _needed(labels: NDArray[np.float64]) -> Needed:
    # "higher" and "lower": no value between a number and "more than can be seen" is made up.
    low = float(np.quantile(labels[1:], TAIL, method="lower"))
    high = float(np.quantile(labels[1:], 1 - TAIL, method="higher"))
    return Needed(*(None if np.isinf(x) else x for x in (float(labels[0]), low, high)))
