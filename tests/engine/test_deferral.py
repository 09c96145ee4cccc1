"""A threshold for a wanted accuracy: worked by hand, and its error rates by simulation."""

import numpy as np
import pytest

from learners.engine.deferral import (
    MIN_HALF,
    Choice,
    at,
    choose,
    chooses,
    curve,
    least_to_be_sure,
)

N_SIMULATED = 300


def halves(n: int) -> np.ndarray:
    """The first half chooses."""
    return np.arange(n) < n // 2


def ladder_of(n: int, n_wrong: int) -> tuple[np.ndarray, np.ndarray]:
    """Both halves alike: confidences in equal steps, the least confident `n_wrong` of each wrong."""
    confidence = np.tile(np.linspace(0.5, 0.99, n), 2)
    return confidence, np.tile(np.arange(n) >= n_wrong, 2)


def drawn(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """A model whose probabilities are honest: right as often as they say."""
    confidence = rng.uniform(0.5, 1.0, n)
    return confidence, rng.random(n) < confidence


def true_accuracy(threshold: float) -> float:
    """Of `drawn` above a threshold: the mean of what is uniform."""
    return (max(threshold, 0.5) + 1) / 2


def simulate(wanted: float, *, careful: bool, n: int) -> list[Choice]:
    rng = np.random.default_rng(5)
    found = []
    for _ in range(N_SIMULATED):
        confidence, correct = drawn(rng, n)
        choosing = rng.permutation(n) < n // 2
        found.append(
            choose(
                confidence=confidence, correct=correct, choosing=choosing, wanted=wanted,
                careful=careful,
            )
        )  # fmt: skip
    return found


def test_the_lowest_threshold_that_reaches_the_wanted_accuracy_is_chosen() -> None:
    confidence, correct = ladder_of(100, 20)
    choice = choose(confidence=confidence, correct=correct, choosing=halves(200), wanted=0.96)
    assert choice.threshold is not None
    assert choice.reported is not None
    # 80 right of 83 answered are 96.4 %; 80 of 84 would be 95.2 %.
    assert choice.reported.n_kept == 83
    assert choice.reported.coverage.value == 0.83
    assert np.sum(confidence[:100] >= choice.threshold) == 83


def test_the_threshold_lies_between_two_confidences() -> None:
    confidence, correct = ladder_of(100, 20)
    choice = choose(confidence=confidence, correct=correct, choosing=halves(200), wanted=0.96)
    nearest = np.abs(confidence - choice.threshold).min()
    assert nearest == pytest.approx(0.49 / 99 / 2)


def test_a_model_that_is_always_right_answers_everything() -> None:
    confidence, correct = ladder_of(50, 0)
    choice = choose(confidence=confidence, correct=correct, choosing=halves(100), wanted=0.9)
    assert choice.threshold == confidence.min()
    assert choice.reported
    assert choice.reported.coverage.value == 1.0


@pytest.mark.parametrize("n", [0, 2, 2 * MIN_HALF - 2])
def test_too_few_answers_tell_nothing(n: int) -> None:
    confidence, correct = ladder_of(n // 2, 0)
    choice = choose(confidence=confidence, correct=correct, choosing=halves(n), wanted=0.9)
    assert (choice.threshold, choice.why, choice.n_needed) == (None, "too_few", MIN_HALF)


def test_an_accuracy_that_no_threshold_reaches_is_told() -> None:
    confidence = np.linspace(0.5, 1, 200)
    correct = np.arange(200) % 2 == 0
    choice = choose(confidence=confidence, correct=correct, choosing=halves(200), wanted=0.9)
    assert (choice.threshold, choice.why) == (None, "unreached")


def test_being_careful_needs_more_answers_than_not() -> None:
    assert least_to_be_sure(0.9) == 46  # as in any table of acceptance sampling: 46 with one defect
    confidence, correct = ladder_of(40, 0)
    choice = choose(
        confidence=confidence, correct=correct, choosing=halves(80), wanted=0.9, careful=True
    )
    assert (choice.why, choice.n_needed) == ("too_few", 46)


def test_what_is_reached_by_luck_alone_is_unsure() -> None:
    confidence, correct = ladder_of(60, 0)
    correct[[57, 58, 59]] = False  # three of the surest: 57 of 60 are 95 %, not 90 % for sure
    choice = choose(
        confidence=confidence, correct=correct, choosing=halves(120), wanted=0.9, careful=True
    )
    assert (choice.threshold, choice.why) == (None, "unsure")


def test_texts_of_one_confidence_are_kept_or_deferred_together() -> None:
    confidence, correct = np.full(100, 0.7), np.arange(100) % 10 > 0
    choice = choose(confidence=confidence, correct=correct, choosing=halves(100), wanted=0.85)
    assert choice.threshold == 0.7
    assert [point.threshold for point in curve(confidence, correct)] == [0.7]


def test_a_threshold_above_everything_keeps_nothing() -> None:
    point = at(np.array([0.6, 0.7]), np.array([True, False]), 0.9)
    assert point.accuracy is None
    assert (point.n_kept, point.coverage.value) == (0, 0.0)


def test_the_curve_ends_at_every_text_answered() -> None:
    confidence, correct = drawn(np.random.default_rng(1), 1_000)
    points = curve(confidence, correct)
    assert len(points) == 200
    assert points[-1].coverage.value == 1.0
    assert [point.n_kept for point in points] == sorted(point.n_kept for point in points)


def test_an_answer_stays_in_its_half_when_more_come() -> None:
    few, many = chooses(range(50), seed=3), chooses(range(5_000), seed=3)
    assert (few == many[:50]).all()
    assert 2_300 < many.sum() < 2_700
    assert (chooses(range(5_000), seed=4) != many).any()


@pytest.mark.parametrize("wanted", [0.0, 1.0, 1.2, float("nan")])
def test_no_share_is_refused(wanted: float) -> None:
    confidence, correct = ladder_of(30, 0)
    with pytest.raises(ValueError, match="wanted accuracy"):
        choose(confidence=confidence, correct=correct, choosing=halves(60), wanted=wanted)


def test_the_careful_choice_is_wrong_in_at_most_one_of_twenty() -> None:
    found = [choice for choice in simulate(0.8, careful=True, n=300) if choice.threshold]
    broken = [choice for choice in found if true_accuracy(choice.threshold or 0) < 0.8]
    assert len(found) > N_SIMULATED / 2
    # 5 % of 300 are 15; 22 or more would happen once in twenty-five such tests.
    assert len(broken) <= 22


def test_the_plain_choice_flatters_itself_and_the_other_half_does_not() -> None:
    found = [choice for choice in simulate(0.8, careful=False, n=120) if choice.threshold]
    chosen = np.mean([c.chosen_on.accuracy.value for c in found if c.chosen_on and c.chosen_on.accuracy])  # fmt: skip
    true = np.mean([true_accuracy(choice.threshold or 0) for choice in found])
    reported = np.mean([c.reported.accuracy.value for c in found if c.reported and c.reported.accuracy])  # fmt: skip
    assert chosen > true + 0.005
    assert reported == pytest.approx(true, abs=0.01)


def test_intervals_of_the_other_half_hold_the_truth() -> None:
    found = [choice for choice in simulate(0.8, careful=False, n=200) if choice.threshold]
    held = [
        c.reported.accuracy.low <= true_accuracy(c.threshold or 0) <= c.reported.accuracy.high
        for c in found
        if c.reported and c.reported.accuracy
    ]
    assert np.mean(held) > 0.92
