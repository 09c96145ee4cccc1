"""What of a labelled file is asked, and what measures."""

import pytest

from learners.engine.errors import CannotSimulate
from learners.engine.simulation.data import check_plan, plan_notes
from tests.simulation.worlds import make_data, make_rows


def test_a_text_of_the_test_split_leaves_the_pool() -> None:
    rows = [*make_rows(10), ("apple pear 0", "fruit")]
    data = make_data(rows, tests=[10])
    assert data.n_pool == 9
    assert "apple pear 0" not in data.texts[: data.n_pool]


def test_a_text_that_differs_in_outer_blanks_leaves_the_pool_too() -> None:
    data = make_data([*make_rows(10), ("  apple pear 0\n", "fruit")], tests=[10])
    assert data.n_pool == 9


def test_repeated_texts_of_the_pool_are_one_with_the_first_label() -> None:
    rows = [*make_rows(9), ("apple pear 0", "metal"), ("other", "fruit")]
    data = make_data(rows, tests=[10])
    assert data.texts[: data.n_pool].count("apple pear 0") == 1
    assert data.class_names[data.y[data.texts.index("apple pear 0")]] == "fruit"


def test_a_given_split_measures_row_by_row() -> None:
    rows = [*make_rows(9), ("twice", "metal"), ("twice", "metal")]
    assert len(make_data(rows, tests=[9, 10]).test_rows) == 2


def test_without_a_split_a_quarter_measures() -> None:
    data = make_data(make_rows(40))
    assert (data.n_pool, len(data.test_rows)) == (30, 10)


def test_the_quarter_is_the_same_for_any_order_of_the_rows() -> None:
    forwards, backwards = make_data(make_rows(40)), make_data(make_rows(40)[::-1])
    assert set(forwards.texts[30:]) == set(backwards.texts[30:])


def test_one_class_only_is_refused_by_name() -> None:
    with pytest.raises(CannotSimulate, match="one class, “fruit”"):
        make_data([(f"apple {i}", "fruit") for i in range(9)])


def test_a_pool_of_one_class_is_refused_though_the_test_split_has_two() -> None:
    rows = [*((f"apple {i}", "fruit") for i in range(9)), ("iron", "metal")]
    with pytest.raises(CannotSimulate, match="9 texts of the pool are of one class, “fruit”"):
        make_data(rows, tests=[9])


def test_no_texts_are_refused() -> None:
    with pytest.raises(CannotSimulate, match="no labelled texts"):
        make_data([])


def test_a_pool_that_is_all_test_texts_is_refused() -> None:
    rows = [("a", "x"), ("b", "y"), ("a", "x"), ("b", "y")]
    with pytest.raises(CannotSimulate, match="the pool is empty"):
        make_data(rows, tests=[2, 3])


def test_a_class_with_one_text_is_named_in_a_note() -> None:
    data = make_data([*make_rows(9), ("lonely", "rare"), ("x", "fruit")], tests=[10])
    assert "One text in the pool alone: “rare”." in data.notes


def test_a_class_that_only_the_test_split_has_is_named_in_a_note() -> None:
    data = make_data([*make_rows(9), ("lonely", "rare")], tests=[9])
    assert "No text of the pool to learn from: “rare”." in data.notes


@pytest.mark.parametrize(
    ("budget", "batch", "words"),
    [
        (8, 0, "batch of 0"),
        (20, 8, "such as 16"),
        (48, 8, "at most 24"),
    ],
)
def test_a_plan_that_the_pool_cannot_fill_is_refused(budget: int, batch: int, words: str) -> None:
    with pytest.raises(CannotSimulate, match=words):
        check_plan(make_data(make_rows(40)), budget=budget, batch=batch)


def test_more_classes_than_labels_are_told() -> None:
    data = make_data([(f"text {i}", f"class {i % 12}") for i in range(40)])
    assert "12 classes and 8 labels: 4 classes" in plan_notes(data, budget=8, batch=8)[0]
