"""The three signs that labels are enough, by hand."""

import pytest

from learners.engine.intervals import Interval, wilson
from learners.engine.stopping import (
    Advice,
    Sign,
    cohen_kappa,
    expected_gain,
    gain_sign,
    interval_sign,
    stability_sign,
)


def test_kappa_by_hand() -> None:
    # Agreement 3/4; by chance (2/4)(1/4) + (2/4)(3/4) = 0.5; (0.75 - 0.5) / 0.5
    assert cohen_kappa([1, 1, 2, 2], [1, 2, 2, 2]) == pytest.approx(0.5)


def test_kappa_of_the_same_answers_is_one() -> None:
    assert cohen_kappa([1, 2, 2], [1, 2, 2]) == 1


def test_kappa_of_one_class_throughout_is_not_defined() -> None:
    assert cohen_kappa([1, 1, 1], [1, 1, 1]) is None
    assert cohen_kappa([], []) is None


def test_kappa_wants_the_same_rows() -> None:
    with pytest.raises(ValueError, match="2 and 1 predictions"):
        cohen_kappa([1, 2], [1])


def test_the_gain_is_scaled_by_doublings_not_by_labels() -> None:
    gain = expected_gain(n_gained=8, n_lost=3, n=50, labels_then=100, labels_now=200)
    # (8 - 3)/50 = 0.1 for a doubling; log(250/200)/log(2) = 0.32193
    assert gain.value == pytest.approx(0.032193, abs=1e-6)
    # Agresti and Min: (8.5 - 3.5)/52 = 0.09615 ± 1.96 sqrt(12/52 - 0.09615²)/sqrt(52) = 0.12793
    assert gain.low == pytest.approx(0.32193 * (0.09615 - 0.12793), abs=1e-4)
    assert gain.high == pytest.approx(0.32193 * (0.09615 + 0.12793), abs=1e-4)


def test_texts_that_did_not_change_still_leave_a_doubt() -> None:
    gain = expected_gain(n_gained=0, n_lost=0, n=40, labels_then=50, labels_now=100)
    assert gain.low < 0 < gain.high


@pytest.mark.parametrize(("then", "now"), [(20, 49), (100, 100), (0, 100)])
def test_no_gain_is_foretold_from_too_little(then: int, now: int) -> None:
    with pytest.raises(ValueError, match="needed: at least 50 now, and fewer then"):
        expected_gain(n_gained=1, n_lost=0, n=9, labels_then=then, labels_now=now)


def narrow(value: float) -> Interval:
    return Interval(value, value - 0.03, value + 0.03, 500)


@pytest.mark.parametrize(
    ("values", "met"),
    [((0.80, 0.81, 0.80), True), ((0.70, 0.79, 0.80), False), ((0.80, 0.80), None)],
)
def test_a_narrow_interval_counts_once_the_last_fits_stay_within_it(
    values: tuple[float, ...], met: bool | None
) -> None:
    assert interval_sign([narrow(value) for value in values]).met is met


def test_a_wide_interval_is_not_enough() -> None:
    sign = interval_sign([wilson(24, 30)] * 3)
    assert sign.met is False
    assert sign.value == pytest.approx(0.139, abs=1e-3)  # half of 0.627 to 0.905


def test_nothing_measured_says_nothing() -> None:
    assert (interval_sign([]).met, gain_sign(None).met) == (None, None)


@pytest.mark.parametrize(
    ("kappas", "met"),
    [
        ((0.5, 0.99, 0.99, 1.0), True),
        ((0.98, 0.99, 0.99), False),
        ((0.99, 0.99), None),
        ((None, 1.0, 1.0), None),
    ],
)
def test_predictions_are_stable_over_three_pairs_of_fits(
    kappas: tuple[float | None, ...], met: bool | None
) -> None:
    assert stability_sign(kappas).met is met


@pytest.mark.parametrize(
    ("value", "high", "met"), [(0.0, 0.01, True), (0.03, 0.08, False), (0.01, 0.05, None)]
)
def test_a_gain_is_small_when_its_upper_end_is(value: float, high: float, met: bool | None) -> None:
    assert gain_sign(Interval(value, -0.02, high, 100)).met is met


@pytest.mark.parametrize(
    ("states", "verdict"),
    [
        ((True, True, True), "enough"),
        ((True, False, None), "more"),
        ((True, True, None), "unknown"),
    ],
)
def test_one_sign_against_stopping_decides(
    states: tuple[bool | None, bool | None, bool | None], verdict: str
) -> None:
    assert Advice(*(Sign(met) for met in states)).verdict == verdict
