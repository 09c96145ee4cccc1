"""Ranking a pool in blocks: the product's way from vectors to a queue."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from learners.engine.errors import BadAnswer, BadVectors, NotFitted
from learners.engine.heads import make_head
from learners.engine.learner import ActiveLearner
from learners.engine.ranking import Ranking, rank_pool
from learners.engine.strategies import Strategy, get_strategy
from learners.engine.strategies.base import Shortlist
from tests.engine.contract import rng
from tests.engine.worlds import make_blind_learner, make_learner, make_ties, make_vectors

MARGIN = get_strategy("margin")


def rank(
    X: Any, *, strategy: Strategy = MARGIN, n: int = 10, seed: int = 1, learner: Any = None
) -> Ranking:
    blocks = [(np.arange(len(X)) + 1000, X)]
    return rank_pool(
        learner=learner or make_learner(strategy),
        strategy=strategy,
        blocks=blocks,
        n_queue=n,
        rng=rng(seed),
    )


def test_the_queue_is_the_strategys_order() -> None:
    X, _ = make_vectors(60)
    ranking = rank(X, n=60)
    likeliest = np.sort(make_learner(MARGIN).predict_proba(X), axis=1)
    expected = np.argsort(likeliest[:, -1] - likeliest[:, -2]) + 1000
    assert ranking.ids.tolist() == expected.tolist()
    assert ranking.reasons[0].startswith("margin 0.0")


@settings(max_examples=30)
@given(cuts=st.lists(st.integers(0, 50), max_size=6), data=st.data())
def test_neither_cuts_nor_order_change_a_queue_full_of_ties(
    cuts: list[int], data: st.DataObject
) -> None:
    X = make_ties(50)
    order = np.array(data.draw(st.permutations(range(50))))
    pieces = np.split(order, sorted(cuts))
    cut = rank_pool(
        learner=make_blind_learner(MARGIN),
        strategy=MARGIN,
        blocks=((piece, X[piece]) for piece in pieces),
        n_queue=7,
        rng=rng(2),
    )
    whole = rank_pool(
        learner=make_blind_learner(MARGIN),
        strategy=MARGIN,
        blocks=[(np.arange(50), X)],
        n_queue=7,
        rng=rng(2),
    )
    assert cut.ids.tolist() == whole.ids.tolist()
    assert cut.n_pool == whole.n_pool == 50


def test_equal_texts_are_ordered_by_their_ids_hash_and_not_by_the_file() -> None:
    X = np.tile(make_vectors(1)[0], (200, 1))
    queues = [rank(X, seed=seed).ids for seed in range(30)]
    assert len({tuple(queue) for queue in queues}) == 30
    assert abs(np.mean(queues) - 1099.5) < 20


def test_half_precision_shards_are_ranked_like_the_same_numbers_in_double() -> None:
    X = make_vectors(60)[0].astype(np.float16)
    assert rank(X).ids.tolist() == rank(X.astype(np.float64)).ids.tolist()


def test_memory_does_not_grow_with_the_pool() -> None:
    def endless() -> Iterator[tuple[Any, Any]]:
        for block in range(40):
            X, _ = make_vectors(500, seed=block)
            yield np.arange(500) + 500 * block, X

    ranking = rank_pool(
        learner=make_learner(MARGIN), strategy=MARGIN, blocks=endless(), n_queue=5, rng=rng()
    )
    assert ranking.n_pool == ranking.n_scored == 20_000
    assert len(ranking.ids) == 5


def test_ranked_batch_ranks_a_random_subset_and_says_how_large() -> None:
    X, _ = make_vectors(2_500)
    ranking = rank(X, strategy=get_strategy("ranked_batch"), n=300)
    assert ranking.n_pool == 2_500
    assert ranking.n_scored == 1_000
    assert len(ranking.ids) == 50


def test_the_subset_is_drawn_by_the_generator() -> None:
    X, _ = make_vectors(2_500)
    strategy = get_strategy("ranked_batch")
    first, again, other = (rank(X, strategy=strategy, n=5, seed=seed) for seed in (1, 1, 2))
    assert first.ids.tolist() == again.ids.tolist()
    assert first.ids.tolist() != other.ids.tolist()


def test_no_pool_gives_an_empty_queue() -> None:
    for name in ("random", "margin", "ranked_batch"):
        ranking = rank(np.empty((0, 6)), strategy=get_strategy(name))
        assert len(ranking.ids) == len(ranking.reasons) == ranking.n_pool == 0


def test_random_needs_no_model() -> None:
    learner = ActiveLearner(make_head(), get_strategy("random"))
    ranking = rank(make_vectors(20)[0], strategy=get_strategy("random"), learner=learner)
    assert len(set(ranking.ids.tolist())) == 10
    assert set(ranking.reasons) == {"drawn at random"}


def test_an_untrained_model_is_refused() -> None:
    with pytest.raises(NotFitted):
        rank(make_vectors(20)[0], learner=ActiveLearner(make_head(), MARGIN))


def test_an_id_that_comes_twice_is_refused() -> None:
    X, _ = make_vectors(5)
    with pytest.raises(BadAnswer, match="twice"):
        rank_pool(
            learner=make_learner(MARGIN),
            strategy=MARGIN,
            blocks=[(np.arange(5), X), (np.arange(5), X)],
            n_queue=10,
            rng=rng(),
        )


@pytest.mark.parametrize(
    ("ids", "vectors", "complaint"),
    [
        ([1, 2], np.ones((3, 6)), r"ids \(2,\) for 3 vectors"),
        ([1], np.full((1, 6), np.nan), "row 0 holds a NaN"),
        ([1], np.full((1, 6), np.inf, np.float16), "row 0 holds a NaN or infinite"),
        ([1], np.ones((1, 6), int), "vectors are int64"),
        ([1], np.ones(6), r"shape \(6,\)"),
    ],
)
def test_a_bad_block_is_named(ids: Any, vectors: Any, complaint: str) -> None:
    with pytest.raises(BadVectors, match=complaint):
        rank_pool(
            learner=make_learner(MARGIN),
            strategy=MARGIN,
            blocks=[(np.array(ids), vectors)],
            n_queue=3,
            rng=rng(),
        )


def test_blocks_of_different_widths_are_refused() -> None:
    blocks = [(np.array([1]), np.ones((1, 6))), (np.array([2]), np.ones((1, 7)))]
    with pytest.raises(BadVectors, match="7 columns; the model takes 6"):
        rank_pool(
            learner=make_learner(MARGIN), strategy=MARGIN, blocks=blocks, n_queue=3, rng=rng()
        )


def test_modals_own_strategies_by_dotted_path_are_told_what_is_wrong_with_them() -> None:
    """modAL's margin is lowest first; served as it is, the surest texts would come first."""
    strategy = get_strategy("modAL.uncertainty.margin_sampling")
    with pytest.raises(BadAnswer, match="needed: best first, higher is asked sooner"):
        rank(make_vectors(60)[0], strategy=strategy)


