"""What a fit's task finds out beyond one accuracy: the predictions that were measured, the same pool
texts fit after fit, the gain of the next labels, and models of random labels alone.

All of it follows from the labels up to the fit's `upto_seq` and its seed, so that a rebuild finds
the same. `set_honesty` has it for texts with any number of classes.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from learners.engine.arrays import Floats
from learners.engine.audit import CrossFitted
from learners.engine.calibration import CalibrationError, calibration_error
from learners.engine.heads.keeping import FittedHead
from learners.engine.helping import (
    MOST_ANSWERS,
    Answered,
    Helping,
    Needed,
    Said,
    compare,
    is_due,
    looked_back,
    race,
)
from learners.engine.intervals import Interval
from learners.engine.stopping import LEAST_LABELS, expected_gain
from learners.engine.training import make_estimator, with_names
from learners.models import (
    AuditPredictions,
    AuditSets,
    Fit,
    PoolPredictions,
    PoolSets,
    RandomBaseline,
)
from learners.selectors.training import answer_order
from learners.services.material import Material
from projects.models import Example

POOL_SAMPLE = 1_000
BINS, _RACE, HEADS = 11, 12, 13  # each purpose draws from a generator of its own
Row = AuditPredictions | AuditSets | PoolPredictions | PoolSets | RandomBaseline


@dataclass(frozen=True)
class HonestNumbers:
    """Rows to be saved with a fit; none where there is nothing to say. `scores` by metric."""

    rows: list[Row] = field(default_factory=list)
    scores: dict[str, Interval] = field(default_factory=dict)


def honest_numbers(
    *,
    fit: Fit,
    material: Material,
    head: FittedHead,
    measured: NDArray[np.int64],
    crossed: CrossFitted,
) -> HonestNumbers:
    """Everything named above, of one fit; nothing is written.

    Args:
        measured: rows of `material` that were measured, in the order of `crossed.predictions`.
    """
    numbers = HonestNumbers([_pool_predictions(material, head)])
    if not len(measured):
        return numbers
    right = crossed.predictions == material.y[measured]
    numbers.rows.append(_audit_predictions(material, measured, crossed))
    numbers.scores.update(_calibration(fit, material, measured, crossed))
    loop = Loop.of(fit, material, material.y, _said(fit, material))
    return beside_chance(fit, loop, numbers, dict(zip(measured.tolist(), right, strict=True)))


def beside_chance(
    fit: Fit, loop: "Loop", numbers: HonestNumbers, right: Mapping[int, bool]
) -> HonestNumbers:
    """`numbers`, with the gain of the next labels and, when it is due, the race against chance.

    Args:
        right: by row of the material that measures, whether the present model gets it right.
    """
    numbers.scores.update(_gain(fit, loop))
    due = is_due(len(loop.measured), _n_measured_before(fit, loop.answered))
    raced = race(loop.answered, loop.said, strict=fit.strict_audit) if due else None
    if raced is not None:
        now_right = np.array([right[row] for row in loop.measured[:MOST_ANSWERS]], bool)
        helping = compare(raced, now_right, rng=np.random.default_rng([fit.seed, _RACE]))
        numbers.rows.append(_baseline(helping))
    return numbers


def save_numbers(*, fit: Fit, numbers: HonestNumbers) -> None:
    """Write the rows of a fit, inside the transaction that publishes it."""
    for row in numbers.rows:
        row.fit = fit
        row.save(force_insert=True)


def pool_said(material: Material, say: Callable[[Floats], NDArray[Any]]) -> dict[int, Any]:
    """What `say` says of the first thousand pool texts by random rank, those without a label: by id,
    ascending, not in the order in which shards hold them, which a rebuild changes.
    """
    rows = Example.objects.filter(project_id=material.project_id, role=Example.Role.POOL)
    ranked = rows.order_by("random_rank", "id").values_list("pk", flat=True)[:POOL_SAMPLE]
    wanted = np.setdiff1d(np.array(list(ranked), np.int64), material.training.example_ids)
    said: dict[int, Any] = {}
    for ids, vectors in material.blocks(wanted):
        said |= dict(zip(ids.tolist(), np.asarray(say(vectors)).tolist(), strict=True))
    return dict(sorted(said.items()))


def _pool_predictions(material: Material, head: FittedHead) -> PoolPredictions:
    said = pool_said(material, head.predict)
    return PoolPredictions(example_ids=list(said), class_ids=list(said.values()))


def _audit_predictions(
    material: Material, measured: NDArray[np.int64], crossed: CrossFitted
) -> AuditPredictions:
    return AuditPredictions(
        example_ids=material.training.example_ids[measured].tolist(),
        true_class_ids=material.y[measured].tolist(),
        said_class_ids=np.asarray(crossed.predictions).tolist(),
        confidences=crossed.probabilities.max(axis=1).tolist(),
    )


def _calibration(
    fit: Fit, material: Material, measured: NDArray[np.int64], crossed: CrossFitted
) -> dict[str, Interval]:
    found = calibration_error(
        crossed.probabilities.max(axis=1),
        crossed.predictions == material.y[measured],
        rng=np.random.default_rng([fit.seed, BINS]),
    )
    return error_scores(found) if found else {}


def error_scores(found: CalibrationError) -> dict[str, Interval]:
    """By metric."""
    chance = Interval(found.by_chance, 0.0, found.by_chance_high, found.error.n)
    return {"ece": found.error, "ece_by_chance": chance}


@dataclass(frozen=True)
class Loop:
    """The labels in the order in which people gave them. `measured`: rows of the material that
    measure, in that order; `said` trains as the fit's own models are trained.
    """

    answered: Answered
    measured: list[int]
    said: Said

    @classmethod
    def of(cls, fit: Fit, material: Material, y: NDArray[Any], said: Said) -> "Loop":
        """`y`: what was answered, a row each row of the material."""
        training = material.training
        seqs = answer_order(fit.project_id, fit.upto_seq)
        by_people = np.flatnonzero(~training.is_known)
        place = [seqs.get(pk, 0) for pk in training.example_ids[by_people].tolist()]
        rows = by_people[np.argsort(place, kind="stable")]
        known = np.flatnonzero(training.is_known)
        answered = Answered(
            X=material.X[rows],
            y=y[rows],
            is_audit=training.is_audit[rows],
            measures=training.measures[rows],
            free_X=material.X[known],
            free_y=y[known],
        )
        return cls(answered, rows[training.measures[rows]].tolist(), said)


def _said(fit: Fit, material: Material) -> Said:
    def said(
        X: NDArray[np.floating], y: NDArray[np.int64], X_new: NDArray[np.floating]
    ) -> NDArray[np.int64]:
        rows, labels, _ = with_names(X, y, material.names)
        classes = np.unique(labels)
        if len(classes) < 2:  # that is what would have been said: the one class, or nothing
            return np.full(len(X_new), classes[0] if len(classes) else -1)
        rng = np.random.default_rng([fit.seed, HEADS])
        estimator = make_estimator(fit.head, rng, pool=material.pool)
        return np.asarray(estimator.fit(rows, labels).predict(X_new))

    return said


def _gain(fit: Fit, loop: Loop) -> dict[str, Interval]:
    """From half of the labels to all of them: more would be noise, less would be long ago. Both in
    the same folds, or a part of the gain would come of holding out fewer labels.
    """
    labels_now = len(loop.answered.y)
    if labels_now < LEAST_LABELS:
        return {}
    labels_then = labels_now // 2
    then_right, now_right = (
        looked_back(loop.answered, loop.said, n, strict=fit.strict_audit)
        for n in (labels_then, labels_now)
    )
    gain = expected_gain(
        n_gained=int((now_right & ~then_right).sum()),
        n_lost=int((then_right & ~now_right).sum()),
        n=len(now_right),
        labels_then=labels_then,
        labels_now=labels_now,
    )
    return {"gain_50": gain}


def _n_measured_before(fit: Fit, answered: Answered) -> int:
    """How many random texts measured at the published fit before this one. A fit that failed raced
    nothing and does not count.
    """
    earlier = Fit.objects.filter(
        project_id=fit.project_id, status=Fit.Status.PUBLISHED, upto_seq__lt=fit.upto_seq
    )
    before = earlier.order_by("-upto_seq", "-id").values_list("n_audit", flat=True).first()
    if before is None and fit.pk is None:  # rebuilt without rows: one fit a batch of labels
        return int(answered.measures[: -fit.project.batch_size].sum())
    return before or 0


def _baseline(helping: Helping) -> RandomBaseline:
    return RandomBaseline(
        n=helping.advantage.n,
        sizes=list(helping.sizes),
        random_right=[round(share.value * share.n) for share in helping.random],
        project_right=[round(share.value * share.n) for share in helping.project],
        advantage=helping.advantage.value,
        advantage_low=helping.advantage.low,
        advantage_high=helping.advantage.high,
        saved_at=helping.saved_at,
        **_columns("needed", helping.needed),
        **_columns("needed_now", helping.needed_now),
    )


def _columns(name: str, needed: Needed) -> dict[str, float | None]:
    parts = asdict(needed)
    return {name: parts["value"], f"{name}_low": parts["low"], f"{name}_high": parts["high"]}
