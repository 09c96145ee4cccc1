"""A small model and a bigger one in a row, counted by hand."""

import numpy as np
import pytest

from learners.engine.cascade import cascade

CONFIDENCE = np.array([0.9, 0.8, 0.7, 0.6])
SMALL = np.array([True, True, False, False])
BIG = np.array([False, True, True, False])


def test_unsure_texts_are_answered_by_the_bigger_model_and_no_others() -> None:
    found = cascade(confidence=CONFIDENCE, small_correct=SMALL, big_correct=BIG, threshold=0.75)
    assert (found.small.value, found.big.value, found.both.value) == (0.5, 0.5, 0.75)
    assert found.goes_up.value == 0.5
    assert found.beside_small.value == found.beside_big.value == 0.25


@pytest.mark.parametrize(("threshold", "alone"), [(0.0, SMALL), (1.0, BIG)])
def test_at_either_end_one_model_answers_alone(threshold: float, alone: np.ndarray) -> None:
    found = cascade(
        confidence=CONFIDENCE, small_correct=SMALL, big_correct=BIG, threshold=threshold
    )
    assert found.both.value == alone.mean()
    assert found.goes_up.value == threshold


def test_a_text_right_at_the_threshold_stays() -> None:
    found = cascade(confidence=CONFIDENCE, small_correct=SMALL, big_correct=BIG, threshold=0.7)
    assert found.goes_up.value == 0.25


def test_answers_of_different_texts_are_refused() -> None:
    with pytest.raises(ValueError, match="4 confidences for 4 and 3 judged"):
        cascade(confidence=CONFIDENCE, small_correct=SMALL, big_correct=BIG[:3], threshold=0.5)
