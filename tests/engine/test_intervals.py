"""Intervals, against numbers worked by hand and against scikit-learn."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from learners.engine.intervals import macro_f1_bootstrap, paired_difference, wilson
from tests.engine.contract import rng


def test_wilson_by_hand() -> None:
    # p = 0.8, n = 30, z = 1.96: centre (0.8 + 3.8416/60) / (1 + 3.8416/30) = 0.76594,
    # half-width 1.96 * sqrt(0.16/30 + 3.8416/3600) / 1.12805 = 0.13899
    interval = wilson(24, 30)
    assert interval.low == pytest.approx(0.6269, abs=1e-3)
    assert interval.high == pytest.approx(0.9049, abs=1e-3)
    assert (interval.value, interval.n) == (0.8, 30)


@pytest.mark.parametrize(("n", "low", "high"), [(100, 0.711, 0.867), (200, 0.739, 0.850)])
def test_wilson_of_eighty_percent(n: int, low: float, high: float) -> None:
    interval = wilson(n * 4 // 5, n)
    assert (interval.low, interval.high) == pytest.approx((low, high), abs=6e-4)


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_holds_its_value_inside_zero_and_one(right_of: tuple[int, int]) -> None:
    interval = wilson(*right_of)
    assert 0 <= interval.low <= interval.value + 1e-12
    assert interval.value - 1e-12 <= interval.high <= 1


@pytest.mark.parametrize(("right", "n"), [(0, 0), (3, 2), (-1, 2)])
def test_nothing_measured_has_no_interval(right: int, n: int) -> None:
    with pytest.raises(ValueError, match="needed: at least one answer"):
        wilson(right, n)


def make_answers(n: int, n_classes: int = 3) -> tuple[np.ndarray, np.ndarray]:
    generator = rng(0)
    truth = np.arange(n) % n_classes
    predicted = np.where(generator.random(n) < 0.8, truth, generator.integers(0, n_classes, n))
    return truth, predicted


def test_macro_f1_is_scikit_learns() -> None:
    truth, predicted = make_answers(60)
    measured = macro_f1_bootstrap(truth=truth, predicted=predicted, class_ids=[0, 1, 2], rng=rng())
    assert measured.interval is not None
    assert measured.interval.value == pytest.approx(f1_score(truth, predicted, average="macro"))
    assert measured.interval.low < measured.interval.value < measured.interval.high


def test_no_class_at_all_is_a_miss_and_no_class_of_its_own() -> None:
    truth = np.arange(100) % 2
    values = []
    for wrong in (-1, 1 - truth[7]):
        predicted = truth.copy()
        predicted[7] = wrong
        found = macro_f1_bootstrap(truth=truth, predicted=predicted, class_ids=[0, 1], rng=rng())
        assert found.interval is not None
        values.append(found.interval.value)
    assert values[0] == pytest.approx((1 + 98 / 99) / 2)
    assert values[0] > values[1]


def test_the_bootstrap_is_that_of_resampled_rows() -> None:
    truth, predicted = make_answers(60)
    measured = macro_f1_bootstrap(truth=truth, predicted=predicted, class_ids=[0, 1, 2], rng=rng())
    generator = rng(1)
    resampled = []
    for _ in range(400):
        rows = generator.integers(0, 60, 60)
        resampled.append(f1_score(truth[rows], predicted[rows], average="macro"))
    assert measured.interval is not None
    low, high = np.quantile(resampled, [0.025, 0.975])
    assert (measured.interval.low, measured.interval.high) == pytest.approx((low, high), abs=0.03)


def test_a_classifier_without_fault_has_no_spread() -> None:
    truth, _ = make_answers(30)
    measured = macro_f1_bootstrap(truth=truth, predicted=truth, class_ids=[0, 1, 2], rng=rng())
    assert measured.interval is not None
    assert (measured.interval.low, measured.interval.high) == (1.0, 1.0)


def test_it_is_withheld_until_every_class_has_five_answers() -> None:
    truth, predicted = make_answers(14)
    measured = macro_f1_bootstrap(truth=truth, predicted=predicted, class_ids=[0, 1, 2], rng=rng())
    assert measured.interval is None
    assert measured.why == "macro-F1 needs 5 audit answers of every class; 1 of 3 have fewer"


def test_a_class_nobody_answered_withholds_it_too() -> None:
    truth, predicted = make_answers(60)
    measured = macro_f1_bootstrap(
        truth=truth, predicted=predicted, class_ids=[0, 1, 2, 3], rng=rng()
    )
    assert measured.interval is None


def test_the_same_generator_gives_the_same_interval() -> None:
    truth, predicted = make_answers(60)
    first, again = (
        macro_f1_bootstrap(truth=truth, predicted=predicted, class_ids=[0, 1, 2], rng=rng(3))
        for _ in range(2)
    )
    assert first == again


def test_many_classes_stay_small_in_memory() -> None:
    truth, predicted = make_answers(2_000, n_classes=300)
    measured = macro_f1_bootstrap(
        truth=truth, predicted=predicted, class_ids=range(300), rng=rng(), n_resamples=200
    )
    assert measured.interval is not None
    assert measured.interval.value == pytest.approx(f1_score(truth, predicted, average="macro"))


def test_answers_and_predictions_must_be_as_many() -> None:
    with pytest.raises(ValueError, match="2 true classes for 1 predictions"):
        macro_f1_bootstrap(truth=[1, 2], predicted=[1], class_ids=[1, 2], rng=rng())


def test_a_paired_difference_by_hand() -> None:
    # Half a row in each cell: (8.5 - 3.5)/52 = 0.09615, 1.96 sqrt(12/52 - 0.00925)/sqrt(52) = 0.12793
    found = paired_difference(8, 3, 50)
    assert found.value == pytest.approx(0.1)
    assert (found.low, found.high) == pytest.approx((-0.03178, 0.22408), abs=2e-4)


def test_rows_that_never_changed_leave_a_doubt() -> None:
    found = paired_difference(0, 0, 40)
    assert found.value == 0
    assert -0.06 < found.low < 0 < found.high < 0.06


@pytest.mark.parametrize(("gained", "lost", "n"), [(0, 0, 0), (3, 2, 4), (-1, 0, 5)])
def test_a_difference_of_more_rows_than_there_are_is_an_error(
    gained: int, lost: int, n: int
) -> None:
    with pytest.raises(ValueError, match="needed: at least one row"):
        paired_difference(gained, lost, n)
