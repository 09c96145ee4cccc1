"""First questions: points that stand for every part of a pool."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from learners.engine.seeds import kmeans_medoids, typical_points
from learners.engine.seeds.grouped import in_turns
from learners.engine.seeds.typical_points import typicality

SEEDS = [kmeans_medoids, typical_points]


def make_heaps(n_each: int = 30) -> tuple[Any, Any]:
    """Four heaps far apart, the first the largest, and which heap each row is of."""
    rng = np.random.default_rng(4)
    heaps = np.repeat([0, 1, 2, 3], [2 * n_each, n_each, n_each, n_each])
    return 10 * np.eye(4)[heaps] + rng.normal(scale=0.3, size=(len(heaps), 4)), heaps


@pytest.mark.parametrize("seed", SEEDS)
def test_each_heap_gets_one_question_and_the_largest_the_first(seed: Callable[..., Any]) -> None:
    X, heaps = make_heaps()
    picks = seed(X, 4, np.random.default_rng(0))
    assert sorted(heaps[picks]) == [0, 1, 2, 3]
    assert heaps[picks[0]] == 0


@pytest.mark.parametrize("seed", SEEDS)
def test_the_pools_order_does_not_matter_to_a_seed(seed: Callable[..., Any]) -> None:
    X, _ = make_heaps()
    order = np.random.default_rng(1).permutation(len(X))
    picks = seed(X, 9, np.random.default_rng(0))
    again = order[seed(X[order], 9, np.random.default_rng(0))]
    assert again.tolist() == picks.tolist()


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("n_rows", "n", "expected"), [(3, 10, 3), (0, 4, 0), (5, 0, 0), (1, 1, 1)])
def test_a_seed_gives_what_there_is(
    seed: Callable[..., Any], n_rows: int, n: int, expected: int
) -> None:
    picks = seed(np.eye(6)[:n_rows], n, np.random.default_rng(0))
    assert len(set(picks.tolist())) == len(picks) == expected


@pytest.mark.parametrize("seed", SEEDS)
def test_equal_rows_are_all_found(seed: Callable[..., Any]) -> None:
    assert sorted(seed(np.ones((5, 3)), 5, np.random.default_rng(0))) == [0, 1, 2, 3, 4]


def test_a_medoid_is_the_row_nearest_to_the_centre() -> None:
    X = np.array([[0.0], [1.0], [2.0], [10.0]])  # their mean is 3.25
    assert kmeans_medoids(X, 1, np.random.default_rng(0)).tolist() == [2]


def test_the_typical_row_has_the_nearest_neighbours() -> None:
    X = np.array([[0.0], [4.0], [5.0], [6.0], [9.0]])
    # Sums of distances: 24, 12, 11, 12, 21, over four neighbours each.
    found = typicality(X, np.zeros(5, np.int64))
    np.testing.assert_allclose(found, [-6, -3, -2.75, -3, -5.25], atol=1e-5)


def test_groups_with_fewest_labels_come_first_and_small_ones_wait_a_turn() -> None:
    groups = np.array([0] * 6 + [1] * 5 + [2] * 2)
    is_labelled = np.arange(13) == 0  # group 0 has a label
    turns = in_turns(groups, -np.arange(13.0), is_labelled, 5)
    # Group 1 has none; then 0 and 1 with one each, 0 larger; then 2, whose turn counts from one.
    assert groups[turns.rows].tolist() == [1, 0, 1, 2, 0]
    np.testing.assert_allclose(
        turns.scores, [5 / 13, 6 / 13 - 1, 5 / 13 - 1, 2 / 13 - 1, 6 / 13 - 2]
    )
