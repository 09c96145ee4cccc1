"""Recall, precision and the matrix behind them, against numbers worked by hand."""

import pytest

from learners.engine.confusion import Confusion, confusion

# Class 7 is right 3 times of 4, class 9 once of 3; class 11 never occurs and is said once.
TRUTH = [7, 7, 7, 7, 9, 9, 9]
SAID = [7, 7, 7, 9, 9, 7, 11]


@pytest.fixture
def found() -> Confusion:
    return confusion(truth=TRUTH, said=SAID, class_ids=[7, 9, 11])


def test_rows_are_the_true_class_and_columns_what_was_said(found: Confusion) -> None:
    assert found.counts.tolist() == [[3, 1, 0], [1, 1, 1], [0, 0, 0]]
    assert (found.n, found.n_right) == (7, 4)


def test_recall_is_of_the_rows_answers_and_has_an_interval(found: Confusion) -> None:
    seven, nine, eleven = found.recall()
    assert seven is not None
    assert nine is not None
    assert (seven.value, seven.n) == (0.75, 4)
    # Wilson, 3 of 4, z = 1.96: centre 1.2302/1.9604 = 0.62751, half-width 0.32685
    assert (seven.low, seven.high) == pytest.approx((0.3006, 0.9544), abs=1e-3)
    assert (nine.value, nine.n) == (1 / 3, 3)
    assert eleven is None


def test_precision_is_of_what_was_called_so(found: Confusion) -> None:
    shares = [share and (share.value, share.n) for share in found.precision()]
    assert shares == [(0.75, 4), (0.5, 2), (0.0, 1)]


def test_the_worst_mistakes_come_first_and_empty_cells_not_at_all(found: Confusion) -> None:
    cells = [(cell.truth, cell.said, cell.n, cell.share.n) for cell in found.mistakes()]
    # One answer each: of three answers it is a larger share than of four.
    assert cells == [(9, 7, 1, 3), (9, 11, 1, 3), (7, 9, 1, 4)]


def test_a_row_without_answers_has_no_shares(found: Confusion) -> None:
    assert found.cell(2, 0) is None


def test_a_class_that_is_not_listed_is_an_error() -> None:
    with pytest.raises(ValueError, match="class 9 or 7 is none of"):
        confusion(truth=[9], said=[7], class_ids=[7])


def test_predictions_of_another_length_are_an_error() -> None:
    with pytest.raises(ValueError, match="1 true classes for 2 predictions"):
        confusion(truth=[7], said=[7, 7], class_ids=[7])
