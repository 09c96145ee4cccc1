"""What the newest fit is known to do: per class, how sure it is, beside random choice, and whether
more labels look worth it. Read off rows that the fit's task has written; nothing is trained here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise, product

import numpy as np
from django.db.models import Max

from learners.engine.calibration import Bin, bins
from learners.engine.confusion import Confusion, confusion
from learners.engine.helping import Needed
from learners.engine.intervals import Interval, wilson
from learners.engine.multilabel.calibration import Pooled, pooled_calibration
from learners.engine.stopping import (
    WINDOW,
    Advice,
    cohen_kappa,
    gain_sign,
    interval_sign,
    stability_sign,
)
from learners.models import (
    AuditPredictions,
    AuditSets,
    Fit,
    PoolPredictions,
    PoolSets,
    RandomBaseline,
    Score,
)
from learners.selectors.curve import Measure
from projects.models import LabelClass

RIGHT = ("accuracy", "exact_match")
"""What a share of right texts is called, where a text has one class and where any number."""


@dataclass(frozen=True)
class Measured:
    """Predictions of answered random texts by models that had not seen them.

    `classes` by id, retired and merged ones too where they occur; `confusion` in their order.
    """

    fit: Fit
    classes: dict[int, LabelClass]
    confusion: Confusion
    bins: list[Bin]
    error: Measure | None
    error_by_chance: Measure | None
    mean_confidence: float
    accuracy: Measure


@dataclass(frozen=True)
class MeasuredSets:
    """As `Measured`, where a text has any number of classes; `pooled` is None below
    `engine.calibration.MIN_ANSWERS` texts.
    """

    fit: Fit
    n: int
    pooled: Pooled | None


@dataclass(frozen=True)
class BaselineRow:
    """Both sides with the same number of labels."""

    n_labels: int
    random: Measure
    project: Measure


@dataclass(frozen=True)
class Baseline:
    """Models of random labels alone beside the project's, as of `fit` (`engine.helping`)."""

    fit: Fit
    n: int
    rows: list[BaselineRow]
    advantage: Measure
    saved_at: int
    needed: Needed
    needed_now: Needed

    @property
    def compared_from(self) -> int:
        """The fewest labels over which `advantage` is averaged."""
        return self.rows[0].n_labels

    @property
    def reach(self) -> int:
        """The most random labels that the answered random texts can say anything about."""
        return self.rows[-1].n_labels


def newest_fit(project_id: int) -> Fit | None:
    """The newest published fit, None before the first."""
    fits = Fit.objects.filter(project_id=project_id, status=Fit.Status.PUBLISHED)
    return fits.order_by("-id").first()


def measured(project_id: int) -> Measured | None:
    """What the newest fit said of the random texts; None where it said nothing of any, or was
    fitted by a version of Labeler that did not keep it.
    """
    rows = AuditPredictions.objects.filter(fit__status=Fit.Status.PUBLISHED)
    row = rows.filter(fit=newest_fit(project_id)).select_related("fit").first()
    if row is None or not row.example_ids:
        return None
    classes = _classes(project_id, {*row.true_class_ids, *row.said_class_ids})
    pairs = zip(row.true_class_ids, row.said_class_ids, strict=True)
    is_right = [true == said for true, said in pairs]
    scores = _measures(row.fit, "ece", "ece_by_chance")
    return Measured(
        fit=row.fit,
        classes=classes,
        confusion=confusion(
            truth=row.true_class_ids, said=row.said_class_ids, class_ids=list(classes)
        ),
        bins=bins(row.confidences, is_right),
        error=scores.get("ece"),
        error_by_chance=scores.get("ece_by_chance"),
        mean_confidence=sum(row.confidences) / len(row.confidences),
        accuracy=as_measure(wilson(sum(is_right), len(is_right))),
    )


def measured_sets(project_id: int) -> MeasuredSets | None:
    """What the newest fit said of each class of the random texts; None as `measured`."""
    rows = AuditSets.objects.filter(fit__status=Fit.Status.PUBLISHED)
    row = rows.filter(fit=newest_fit(project_id)).select_related("fit").first()
    if row is None or not row.example_ids:
        return None
    shape = (len(row.example_ids), len(row.class_ids))
    pooled = pooled_calibration(
        np.array(row.probabilities).reshape(shape),
        np.array(row.truth, bool).reshape(shape),
        rng=np.random.default_rng(row.fit.seed),  # the same at each look
    )
    return MeasuredSets(row.fit, len(row.example_ids), pooled)


