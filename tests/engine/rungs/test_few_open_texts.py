"""Rungs learn from every text that does not measure, also when hardly any is left without a label."""

from dataclasses import replace

import numpy as np
import pytest

from learners.engine.rungs import RUNGS, Surroundings, TrainingData, get_rung
from learners.engine.rungs.distilling import with_teaching
from learners.engine.runtime import load_runtime
from tests.engine.rungs.worlds import make_data

WITHOUT_TRUNK = ("tfidf", "rules", "tree", "columns", "working_table")
CHEAP = [kind.name for kind in RUNGS if kind.name in WITHOUT_TRUNK]


def with_one_open(input_kind: str) -> TrainingData:
    data = make_data(input_kind)
    return replace(data, pool_texts=data.pool_texts[:1])


@pytest.mark.parametrize("name", CHEAP)
def test_one_open_text_does_not_spoil_a_model(name: str, surroundings: Surroundings) -> None:
    kind = get_rung(name)
    data = with_one_open(kind.input_kind)
    runtime = load_runtime(kind.train(data, surroundings))
    said = np.array(runtime.class_ids)[runtime.predict_proba(data.texts).argmax(axis=1)]
    assert (said == data.y).mean() > 0.9


def test_every_text_is_counted_once() -> None:
    data = TrainingData(["one", "two"], np.array([7, 9]), pool_texts=["two", "three"])
    assert data.all_texts == ["one", "two", "three"]


def test_a_class_that_only_its_name_tells_of_is_learned(surroundings: Surroundings) -> None:
    names = [("food", 7), ("railways", 9), ("the apple curry", 11)]
    data = replace(make_data(), names=names, class_ids=(7, 9, 11))
    runtime = load_runtime(get_rung("tfidf").train(data, surroundings))
    assert runtime.class_ids == (7, 9, 11)


def test_a_class_without_labels_weighs_nothing_where_a_teacher_tells(
    surroundings: Surroundings,
) -> None:
    taught = with_teaching(
        teacher=lambda texts: np.full((len(texts), 3), 1 / 3),
        teacher_class_ids=(7, 9, 11),
        data=replace(make_data(), class_ids=(7, 9, 11)),
        surroundings=surroundings,
    )
    weights = taught.row_weights
    assert np.isfinite(weights).all()
    assert weights[:24].sum() == pytest.approx(24)
