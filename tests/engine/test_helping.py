"""The project's labels against as many random ones."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from learners.engine.helping import (
    Answered,
    Race,
    compare,
    is_due,
    looked_back,
    race,
    sizes_within,
)
from tests.engine.contract import rng

NONE = np.empty((0, 2))


def memory(X: NDArray[Any], y: NDArray[Any], X_new: NDArray[Any]) -> NDArray[Any]:
    """A "model" that knows the class of each kind (column 0) it has seen, and says 0 otherwise."""
    known = dict(zip(X[:, 0].tolist(), y.tolist(), strict=True))
    return np.array([known.get(kind, 0) for kind in X_new[:, 0].tolist()])


def answered(kinds: list[int], audit: list[bool]) -> Answered:
    """Texts of some kinds; the class of kind k is k. Column 1 numbers the rows."""
    X = np.column_stack([kinds, np.arange(len(kinds))]).astype(float)
    is_audit = np.array(audit)
    return Answered(X, np.array(kinds), is_audit, is_audit, NONE, np.empty(0, int))


def well_chosen() -> Answered:
    """Every other question is random: 25 of kind 1, then 25 of kind 2; the others bring both at once."""
    kinds, audit = [], []
    for turn in range(50):
        kinds += [1 if turn < 25 else 2, 1 + turn % 2]
        audit += [True, False]
    return answered(kinds, audit)


@pytest.mark.parametrize(("n", "sizes"), [(24, [4, 8, 16]), (50, [8, 16, 33]), (100, [16, 33, 66])])
def test_sizes_are_what_leaves_a_fold_and_half_and_a_quarter_of_it(
    n: int, sizes: list[int]
) -> None:
    assert sizes_within(n).tolist() == sizes


def test_both_sides_learn_from_as_many_labels() -> None:
    seen: list[int] = []

    def counting(X: NDArray[Any], y: NDArray[Any], X_new: NDArray[Any]) -> NDArray[Any]:
        seen.append(len(y))
        return memory(X, y, X_new)

    race(well_chosen(), counting)
    assert sorted(set(seen)) == [8, 16, 33]
    assert len(seen) == 2 * 3 * 3  # sides, sizes, folds


def test_no_model_sees_a_text_that_it_predicts() -> None:
    def checking(X: NDArray[Any], y: NDArray[Any], X_new: NDArray[Any]) -> NDArray[Any]:
        assert not set(X[:, 1].tolist()) & set(X_new[:, 1].tolist())
        return memory(X, y, X_new)

    assert race(well_chosen(), checking) is not None


def test_the_random_side_learns_from_random_texts_alone() -> None:
    result = race(well_chosen(), memory)
    assert result is not None
    # Folds of 17, 17 and 16; after the first come rows 17 to 24, all of kind 1, and its texts are
    # right; after the last comes row 0, kind 1 again, but its texts are of kind 2.
    assert result.random_right[0, :17].all()
    assert not result.random_right[0, 34:].any()
    assert result.project_right[0].all()  # the first eight labels bring both kinds


def test_choosing_that_helps_has_an_advantage_above_zero() -> None:
    result = race(well_chosen(), memory)
    assert result is not None
    found = compare(result, np.ones(50, bool), rng=rng())
    assert found.advantage.low > 0
    assert found.advantage.value == pytest.approx(
        result.project_right.mean() - result.random_right.mean()
    )
    assert (found.reach, found.saved_at, found.advantage.n) == (33, 16, 50)


def test_a_strict_project_pays_for_random_texts_without_learning_from_them() -> None:
    seen: list[int] = []

    def counting(X: NDArray[Any], y: NDArray[Any], X_new: NDArray[Any]) -> NDArray[Any]:
        seen.append(len(y))
        return memory(X, y, X_new)

    race(well_chosen(), counting, strict=True)
    # The random side as before; the project's first eight labels hold four that it may use, and more
    # where the first audit texts are the fold passed over.
    assert min(seen) == 4


def test_labels_that_came_with_the_data_are_on_both_sides() -> None:
    world = well_chosen()
    free = Answered(
        world.X, world.y, world.is_audit, world.measures, np.array([[2.0, -1.0]]), np.array([2])
    )
    result = race(free, memory)
    assert result is not None
    assert result.random_right[0, 34:].all()


def test_few_random_texts_are_not_raced() -> None:
    assert race(answered([1] * 23, [True] * 23), memory) is None


def by_hand(random: list[int], project: list[int], n: int = 10) -> Race:
    """The first so many of `n` texts right, at 8, 16, ... labels."""
    sizes = np.array([8 << power for power in range(len(random))])
    places = np.arange(n)
    return Race(
        sizes,
        np.array([places < right for right in random]),
        np.array([places < right for right in project]),
    )


def test_random_labels_needed_are_read_between_the_sizes() -> None:
    found = compare(by_hand([4, 5, 9], [5, 7, 9]), np.arange(10) < 9, rng=rng())
    # The project has 7 of 10 at 16 labels; random goes from 5 at 16 to 9 at 32: half-way, 24.
    assert found.saved_at == 16
    assert found.needed.value == pytest.approx(24)
    assert found.needed_now.value == pytest.approx(32)
    assert found.advantage.value == pytest.approx((1 + 2 + 0) / 3 / 10)


def test_what_random_labels_never_reached_is_not_guessed() -> None:
    found = compare(by_hand([4, 5, 6], [5, 7, 9]), np.arange(10) < 9, rng=rng())
    assert (found.needed.value, found.needed_now.value) == (None, None)
    assert found.needed.high is None


def test_what_the_fewest_random_labels_reach_needs_at_most_those() -> None:
    found = compare(by_hand([8, 10, 12], [4, 6, 8], n=20), np.arange(20) < 8, rng=rng())
    assert (found.needed.value, found.needed_now.value) == (8, 8)
    assert found.advantage.high < 0


def test_present_predictions_are_of_the_same_texts() -> None:
    with pytest.raises(ValueError, match="9 present predictions; needed: 10"):
        compare(by_hand([4, 5], [5, 7]), np.ones(9, bool), rng=rng())


def test_looking_back_asks_the_model_of_the_first_labels() -> None:
    def knows(X: NDArray[Any], y: NDArray[Any], X_new: NDArray[Any]) -> NDArray[Any]:
        assert not set(X[:, 1].tolist()) & set(X_new[:, 1].tolist())
        assert X[:, 1].max() < 20
        return memory(X, y, X_new)

    kinds = [1] * 20 + [2] * 10
    world = answered(kinds, [n % 3 == 0 for n in range(30)])
    # Random texts at 0, 3, ..., 27: the seven of kind 1 are known, the three of kind 2 not yet.
    assert looked_back(world, knows, 20).tolist() == [True] * 7 + [False] * 3


def test_looking_back_strictly_leaves_random_texts_out() -> None:
    world = answered([1, 2, 1, 2], [True, False, True, False])
    assert looked_back(world, memory, 2, strict=True).tolist() == [False, False]


def test_a_race_is_due_once_there_are_a_fifth_more_answers() -> None:
    due = [n for n in range(20, 52) if is_due(n, n - 1)]
    assert due == [24, 29, 35, 41, 50]  # 24 times 1, 1.2, 1.44, 1.728 and 2.0736


@pytest.mark.parametrize("n_before", [0, 40, 999])
def test_a_mark_is_noticed_however_many_answers_came_at_once(n_before: int) -> None:
    assert is_due(n_before + 200, n_before)
    assert not is_due(n_before, n_before)
