"""What many runs say together: areas under curves, labels to reach an accuracy, and how sure that is."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter

import numpy as np
from numpy.typing import NDArray

from learners.engine.simulation.loop import Run

TARGETS = (0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.97, 0.98, 0.99)
N_RESAMPLES = 1_000
CONFIDENCE = 0.95

Curves = NDArray[np.float64]


@dataclass(frozen=True)
class Estimate:
    """A mean over seeds with its 95 % interval; no interval from a single seed."""

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Reached:
    """Labels at which a mean curve first has an accuracy, and the bounds that 95 % of the
    resampled seeds keep. None: not within the budget.
    """

    labels: int | None
    low: int | None
    high: int | None


@dataclass(frozen=True)
class Saved:
    """How many labels fewer than the reference one accuracy took: its labels minus these.

    Only for accuracies that both mean curves reach: nothing is extrapolated. The interval is None
    where more than one in forty resamples of the seeds do not reach it, in either curve.
    """

    labels: int
    low: int | None
    high: int | None


@dataclass(frozen=True)
class Band:
    """A curve, (n_points,) each: the mean over seeds with its 95 % interval."""

    mean: tuple[float, ...]
    low: tuple[float | None, ...]
    high: tuple[float | None, ...]


@dataclass(frozen=True)
class Summary:
    """All runs of one name.

    Attributes:
        seeds: that ran to the end.
        labels: (n_points,), where all curves were measured.
        aubc, macro_f1_aubc: mean over `labels` of accuracy and macro-F1, in [0, 1].
        difference, macro_f1_difference: of those to the reference, over the seeds that both have;
            None for the reference itself, or without one.
        labels_to: by accuracy, for `TARGETS`.
        saved: by accuracy, against the reference, as far as both reach it.
        to_reference_end: labels that reach the accuracy which the reference has at its last point.
        at_zero: mean accuracy before the first label; None without such a model.
        micro_f1, micro_f1_aubc, micro_f1_difference: where a text has any number of classes; there
            accuracy is the share of texts whose whole set is right.
    """

    name: str
    strategy: str
    head: str
    features: str
    seeds: tuple[int, ...]
    labels: tuple[int, ...]
    aubc: Estimate
    macro_f1_aubc: Estimate
    difference: Estimate | None
    macro_f1_difference: Estimate | None
    labels_to: dict[float, Reached]
    saved: dict[float, Saved]
    to_reference_end: Reached | None
    at_zero: float | None
    accuracy: Band
    macro_f1: Band
    micro_f1: Band | None = None
    micro_f1_aubc: Estimate | None = None
    micro_f1_difference: Estimate | None = None


def summarise(runs: Iterable[Run], reference: str = "reference") -> list[Summary]:
    """One summary a name, in the order in which the names come first.

    Differences are paired: run by run of the same seed, whose reserve and draws are the same.

    Raises:
        ValueError: runs of one name that were not measured at the same labels, or a seed twice.
    """
    every = list(runs)
    order = list(dict.fromkeys(run.name for run in every))
    ordered = sorted(every, key=lambda run: (order.index(run.name), run.seed))
    groups = {name: list(group) for name, group in groupby(ordered, key=attrgetter("name"))}
    for group in groups.values():
        _check(group)
    return [_summary(group, groups.get(reference)) for group in groups.values()]


def mean_with_interval(values: Sequence[float] | NDArray[np.float64]) -> Estimate:
    """Mean and Student's t interval, mean ± t·s/√n with n − 1 degrees of freedom (Student 1908)."""
    array = np.asarray(values, dtype=np.float64)
    mean = float(array.mean())
    if len(array) < 2:
        return Estimate(mean, None, None)
    from scipy.stats import t  # noqa: PLC0415  takes a second

    half = float(
        t.ppf((1 + CONFIDENCE) / 2, len(array) - 1) * array.std(ddof=1) / len(array) ** 0.5
    )
    return Estimate(mean, mean - half, mean + half)


def _check(group: Sequence[Run]) -> None:
    first = group[0]
    if any(run.labels != first.labels for run in group):
        raise ValueError(f"runs of {first.name!r} were measured at different numbers of labels")
    if len({run.seed for run in group}) != len(group):
        raise ValueError(f"runs of {first.name!r} hold a seed twice")


def _summary(group: list[Run], reference: list[Run] | None) -> Summary:
    first = group[0]
    accuracy, macro_f1 = _curves(group, "accuracy"), _curves(group, "macro_f1")
    zeros = [run.at_zero.accuracy for run in group if run.at_zero is not None]
    other = None if reference is None else _paired(group, reference)
    is_reference = reference is not None and reference[0].name == first.name
    micro_f1 = None if first.micro_f1 is None else _curves(group, "micro_f1")
    compared = micro_f1 is not None and not is_reference
    return Summary(
        name=first.name,
        strategy=first.strategy,
        head=first.head,
        features=first.features,
        seeds=tuple(run.seed for run in group),
        labels=first.labels,
        aubc=mean_with_interval(accuracy.mean(axis=1)),
        macro_f1_aubc=mean_with_interval(macro_f1.mean(axis=1)),
        difference=None if is_reference else _difference(other, "accuracy"),
        macro_f1_difference=None if is_reference else _difference(other, "macro_f1"),
        labels_to=_labels_to(first.labels, accuracy),
        saved={} if is_reference or other is None else _saved(*other),
        to_reference_end=None if other is None else _to_end(*other),
        at_zero=float(np.mean(zeros)) if zeros else None,
        accuracy=_band(accuracy),
        macro_f1=_band(macro_f1),
        micro_f1=None if micro_f1 is None else _band(micro_f1),
        micro_f1_aubc=None if micro_f1 is None else mean_with_interval(micro_f1.mean(axis=1)),
        micro_f1_difference=_difference(other, "micro_f1") if compared else None,
    )


