"""The contract that every registered query strategy keeps, as plain functions.

`test_strategies.py` runs it over the registry, `test_contract.py` over strategies that are broken
on purpose: one for each way in which active learning silently becomes something else.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from learners.engine.asking import ask, check_best_first
from learners.engine.errors import BadAnswer, NotFitted
from learners.engine.learner import ActiveLearner
from learners.engine.ranking import Ranking, rank_pool
from learners.engine.simulation.questions import Questions
from learners.engine.strategies import Strategy
from tests.engine.worlds import (
    make_blind_learner,
    make_estimator,
    make_learner,
    make_ties,
    make_vectors,
    make_wide,
)

N_POOL = 90
N_QUEUE = 12


def rng(seed: int = 5) -> np.random.Generator:
    return np.random.default_rng(seed)


def asked(strategy: Strategy, X: Any, n: int = N_QUEUE, seed: int = 5) -> list[tuple[float, ...]]:
    """The rows a trained learner asks for, by content, in order."""
    learner = make_learner(strategy)
    indices, _ = ask(strategy, learner, X, n, rng=rng(seed))
    return [tuple(X[index]) for index in indices]


def asked_of_ties(strategy: Strategy, X: Any, seed: int = 5) -> list[tuple[float, ...]]:
    """The same from a learner to whom all rows are equally uncertain."""
    indices, _ = ask(strategy, make_blind_learner(strategy), X, N_QUEUE, rng=rng(seed))
    return [tuple(X[index]) for index in indices]


def ranked(strategy: Strategy, X: Any, ids: Any, block_rows: int, seed: int = 5) -> Ranking:
    """The product's own way to a queue, over blocks of `block_rows` rows."""
    blocks = [
        (ids[start : start + block_rows], X[start : start + block_rows])
        for start in range(0, len(X), block_rows)
    ]
    learner = make_learner(strategy)
    return rank_pool(
        learner=learner, strategy=strategy, blocks=blocks, n_queue=N_QUEUE, rng=rng(seed)
    )


def rows_are_distinct(strategy: Strategy) -> None:
    indices, _ = ask(strategy, make_learner(strategy), make_vectors(N_POOL)[0], N_QUEUE, rng=rng())
    assert len(set(indices.tolist())) == N_QUEUE


def best_come_first(strategy: Strategy) -> None:
    _, scores = ask(strategy, make_learner(strategy), make_vectors(N_POOL)[0], N_QUEUE, rng=rng())
    check_best_first(scores)


def none_left_out_is_better(strategy: Strategy) -> None:
    """For strategies that score rows one by one: no row outside the queue beats one inside."""
    if strategy.utility is None:
        return
    X = make_vectors(N_POOL)[0]
    learner = make_learner(strategy)
    indices, scores = ask(strategy, learner, X, N_QUEUE, rng=rng())
    utility = np.asarray(strategy.utility(learner, X))
    np.testing.assert_allclose(scores, utility[indices], atol=1e-8)
    assert np.delete(utility, indices).max() <= scores.min() + 1e-8


def same_seed_same_rows(strategy: Strategy) -> None:
    X = make_vectors(N_POOL)[0]
    np.random.seed(1)  # noqa: NPY002  a strategy that draws from here is caught below
    first = asked(strategy, X)
    np.random.seed(2)  # noqa: NPY002
    assert asked(strategy, X) == first


def same_seed_same_rows_among_ties(strategy: Strategy) -> None:
    X = make_ties(N_POOL)
    np.random.seed(1)  # noqa: NPY002
    first = asked_of_ties(strategy, X)
    np.random.seed(2)  # noqa: NPY002
    assert asked_of_ties(strategy, X) == first


def the_generator_decides_ties(strategy: Strategy) -> None:
    """Twenty seeds give (nearly) twenty different orders of equal rows.

    Strategies that see distances as well are only asked for ties where rows are equally far from
    everything.
    """
    X = np.eye(N_POOL) if strategy.utility is None else make_ties(N_POOL)
    orders = {tuple(_blind_order(strategy, X, seed)) for seed in range(20)}
    assert len(orders) >= 19


