"""The contract catches strategies that are broken on purpose. Without this it could pass on anything."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from modAL.uncertainty import classifier_margin
from sklearn.linear_model import LogisticRegression

from learners.engine.errors import EngineError
from learners.engine.simulation.questions import Questions
from learners.engine.strategies import Strategy, get_strategy
from learners.engine.ties import best_rows
from tests.engine import contract
from tests.engine.contract import CONTRACT


def same_row_twice(learner: Any, X: Any, n: int = 1, *, rng: Any, **kw: Any) -> Any:
    indices, scores = get_strategy("margin").query(learner, X, n, rng=rng)
    indices[1:2] = indices[:1]
    return indices, scores


def worst_first(learner: Any, X: Any, n: int = 1, *, rng: Any, **kw: Any) -> Any:
    indices, scores = get_strategy("margin").query(learner, X, n, rng=rng)
    return indices[::-1], scores[::-1]


def the_surest(learner: Any, X: Any, n: int = 1, *, rng: Any, **kw: Any) -> Any:
    get_strategy("margin").query(learner, X, n, rng=rng)
    indices, _ = best_rows(classifier_margin(learner, X), X, n, rng=rng)
    return indices, -classifier_margin(learner, X)[indices]


def ties_by_row_number(learner: Any, X: Any, n: int = 1, *, rng: Any, **kw: Any) -> Any:
    get_strategy("margin").query(learner, X, n, rng=rng)
    scores = -classifier_margin(learner, X)
    indices = np.argsort(-scores, kind="stable")[:n]
    return indices, scores[indices]


def ties_by_position(learner: Any, X: Any, n: int = 1, *, rng: Any, **kw: Any) -> Any:
    """Random, but a shuffled pool gets other rows."""
    get_strategy("margin").query(learner, X, n, rng=rng)
    scores = np.round(-classifier_margin(learner, X), 9)
    indices = np.lexsort((rng.permutation(len(scores)), -scores))[:n]
    return indices, scores[indices]


def ties_by_global_generator(learner: Any, X: Any, n: int = 1, *, rng: Any, **kw: Any) -> Any:
    get_strategy("margin").query(learner, X, n, rng=rng)
    scores = np.round(-classifier_margin(learner, X), 9)
    indices = np.lexsort((np.random.permutation(len(scores)), -scores))[:n]  # noqa: NPY002
    return indices, scores[indices]


def reseeded_at_every_draw(learner: Any, X: Any, n: int = 1, *, rng: Any, **kw: Any) -> Any:
    return get_strategy("margin").query(learner, X, n, rng=np.random.default_rng(535))


def deaf_to_the_model(learner: Any, X: Any, n: int = 1, *, rng: Any, **kw: Any) -> Any:
    """Half the pool scores by an exception that was swallowed."""
    try:
        return get_strategy("margin").query(learner, X, n, rng=rng)
    except EngineError:
        return best_rows(np.full(len(X), 0.5), X, n, rng=rng)


def one_too_few(learner: Any, X: Any, n: int = 1, *, rng: Any, **kw: Any) -> Any:
    return get_strategy("margin").query(learner, X, min(n, max(len(X) - 1, 0)), rng=rng)


def bare_array(learner: Any, X: Any, n: int = 1, *, rng: Any, **kw: Any) -> Any:
    return get_strategy("margin").query(learner, X, n, rng=rng)[0]


def a_score_without_number(learner: Any, X: Any, n: int = 1, *, rng: Any, **kw: Any) -> Any:
    indices, scores = get_strategy("margin").query(learner, X, n, rng=rng)
    return indices, np.where(scores == scores[:1], np.nan, scores)


def another_queue_for_another_length(
    learner: Any, X: Any, n: int = 1, *, rng: Any, **kw: Any
) -> Any:
    """The best three for each place, shuffled: how far down it reaches depends on the length."""
    indices, _ = get_strategy("margin").query(learner, X, 3 * n, rng=rng)
    chosen = rng.permutation(np.sort(indices))[:n]
    return chosen, np.zeros(len(chosen))


def deaf_to_small_differences(learner: Any, X: Any, n: int = 1, *, rng: Any, **kw: Any) -> Any:
    """Breaks ties by the bytes that a row happens to be stored in."""
    get_strategy("margin").query(learner, X, n, rng=rng)
    order = sorted(
        range(len(X)), key=lambda row: hash((X[row].tobytes(), int(rng.integers(1) + 1)))
    )
    return np.array(order[:n], np.int64), np.zeros(len(order[:n]))


def needs_rows_that_differ(learner: Any, X: Any, n: int = 1, *, rng: Any, **kw: Any) -> Any:
    """Divides by the spread of the scores."""
    indices, scores = get_strategy("margin").query(learner, X, n, rng=rng)
    with np.errstate(invalid="ignore", divide="ignore"):
        return indices, scores / np.ptp(scores) if len(scores) else scores


def trains_on_from_narrow_rows(learner: Any, X: Any, n: int = 1, *, rng: Any, **kw: Any) -> Any:
    """Goes on from coefficients of all columns where fewer would do."""
    found = get_strategy("margin").query(learner, X, n, rng=rng)
    if len(learner.X_training) < X.shape[1]:
        model = LogisticRegression(warm_start=True).fit(learner.X_training, learner.y_training)
        model.fit(learner.X_training[:, : len(learner.X_training)], learner.y_training)
    return found


PLANTED: dict[Callable[..., Any], set[Callable[[Strategy], None]]] = {
    same_row_twice: {contract.rows_are_distinct},
    worst_first: {contract.best_come_first},
    the_surest: {contract.none_left_out_is_better},
    ties_by_row_number: {contract.ties_are_not_by_row_number, contract.the_generator_decides_ties},
    ties_by_position: {contract.the_order_of_ties_does_not_matter},
    ties_by_global_generator: {contract.same_seed_same_rows_among_ties},
    reseeded_at_every_draw: {contract.the_generator_decides_ties},
    deaf_to_the_model: {contract.an_untrained_model_is_refused},
    one_too_few: {contract.the_whole_pool_when_too_few_are_left},
    bare_array: {contract.rows_are_distinct},
    a_score_without_number: {contract.best_come_first},
    another_queue_for_another_length: {contract.a_longer_queue_begins_with_the_shorter_one},
    deaf_to_small_differences: {contract.the_precision_of_storage_does_not_matter},
    needs_rows_that_differ: {contract.equal_rows_are_answered},
    trains_on_from_narrow_rows: {contract.fewer_labels_than_columns_will_do},
}


def _caught(strategy: Strategy, clause: Callable[[Strategy], None]) -> bool:
    try:
        clause(strategy)
    except (AssertionError, EngineError, ValueError, pytest.fail.Exception):
        return True
    return False


@pytest.mark.parametrize("broken", PLANTED, ids=lambda broken: broken.__name__)
def test_the_contract_catches_a_planted_fault(broken: Callable[..., Any]) -> None:
    strategy = replace(get_strategy("margin"), name=broken.__name__, query=broken)
    caught_by = {clause for clause in CONTRACT if _caught(strategy, clause)}
    assert PLANTED[broken] <= caught_by


def test_blocks_that_matter_are_caught() -> None:
    """A utility that normalises within the block it is shown."""

    def within_block(learner: Any, X: Any, **kw: Any) -> Any:
        margins = classifier_margin(learner, X)
        return -margins / margins.max()

    strategy = replace(get_strategy("margin"), utility=within_block)
    assert _caught(strategy, contract.blocks_do_not_matter)


def test_a_missing_reason_is_caught() -> None:
    strategy = replace(get_strategy("margin"), explain=lambda *_: [])
    assert _caught(strategy, contract.every_row_has_a_reason)


def test_an_unbounded_queue_is_caught() -> None:
    """A strategy that returns more than it was asked for."""

    def all_of_it(learner: Any, X: Any, n: int = 1, *, rng: Any, **kw: Any) -> Any:
        return get_strategy("margin").query(learner, X, len(X), rng=rng)

    strategy = replace(get_strategy("margin"), query=all_of_it)
    assert _caught(strategy, contract.rows_are_distinct)


@pytest.mark.parametrize(
    "draw",
    [
        lambda luck, share: bool(np.random.default_rng(535).random() < share),
        lambda luck, share: False,
        lambda luck, share: luck > share,
        lambda luck, share: luck < share / 2,
    ],
    ids=["reseeded at every draw", "never", "the other way round", "half as often"],
)
def test_a_share_that_is_not_explored_is_caught(
    draw: Callable[[float, float], bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("learners.engine.simulation.questions.asks_to_measure", draw)
    assert _caught(get_strategy("margin"), contract.the_exploring_share_is_really_explored)


class FromTheHead(Questions):
    """Keeps the first rows of the file to measure."""

    def __init__(self, *, pool: Any, audit_share: float, seed: int) -> None:
        super().__init__(pool=pool, audit_share=audit_share, seed=seed)
        self.reserve = np.sort(pool)[: len(self.reserve)]
        self._to_measure = self.reserve[::-1].tolist()


def test_a_reserve_from_the_head_of_the_file_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contract, "Questions", FromTheHead)
    assert _caught(get_strategy("margin"), contract.the_exploring_share_is_really_explored)


def test_the_sound_strategy_is_not_caught() -> None:
    assert not [clause for clause in CONTRACT if _caught(get_strategy("margin"), clause)]