def class_measures(project_id: int) -> tuple[dict[int, Measure], dict[int, Measure]]:
    """Recall and precision by class id of the newest fit, where a text has any number of classes."""
    found: dict[str, dict[int, Measure]] = {"recall": {}, "precision": {}}
    fit = newest_fit(project_id)
    for score in fit.scores.all() if fit else ():
        name, _, class_id = score.metric.rpartition("_")
        if name in found:
            found[name][int(class_id)] = Measure(score.value, score.low, score.high, score.n)
    return found["recall"], found["precision"]


def as_interval(score: Score) -> Interval:
    """A stored number."""
    return Interval(score.value, score.low, score.high, score.n)


def as_measure(interval: Interval) -> Measure:
    """The page's word for an interval."""
    return Measure(interval.value, interval.low, interval.high, interval.n)


def _classes(project_id: int, occurring: set[int]) -> dict[int, LabelClass]:
    """Active classes in page order, then others that occur."""
    every = LabelClass.objects.filter(project_id=project_id)
    active = list(every.active())
    others = every.filter(pk__in=occurring - {label_class.pk for label_class in active})
    return {label_class.pk: label_class for label_class in (*active, *others.order_by("pk"))}


def _measures(fit: Fit, *metrics: str) -> dict[str, Measure]:
    rows = Score.objects.filter(fit=fit, metric__in=metrics)
    return {row.metric: Measure(row.value, row.low, row.high, row.n) for row in rows}


def baseline(project_id: int) -> Baseline | None:
    """The newest comparison with random choice; None before there are enough random answers. With
    many answers not every fit makes one.
    """
    rows = RandomBaseline.objects.filter(
        fit__project_id=project_id, fit__status=Fit.Status.PUBLISHED
    )
    row = rows.select_related("fit").order_by("-fit_id").first()
    if row is None:
        return None
    counts = zip(row.sizes, row.random_right, row.project_right, strict=True)
    return Baseline(
        fit=row.fit,
        n=row.n,
        rows=[
            BaselineRow(size, as_measure(wilson(random, row.n)), as_measure(wilson(project, row.n)))
            for size, random, project in counts
        ],
        advantage=Measure(row.advantage, row.advantage_low, row.advantage_high, row.n),
        saved_at=row.saved_at,
        needed=Needed(row.needed, row.needed_low, row.needed_high),
        needed_now=Needed(row.needed_now, row.needed_now_low, row.needed_now_high),
    )


def advice(project_id: int) -> Advice:
    """The three signs that labels are enough, of the newest fit. Where a text has any number of
    classes, accuracy is the share of texts whose whole set is right.
    """
    fits = _last_fits(project_id)
    scores = Score.objects.filter(fit__in=fits, metric__in=(*RIGHT, "gain_50"))
    by_fit = {
        (row.fit_id, "right" if row.metric in RIGHT else row.metric): as_interval(row)
        for row in scores
    }
    shares = [by_fit[fit, "right"] for fit in fits if (fit, "right") in by_fit]
    newest = fits[-1] if fits else 0
    return Advice(
        interval=interval_sign(shares if (newest, "right") in by_fit else []),
        stability=stability_sign(_kappas(fits)),
        gain=gain_sign(by_fit.get((newest, "gain_50"))),
    )


def _last_fits(project_id: int) -> list[int]:
    """The last few published fits, oldest first, the newest of each number of labels: a fit asked
    for again with the same labels agrees with itself and tells nothing.
    """
    rows = (
        Fit.objects.filter(project_id=project_id, status=Fit.Status.PUBLISHED)
        .values("n_labels", "n_known")
        .annotate(newest=Max("id"))
        .order_by("-newest")
        .values_list("newest", flat=True)
    )
    return list(rows[: WINDOW + 1])[::-1]


def _kappas(fits: Sequence[int]) -> list[float | None]:
    rows = PoolPredictions.objects.filter(fit__in=fits).order_by("fit_id")
    said: list[dict[Said, int]] = [
        {(pk, 0): said for pk, said in zip(row.example_ids, row.class_ids, strict=True)}
        for row in rows
    ]
    of_sets = PoolSets.objects.filter(fit__in=fits).order_by("fit_id")
    said += [
        dict(zip(product(row.example_ids, row.class_ids), map(int, row.said), strict=True))
        for row in of_sets
    ]
    return [_kappa(before, after) for before, after in pairwise(said)]


Said = tuple[int, int]
"""A text, and of one with any number of classes the class that was said yes or no to."""


def _kappa(before: dict[Said, int], after: dict[Said, int]) -> float | None:
    both = [of for of in after if of in before]
    return cohen_kappa([before[of] for of in both], [after[of] for of in both])