def ties_are_not_by_row_number(strategy: Strategy) -> None:
    """Over many seeds the mean row number of the picks is that of the pool, not its head or tail."""
    X = np.eye(N_POOL) if strategy.utility is None else make_ties(N_POOL)
    picks = np.array([_blind_order(strategy, X, seed) for seed in range(40)])
    # Standard error of the mean of 40 × 12 draws from 0..89 is 1.2; the bound is five of them.
    assert abs(picks.mean() - (N_POOL - 1) / 2) < 6
    assert np.mean(np.diff(picks, axis=1) == 1) < 0.1  # neighbours: a block of the file


def the_pools_order_does_not_matter(strategy: Strategy) -> None:
    X = make_vectors(N_POOL)[0]
    order = np.random.default_rng(3).permutation(N_POOL)
    assert asked(strategy, X[order]) == asked(strategy, X)


def the_order_of_ties_does_not_matter(strategy: Strategy) -> None:
    X = make_ties(N_POOL)
    order = np.random.default_rng(3).permutation(N_POOL)
    assert asked_of_ties(strategy, X[order]) == asked_of_ties(strategy, X)


def the_whole_pool_when_too_few_are_left(strategy: Strategy) -> None:
    X = make_vectors(4)[0]
    indices, scores = ask(strategy, make_learner(strategy), X, 10, rng=rng())
    assert sorted(indices.tolist()) == [0, 1, 2, 3]
    assert len(scores) == 4


def an_empty_pool_gives_nothing(strategy: Strategy) -> None:
    indices, scores = ask(strategy, make_learner(strategy), np.empty((0, 6)), 5, rng=rng())
    assert len(indices) == len(scores) == 0


def an_untrained_model_is_refused(strategy: Strategy) -> None:
    """By the strategy itself, not only by the code around it."""
    learner = ActiveLearner(make_estimator(strategy), strategy)
    X = make_vectors(N_POOL)[0]
    if not strategy.needs_model:
        assert len(strategy.query(learner, X, 5, rng=rng())[0]) == 5
        return
    with pytest.raises(NotFitted):
        strategy.query(learner, X, 5, rng=rng())


def blocks_do_not_matter(strategy: Strategy) -> None:
    """Whole, cut into sevens, or shuffled: the same ids, scores and reasons."""
    X, _ = make_vectors(N_POOL)
    ids = np.random.default_rng(8).permutation(10_000)[:N_POOL].astype(np.int64)
    order = np.random.default_rng(9).permutation(N_POOL)
    whole = ranked(strategy, X, ids, N_POOL)
    for other in (ranked(strategy, X, ids, 7), ranked(strategy, X[order], ids[order], 13)):
        assert other.ids.tolist() == whole.ids.tolist()
        np.testing.assert_allclose(other.scores, whole.scores, atol=1e-8)
        assert other.reasons == whole.reasons


def every_row_has_a_reason(strategy: Strategy) -> None:
    X, _ = make_vectors(N_POOL)
    ranking = ranked(strategy, X, np.arange(N_POOL), N_POOL)
    assert len(ranking.reasons) == len(ranking.ids)
    assert all(0 < len(reason) <= 300 for reason in ranking.reasons)


def limits_are_kept(strategy: Strategy) -> None:
    X, _ = make_vectors(N_POOL)
    ranking = ranked(strategy, X, np.arange(N_POOL), N_POOL)
    assert len(ranking.ids) == min(N_QUEUE, strategy.max_queue or N_QUEUE)
    assert ranking.n_pool == N_POOL
    assert ranking.n_scored == min(N_POOL, strategy.max_pool or N_POOL)


