"""One run: what is measured when, and that the same seed gives the same numbers."""

from dataclasses import replace
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest

from learners.engine.errors import BadVectors, CannotSimulate
from learners.engine.first_questions import rank_first_questions
from learners.engine.recipes import DEFAULT, REFERENCE, Recipe
from learners.engine.simulation import loop
from learners.engine.simulation.loop import Run, simulate
from learners.engine.simulation.parts import Parts, PartVectors
from tests.simulation.worlds import make_data, make_parts, make_rows

DATA = make_data(make_rows(160))
PARTS = make_parts(DATA)
NAMED = replace(REFERENCE, name="named", strategy="margin", label_names=True)


def run(recipe: Recipe = REFERENCE, *, seed: int = 0, **changes: Any) -> Run:
    arguments: dict[str, Any] = {"data": DATA, "parts": PARTS, "budget": 32, "batch": 8}
    return simulate(**{**arguments, **changes}, recipe=recipe, seed=seed)


def test_every_batch_is_measured_once_up_to_the_budget() -> None:
    found = run()
    assert found.labels == (8, 16, 24, 32)
    assert len(found.accuracy) == len(found.macro_f1) == 4


def test_it_learns() -> None:
    assert run().accuracy[-1] > 0.8


def test_the_same_seed_gives_the_same_numbers() -> None:
    assert run(NAMED, seed=3) == run(NAMED, seed=3)
    assert run(NAMED, seed=3) != run(NAMED, seed=4)


def test_names_give_a_model_before_the_first_label() -> None:
    found = run(NAMED)
    assert found.at_zero is not None
    assert found.at_zero.accuracy > 0.8
    assert run().at_zero is None


def ranked_first(recipe: Recipe) -> tuple[list[int], list[Any]]:
    """The first batch that a run asks, and what it had ranked without a model, best first."""
    rankings: list[Any] = []

    def watched(**arguments: Any) -> Any:
        rankings.append(rank_first_questions(**arguments))
        return rankings[-1]

    with patch.object(loop, "rank_first_questions", watched):
        running = loop._Loop(DATA, PARTS, recipe, 0)
        running.run(8, 8, lambda n_labels: None)
    return running.asked, [None if r is None else r.ids.tolist() for r in rankings]


@pytest.mark.parametrize("strategy", ["margin", "coverage_to_margin"])
def test_without_names_the_first_batch_is_what_people_would_be_asked(strategy: str) -> None:
    recipe = replace(REFERENCE, strategy=strategy, audit_share=0.0)
    asked, [queue] = ranked_first(recipe)
    assert asked == queue[:8]
    reserved = loop._Loop(DATA, PARTS, recipe, 0).questions.reserve
    assert not set(queue) & set(reserved.tolist())


def test_random_choice_ranks_no_first_questions() -> None:
    assert ranked_first(REFERENCE)[1] == [None]


def test_a_run_from_names_ranks_no_first_questions() -> None:
    assert ranked_first(NAMED)[1] == []


@pytest.mark.parametrize("recipe", [replace(DEFAULT, features="minilm"), REFERENCE])
def test_default_and_reference_are_what_they_were_before_first_questions_were_ranked(
    recipe: Recipe,
) -> None:
    found = run(recipe)
    with patch.object(loop, "rank_first_questions", lambda **arguments: None):
        assert run(recipe) == found


def test_as_long_as_one_class_is_known_each_batch_is_ranked_without_a_model() -> None:
    rows = [(f"apple {i}", "fruit") for i in range(400)] + [("iron", "metal"), ("tin", "metal")]
    data = make_data(rows, tests=[0, 401])
    known: list[int] = []

    def watched(**arguments: Any) -> Any:
        known.append(len(arguments["X"]))
        return rank_first_questions(**arguments)

    with patch.object(loop, "rank_first_questions", watched):
        run(replace(REFERENCE, strategy="margin"), data=data, parts=make_parts(data), budget=24)
    assert known[:2] == [0, 8]


def test_one_class_known_predicts_that_class() -> None:
    rows = [(f"apple {i}", "fruit") for i in range(400)] + [("iron", "metal"), ("tin", "metal")]
    data = make_data(rows, tests=[0, 401])
    found = run(data=data, parts=make_parts(data), budget=8)
    assert found.accuracy == (0.5,)


def test_each_batch_tells_that_it_is_done() -> None:
    seen: list[int] = []
    run(pulse=seen.append)
    assert seen == [8, 16, 24, 32]


def test_a_strategy_that_raises_is_heard() -> None:
    failing = replace(NAMED, strategy="tests.simulation.failing.failing_strategy")
    with pytest.raises(ZeroDivisionError, match="no density here"):
        run(failing)


def test_vectors_that_are_all_alike_are_refused() -> None:
    alike = np.ones((len(DATA.texts), 6), np.float32)
    parts = Parts(fixed={"minilm": PartVectors(alike, alike[:3])}, name_texts=PARTS.name_texts)
    with pytest.raises(BadVectors, match="the same for all 160 texts"):
        run(parts=parts)


def test_vectors_that_are_not_finite_are_refused() -> None:
    rows = PARTS.fixed["minilm"].rows.copy()
    rows[5, 2] = np.nan
    parts = Parts(
        fixed={"minilm": PartVectors(rows, PARTS.fixed["minilm"].names)},
        name_texts=PARTS.name_texts,
    )
    with pytest.raises(BadVectors, match="row 5 holds a NaN"):
        run(parts=parts)


def test_a_budget_larger_than_the_pool_is_refused() -> None:
    with pytest.raises(CannotSimulate, match="pool of 120 distinct texts"):
        run(budget=800)


def test_no_more_texts_are_fitted_on_than_in_the_product() -> None:
    seen: list[int] = []

    def embed_bag(kind: str, pool: Any, seed: int, texts: Any) -> Any:
        seen.append(len(pool))
        return np.eye(len(texts), dtype=np.float32)

    parts = Parts(PARTS.fixed, PARTS.name_texts, embed_bag)
    with patch.object(loop, "MOST_FITTED_TEXTS", 10):
        run(replace(REFERENCE, features="lsi"), parts=parts)
    assert seen == [10]


def test_what_is_fitted_on_the_pool_sees_neither_test_nor_reserved_texts() -> None:
    fitted: list[list[str]] = []

    def embed_bag(kind: str, pool: Any, seed: int, texts: Any) -> Any:
        fitted.append(list(pool))
        return np.random.default_rng(0).normal(size=(len(texts), 4))

    parts = Parts(fixed=PARTS.fixed, name_texts=PARTS.name_texts, embed_bag=embed_bag)
    for recipe in (replace(NAMED, features="minilm+lsi"), replace(NAMED, features="lsi")):
        run(recipe, parts=parts)
    pool = {DATA.texts[row] for row in DATA.pool_rows}
    assert len(fitted) == 1  # recipes of one seed share it
    assert len(fitted[0]) == 96  # 120 of the pool less a fifth
    assert set(fitted[0]) < pool
