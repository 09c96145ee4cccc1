"""Areas, intervals and labels saved, by hand-worked numbers."""

import pytest

from learners.engine.simulation.metrics import accuracy, macro_f1
from learners.engine.simulation.summary import Estimate, mean_with_interval, summarise
from learners.engine.simulation.table import table
from tests.simulation.worlds import make_run

T_3 = 12.706204736  # Student's t, 97.5 %, 1 degree of freedom
REFERENCE = [make_run("reference", 0, [0.4, 0.6, 0.8]), make_run("reference", 1, [0.6, 0.8, 1.0])]
BETTER = [make_run("better", 0, [0.8, 0.9, 0.9]), make_run("better", 1, [0.8, 0.9, 1.0])]


def found(estimate: Estimate | None) -> tuple[float, float, float]:
    assert estimate is not None
    assert estimate.low is not None
    assert estimate.high is not None
    return estimate.value, estimate.low, estimate.high


def test_the_area_is_the_mean_over_all_points() -> None:
    reference = summarise(REFERENCE)[0]
    assert reference.aubc.value == pytest.approx(0.7)  # (0.6 + 0.8) / 2
    assert reference.macro_f1_aubc.value == pytest.approx(0.35)


def test_the_interval_over_two_seeds_is_students() -> None:
    # s = 0.2 / √2, half = t · s / √2 = t · 0.1
    expected = (0.7, 0.7 - 0.1 * T_3, 0.7 + 0.1 * T_3)
    assert found(mean_with_interval([0.6, 0.8])) == pytest.approx(expected)


def test_one_seed_has_no_interval() -> None:
    assert mean_with_interval([0.6]) == Estimate(0.6, None, None)


def test_differences_are_paired_seed_by_seed() -> None:
    better = summarise([*REFERENCE, *BETTER])[1]
    # areas 2.6/3 and 2.7/3 against 0.6 and 0.8: differences 0.2667 and 0.1
    half = T_3 * (0.8 / 3 - 0.1) / 2
    mean = (0.8 / 3 + 0.1) / 2
    assert found(better.difference) == pytest.approx((mean, mean - half, mean + half))


def test_a_seed_that_only_one_of_them_ran_is_left_out_of_the_difference() -> None:
    better = summarise([REFERENCE[0], *BETTER])[1]
    assert better.difference
    assert better.difference.value == pytest.approx(0.8 / 3)
    assert better.difference.low is None


def test_labels_to_an_accuracy_are_read_from_the_mean_curve() -> None:
    labels_to = summarise(REFERENCE)[0].labels_to  # mean 0.5, 0.7, 0.9
    assert [labels_to[at].labels for at in (0.5, 0.6, 0.9, 0.95)] == [8, 16, 24, None]


def test_labels_saved_are_those_of_the_reference_less_these() -> None:
    saved = summarise([*REFERENCE, *BETTER])[1].saved
    assert saved[0.8].labels == 24 - 8
    assert saved[0.5].labels == 0


def test_labels_saved_are_never_extrapolated() -> None:
    saved = summarise([*REFERENCE, *BETTER])[1].saved
    assert 0.95 not in saved  # the reference ends at 0.9


def test_an_accuracy_that_resamples_miss_has_no_interval() -> None:
    saved = summarise([*REFERENCE, *BETTER])[1].saved
    assert (saved[0.9].low, saved[0.9].high) == (None, None)  # a draw of seed 0 alone ends at 0.8


def test_a_lone_reference_has_no_difference() -> None:
    assert summarise(REFERENCE)[0].difference is None


def test_runs_measured_at_different_labels_are_refused() -> None:
    with pytest.raises(ValueError, match="different numbers of labels"):
        summarise([make_run("a", 0, [0.5]), make_run("a", 1, [0.5, 0.6])])


def test_macro_f1_is_the_mean_over_classes_that_occur() -> None:
    import numpy as np

    truth, predicted = np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1])
    # class 0: 2·1/(2+1), class 1: 2·2/(2+3), class 2 does not occur
    assert macro_f1(truth, predicted, 3) == pytest.approx((2 / 3 + 4 / 5) / 2)
    assert accuracy(truth, predicted) == 0.75


def test_the_table_has_the_best_recipe_first() -> None:
    lines = table(summarise([*REFERENCE, *BETTER])).splitlines()
    assert [line.split()[0] for line in lines] == ["recipe", "better", "reference"]
