"""Confidence against what was right."""

import numpy as np
import pytest

from learners.engine.calibration import bins, calibration_error
from tests.engine.contract import rng

# Ten answers each at 50, 70 and 90 %, of which 5, 4 and 9 are right.
SURE = [0.5] * 10 + [0.7] * 10 + [0.9] * 10
RIGHT = [1] * 5 + [0] * 5 + [1] * 4 + [0] * 6 + [1] * 9 + [0]


def test_bins_are_of_equal_count_and_least_sure_first() -> None:
    found = bins(SURE, np.array(RIGHT, bool))
    assert [round(part.confidence, 6) for part in found] == [0.5, 0.7, 0.9]
    assert [(part.right.value, part.right.n) for part in found] == [(0.5, 10), (0.4, 10), (0.9, 10)]
    assert all(part.right.low < part.right.value < part.right.high for part in found)


def test_many_answers_still_make_five_bins() -> None:
    found = bins(np.linspace(0.3, 1, 200), np.ones(200, bool))
    assert [part.right.n for part in found] == [40] * 5
    assert found[0].high <= found[1].low


def test_the_error_is_the_mean_distance_over_the_bins() -> None:
    found = calibration_error(SURE, np.array(RIGHT, bool), rng=rng())
    assert found is not None
    # (|0.5 - 0.5| + |0.4 - 0.7| + |0.9 - 0.9|) / 3
    assert found.error.value == pytest.approx(0.1)
    assert found.error.low <= 0.1 <= found.error.high
    assert found.error.n == 30


def test_true_probabilities_show_an_error_by_chance_too() -> None:
    found = calibration_error(SURE, np.array(RIGHT, bool), rng=rng())
    assert found is not None
    # Mean |Binomial(10, p)/10 - p|: 0.1230 at 0.5, 0.1144 at 0.7, 0.0697 at 0.9; mean 0.1024
    assert found.by_chance == pytest.approx(0.1024, abs=0.006)
    assert found.by_chance < found.by_chance_high < 0.25


def test_few_answers_say_nothing() -> None:
    few = [0.8] * 29
    assert bins(few, np.ones(29, bool)) == []
    assert calibration_error(few, np.ones(29, bool), rng=rng()) is None


def test_confidences_of_another_length_are_an_error() -> None:
    with pytest.raises(ValueError, match="2 confidences for 1 answers"):
        bins([0.5, 0.6], [True])