def scores_without_numbers_are_refused(strategy: Strategy) -> None:
    """A model that answers NaN is an error, not a ranking."""
    learner = make_learner(strategy)
    if not strategy.needs_model:
        return
    for model in getattr(learner.estimator, "estimators_", [learner.estimator]):
        model.coef_[:] = np.nan
    with pytest.raises((BadAnswer, ValueError)):
        ask(strategy, learner, make_vectors(N_POOL)[0], 5, rng=rng())


def a_longer_queue_begins_with_the_shorter_one(strategy: Strategy) -> None:
    """Else the length of the queue, which nobody chooses for this, would change what is asked."""
    X = make_vectors(N_POOL)[0]
    assert asked(strategy, X, N_QUEUE)[:5] == asked(strategy, X, 5)


def the_precision_of_storage_does_not_matter(strategy: Strategy) -> None:
    halves = make_vectors(N_POOL)[0].astype(np.float16)
    assert asked(strategy, halves) == asked(strategy, halves.astype(np.float64))


def equal_rows_are_answered(strategy: Strategy) -> None:
    """A pool of one text many times over is poor, but no error."""
    X = np.tile(make_vectors(1)[0], (40, 1))
    indices, scores = ask(strategy, make_learner(strategy), X, N_QUEUE, rng=rng())
    assert len(set(indices.tolist())) == N_QUEUE
    check_best_first(scores)


def the_exploring_share_is_really_explored(strategy: Strategy) -> None:
    """By the rule that the product and the simulation draw by, one question in five is a reserved
    random row, whatever the strategy would rather ask."""
    X, _ = make_vectors(400)
    ranking = ranked(strategy, X, np.arange(400), 400)
    explored = []
    for seed in range(10):
        questions = Questions(pool=np.arange(400), audit_share=0.2, seed=seed)
        asked_rows = questions.ask(100, [row for row in ranking.ids if row in questions.rest])
        explored.append([row for row in asked_rows if row in set(questions.reserve.tolist())])
    counts = np.array([len(rows) for rows in explored])
    # Each of ten runs draws 100 times at 0.2: 20 ± 4; all of them 200 ± 13. Bounds: five of these.
    assert abs(counts.sum() - 200) < 64
    assert counts.min() > 0
    assert counts.max() < 41
    rows = np.concatenate(explored)  # uniform over 0..399: a mean of 199.5 ± 8
    assert abs(rows.mean() - 199.5) < 41


def fewer_labels_than_columns_will_do(strategy: Strategy) -> None:
    """As at every project's beginning, where heads train in fewer columns than there are."""
    X = make_wide(make_vectors(N_POOL)[0])
    indices, _ = ask(strategy, make_learner(strategy, n_labels=9, wide=True), X, 3, rng=rng())
    assert len(set(indices.tolist())) == 3


def _blind_order(strategy: Strategy, X: Any, seed: int) -> list[int]:
    learner = make_blind_learner(strategy)
    learner.X_training = np.zeros((3, X.shape[1]))
    indices, _ = ask(strategy, learner, X, N_QUEUE, rng=rng(seed))
    return [int(index) for index in indices]


CONTRACT: tuple[Callable[[Strategy], None], ...] = (
    rows_are_distinct,
    best_come_first,
    none_left_out_is_better,
    same_seed_same_rows,
    same_seed_same_rows_among_ties,
    the_generator_decides_ties,
    ties_are_not_by_row_number,
    the_pools_order_does_not_matter,
    the_order_of_ties_does_not_matter,
    the_whole_pool_when_too_few_are_left,
    an_empty_pool_gives_nothing,
    an_untrained_model_is_refused,
    blocks_do_not_matter,
    every_row_has_a_reason,
    limits_are_kept,
    scores_without_numbers_are_refused,
    a_longer_queue_begins_with_the_shorter_one,
    the_precision_of_storage_does_not_matter,
    equal_rows_are_answered,
    the_exploring_share_is_really_explored,
    fewer_labels_than_columns_will_do,
)