def _curves(runs: Sequence[Run], measure: str) -> Curves:
    return np.array([getattr(run, measure) for run in runs], dtype=np.float64)


def _paired(group: list[Run], reference: list[Run]) -> tuple[list[Run], list[Run]] | None:
    """Runs of the seeds that both have, seed by seed; None where there is none."""
    by_seed = {run.seed: run for run in reference if run.labels == group[0].labels}
    mine = [run for run in group if run.seed in by_seed]
    return (mine, [by_seed[run.seed] for run in mine]) if mine else None


def _difference(pair: tuple[list[Run], list[Run]] | None, measure: str) -> Estimate | None:
    if pair is None:
        return None
    mine, other = (_curves(runs, measure).mean(axis=1) for runs in pair)
    return mean_with_interval(mine - other)


def _labels_to(labels: Sequence[int], curves: Curves) -> dict[float, Reached]:
    draws = _resampled(curves)
    return {target: _reached(labels, curves.mean(axis=0), draws, target) for target in TARGETS}


def _to_end(mine: list[Run], other: list[Run]) -> Reached:
    labels, curves, others = mine[0].labels, _curves(mine, "accuracy"), _curves(other, "accuracy")
    return _reached(labels, curves.mean(axis=0), _resampled(curves), float(others[:, -1].mean()))


def _reached(labels: Sequence[int], mean: Curves, draws: Curves | None, target: float) -> Reached:
    at = int(_first_at(mean[None], target)[0])
    if draws is None:
        return Reached(_label(labels, at), None, None)
    low, high = _bounds(_first_at(draws, target))
    return Reached(_label(labels, at), _label(labels, low), _label(labels, high))


def _saved(mine: list[Run], other: list[Run]) -> dict[float, Saved]:
    labels = np.array(mine[0].labels)
    curves = [_curves(runs, "accuracy") for runs in (mine, other)]
    draws = [_resampled(curve) for curve in curves]
    found = {}
    for target in TARGETS:
        at = [int(_first_at(curve.mean(axis=0)[None], target)[0]) for curve in curves]
        if max(at) >= len(labels):
            continue
        gained = int(labels[at[1]] - labels[at[0]])
        found[target] = Saved(gained, *_saved_bounds(labels, draws, target))
    return found


def _saved_bounds(
    labels: NDArray[np.int64], draws: Sequence[Curves | None], target: float
) -> tuple[int | None, int | None]:
    own, theirs = draws
    if own is None or theirs is None:
        return None, None
    at_own, at_theirs = _first_at(own, target), _first_at(theirs, target)
    reached = (at_own < len(labels)) & (at_theirs < len(labels))
    if reached.mean() < CONFIDENCE + (1 - CONFIDENCE) / 2:
        return None, None
    low, high = _bounds(labels[at_theirs[reached]] - labels[at_own[reached]])
    return low, high


def _resampled(curves: Curves) -> Curves | None:
    """Mean curves of seeds drawn with replacement, (N_RESAMPLES, n_points); None for one seed.

    The generator is fixed: two names with the same seeds get the same draws, so that their
    resamples are paired as the runs are.
    """
    n_seeds = len(curves)
    if n_seeds < 2:
        return None
    rng = np.random.default_rng(n_seeds)
    weights = rng.multinomial(n_seeds, np.full(n_seeds, 1 / n_seeds), size=N_RESAMPLES) / n_seeds
    means: Curves = weights @ curves
    return means


def _first_at(curves: Curves, target: float) -> NDArray[np.int64]:
    """The first point of each curve that has `target`, (n_curves,); n_points where none has."""
    has = np.round(curves, 9) >= target
    first: NDArray[np.int64] = np.where(has.any(axis=1), has.argmax(axis=1), curves.shape[1])
    return first


def _bounds(values: NDArray[np.int64]) -> tuple[int, int]:
    tail = (1 - CONFIDENCE) / 2
    ordered = np.quantile(values, [tail, 1 - tail], method="inverted_cdf")
    return int(ordered[0]), int(ordered[1])


def _label(labels: Sequence[int], at: int) -> int | None:
    return labels[at] if at < len(labels) else None


def _band(curves: Curves) -> Band:
    points = [mean_with_interval(column) for column in curves.T]
    return Band(
        tuple(point.value for point in points),
        tuple(point.low for point in points),
        tuple(point.high for point in points),
    )