def test_a_strategy_by_dotted_path_is_ranked() -> None:
    strategy = get_strategy("learners.engine.strategies.margin.margin_sampling")
    X, _ = make_vectors(60)
    assert rank(X, strategy=strategy).ids.tolist() == rank(X).ids.tolist()
    assert rank(X, strategy=strategy).reasons[0] == f"chosen by {strategy.name}"


def test_a_shortlist_holds_the_best_rows_and_random_ones_besides() -> None:
    seen: list[int] = []

    def query(learner: Any, X: Any, n: int = 1, *, rng: Any, **kw: Any) -> Any:
        seen.extend(X[:, 0].astype(int).tolist())
        return np.arange(n), np.zeros(n)

    def first_column(learner: Any, X: Any, **kw: Any) -> Any:
        return X[:, 0]

    strategy = replace(
        get_strategy("capped_margin"),
        query=query,
        explain=lambda learner, X, scores: ["first"] * len(scores),
        shortlist=lambda learner, n: Shortlist(first_column, n_best=5, n_random=30),
    )
    X = np.column_stack([np.arange(200.0), np.ones((200, 5))])
    blocks = [(np.arange(at, at + 50), X[at : at + 50]) for at in (0, 50, 100, 150)]
    rank_pool(
        learner=make_learner(strategy), strategy=strategy, blocks=blocks, n_queue=3, rng=rng()
    )
    assert {195, 196, 197, 198, 199} < set(seen)
    assert 30 <= len(set(seen)) == len(seen) <= 35
    assert min(seen) < 60
