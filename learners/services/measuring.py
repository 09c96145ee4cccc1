"""How good a fit is: on audit answers by cross-fitting, and on a given test split against gold."""

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from learners.engine.audit import CrossFitted, cross_fitted_predictions
from learners.engine.heads.keeping import FittedHead
from learners.engine.intervals import Interval, macro_f1_bootstrap, wilson
from learners.engine.training import make_estimator
from learners.models import Fit
from learners.selectors.training import TrainingSet, newest_class_name
from learners.services.material import Material
from projects.models import Example, GoldLabel, LabelClass


@dataclass(frozen=True)
class Audited:
    """Scores on audit answers, what a reader must know of them, and the predictions behind them.

    `rows`: of the material, in the order of `crossed.predictions`.
    """

    scores: dict[str, Interval]
    notes: list[str]
    rows: NDArray[np.int64]
    crossed: CrossFitted


def audit_scores(
    *,
    fit: Fit,
    material: Material,
    rng_folds: np.random.Generator,
    rng_bootstrap: np.random.Generator,
) -> Audited:
    """Accuracy and macro-F1 on audit answers, each predicted by models that never saw it. No audit
    answer: no score.

    Under the strict setting that is one model, which never saw any of them.
    """
    training = material.training
    # Answers drawn to measure that have become stale measure nothing; strictly they never train.
    rows = np.flatnonzero(training.measures | ~training.is_audit | (not fit.strict_audit))
    truth = material.y[rows]
    crossed = cross_fitted_predictions(
        make_head=partial(make_estimator, fit.head, rng_folds, pool=material.pool),
        X=material.X[rows].astype(np.float64),
        y=truth,
        is_audit=training.measures[rows],
        rng=rng_folds,
        names=material.names,
        strict=fit.strict_audit,
    )
    truth = truth[crossed.rows]
    notes = []
    if crossed.n_unseen:
        notes.append(
            f"{crossed.n_unseen} of {len(truth)} audit answers are of a class that no other "
            "label had; they count as wrong."
        )
    scores = _measured(fit.project_id, truth, crossed.predictions, rng_bootstrap)
    return Audited(scores, notes, rows[crossed.rows], crossed)


def why_unmeasured(fit: Fit, training: TrainingSet) -> str:
    """Why no audit answer measures the fit: a clause to stand after "but"."""
    noun = fit.project.noun
    if not training.is_audit.any():
        return f"no random {noun} has been answered yet"
    name = newest_class_name(fit.project_id, fit.upto_seq)
    newer = f"“{name}”" if name else "the newest class"
    return f"the random {noun}s answered so far are older than {newer} and are being asked again"


def test_split_scores(
    *, head: FittedHead, material: Material, rng: np.random.Generator
) -> dict[str, Interval]:
    """The same on a given test split against its gold labels, as far as it is embedded."""
    project_id = material.project_id
    gold = _gold(project_id)
    if not gold:
        return {}
    parts = list(material.blocks(np.array(list(gold), np.int64)))
    if not parts:
        return {}
    truth = np.array([gold[pk] for ids, _ in parts for pk in ids.tolist()], np.int64)
    predicted = np.concatenate([head.predict(vectors) for _, vectors in parts])
    return {
        f"test_{metric}": interval
        for metric, interval in _measured(project_id, truth, predicted, rng).items()
    }


def _gold(project_id: int) -> dict[int, int]:
    """Gold class by test example, in classes as they are now; retired ones are left out."""
    into: dict[int, int | None] = {}
    for pk, merged_into, retired_at in LabelClass.objects.filter(project_id=project_id).values_list(
        "pk", "merged_into_id", "retired_at"
    ):
        into[pk] = merged_into if merged_into else (None if retired_at else pk)

    def now(class_id: int | None) -> int | None:
        while class_id is not None and into[class_id] != class_id:
            class_id = into[class_id]
        return class_id

    rows = GoldLabel.objects.filter(
        example__project_id=project_id, example__role=Example.Role.TEST
    ).values_list("example_id", "label_class_id")
    present = ((pk, now(class_id)) for pk, class_id in rows)
    return {pk: class_id for pk, class_id in present if class_id is not None}


def _measured(
    project_id: int,
    truth: NDArray[np.int64],
    predicted: NDArray[np.int64],
    rng: np.random.Generator,
) -> dict[str, Interval]:
    if not len(truth):
        return {}
    scores = {"accuracy": wilson(int((truth == predicted).sum()), len(truth))}
    class_ids = list(
        LabelClass.objects.filter(project_id=project_id).active().values_list("pk", flat=True)
    )
    macro = macro_f1_bootstrap(truth=truth, predicted=predicted, class_ids=class_ids, rng=rng)
    if macro.interval:
        scores["macro_f1"] = macro.interval
    return scores
