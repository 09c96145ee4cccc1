"""What a fit does where a text has any number of classes: train, choose thresholds, measure sets."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from learners.engine.errors import UnknownHead, UnknownStrategy
from learners.engine.heads import get_head
from learners.engine.heads.keeping import AnyHead
from learners.engine.intervals import Interval
from learners.engine.multilabel import (
    CrossFittedSets,
    MultiLabelHead,
    SetMeasures,
    cross_fitted_sets,
    fitted_thresholds,
    measure_sets,
    train_multilabel,
)
from learners.engine.strategies import get_strategy
from learners.models import Fit
from learners.selectors.label_sets import LabelSets
from learners.services.honesty import HonestNumbers
from learners.services.material import Material
from learners.services.set_honesty import set_numbers
from projects.models import Example, GoldSet

if TYPE_CHECKING:
    from learners.engine.learner import ActiveLearner

_THRESHOLDS = 21  # a generator of its own
Generators = list[np.random.Generator]


@dataclass(frozen=True)
class Found:
    """The head of a fit, its scores by metric, what a reader must know of them, and more numbers."""

    head: AnyHead
    scores: dict[str, Interval]
    notes: list[str]
    numbers: HonestNumbers


def check_kinds(fit: Fit) -> None:
    """Strategy and head are for as many classes a text as the project has.

    Raises:
        UnknownStrategy, UnknownHead: one is for the other kind, or there is none of its name.
    """
    wanted = "multilabel" if fit.project.multilabel else "single"
    asks = fit.project.asked_of_a_text
    if get_strategy(fit.strategy).for_ not in {wanted, "both"}:
        raise UnknownStrategy(
            f"The strategy {fit.strategy!r} cannot serve {asks}; choose another in the settings."
        )
    if (get_head(fit.head).kind == "multilabel") != fit.project.multilabel:
        raise UnknownHead(
            f"The classifier {fit.head!r} cannot serve {asks}; choose another in the settings."
        )


def trained_on_sets(
    fit: Fit, material: Material, query_strategy: Callable[..., Any]
) -> "ActiveLearner":
    """The learner of a fit, on names and labels; under the strict setting not on those that were
    drawn to measure.

    Raises:
        OneClassOnly, BadVectors: it cannot be trained; the message says why.
    """
    sets, trains = _sets(material), _trains(fit, material)
    return train_multilabel(
        X=material.X[trains],
        Y=sets.answers[trains],
        class_ids=sets.class_ids.tolist(),
        names=material.names,
        query_strategy=query_strategy,
    )


def sets_found(fit: Fit, material: Material, learner: "ActiveLearner", rngs: Generators) -> Found:
    """The head with its thresholds, and how good its sets are."""
    head = _head(fit, material, learner)
    sets = _sets(material)
    rows, crossed = _crossed(fit, material, rngs[0])
    scores, notes = _audit_scores(sets, rows, crossed, rngs[1])
    numbers = set_numbers(
        fit=fit, material=material, sets=sets, head=head, measured=rows, crossed=crossed
    )
    scores |= numbers.scores | _test_scores(material, head, rngs[2])
    return Found(head, scores, notes, numbers)


def _sets(material: Material) -> LabelSets:
    sets = material.training.label_sets
    assert sets is not None  # callers ask only where a text has any number of classes
    return sets


def _trains(fit: Fit, material: Material) -> NDArray[np.bool_]:
    trains: NDArray[np.bool_] = ~material.training.is_audit | (not fit.strict_audit)
    return trains


def _head(fit: Fit, material: Material, learner: "ActiveLearner") -> MultiLabelHead:
    thresholds = fitted_thresholds(
        learner.estimator,
        learner.X_training,
        learner.y_training,
        n_prior=learner.n_prior,
        rng=np.random.default_rng([fit.seed, _THRESHOLDS]),
    )
    class_ids = _sets(material).class_ids
    return MultiLabelHead.from_estimator(
        learner.estimator, class_ids=class_ids, thresholds=thresholds
    )


def _crossed(
    fit: Fit, material: Material, rng: np.random.Generator
) -> tuple[NDArray[np.int64], CrossFittedSets]:
    """The audit answers, as rows of the material, each predicted by models and thresholds that never
    saw it.
    """
    sets, training = _sets(material), material.training
    # Answers drawn to measure that have become stale measure nothing; strictly they never train.
    rows = np.flatnonzero(training.measures | _trains(fit, material))
    crossed = cross_fitted_sets(
        X=material.X[rows],
        Y=sets.answers[rows],
        class_ids=sets.class_ids.tolist(),
        is_audit=training.measures[rows],
        rng=rng,
        names=material.names,
        strict=fit.strict_audit,
    )
    return rows[crossed.rows], crossed


def _audit_scores(
    sets: LabelSets, rows: NDArray[np.int64], crossed: CrossFittedSets, rng: np.random.Generator
) -> tuple[dict[str, Interval], list[str]]:
    if not len(rows):
        return {}, []
    measured = measure_sets(sets.has[rows], crossed.has, rng=rng)
    notes = [f"{measured.withheld}."] if measured.withheld else []
    return scores_of(measured, sets.class_ids), notes


def scores_of(measured: SetMeasures, class_ids: NDArray[np.int64]) -> dict[str, Interval]:
    """By metric, those that could be measured; of a class "recall_" or "precision_" and its id."""
    by_name = {
        "exact_match": measured.exact_match,
        "micro_f1": measured.micro_f1,
        "micro_precision": measured.micro_precision,
        "micro_recall": measured.micro_recall,
        "macro_f1": measured.macro_f1,
    }
    for name, measures in (("recall", measured.recall), ("precision", measured.precision)):
        columns = zip(class_ids.tolist(), measures, strict=True)
        by_name |= {f"{name}_{class_id}": found for class_id, found in columns}
    return {name: interval for name, interval in by_name.items() if interval is not None}


def _test_scores(
    material: Material, head: MultiLabelHead, rng: np.random.Generator
) -> dict[str, Interval]:
    """The same on a given test split against its gold sets, as far as it is embedded."""
    rows = GoldSet.objects.filter(
        example__project_id=material.project_id, example__role=Example.Role.TEST
    )
    gold = dict(rows.values_list("example_id", "labels"))
    parts = list(material.blocks(np.array(sorted(gold), np.int64))) if gold else []
    if not parts:
        return {}
    columns = np.array(head.class_ids)
    truth = [np.isin(columns, gold[pk]) for ids, _ in parts for pk in ids.tolist()]
    said = np.concatenate([head.predict(vectors) for _, vectors in parts])
    measured = scores_of(measure_sets(np.array(truth), said, rng=rng), columns)
    kept = ("exact_match", "micro_f1", "macro_f1")
    return {f"test_{name}": measured[name] for name in kept if name in measured}
