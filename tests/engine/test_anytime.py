"""The interval that may be looked at after every answer: hand-worked numbers, and what it promises."""

import numpy as np
import pytest

from learners.engine import anytime
from learners.engine.anytime import (
    Verdict,
    anytime_interval,
    decide,
    interval_path,
    questions_needed,
)
from learners.engine.intervals import wilson

N_RUNS, N_ANSWERS = 2_000, 300


@pytest.mark.parametrize(
    ("n_right", "n", "low", "high"),
    [(24, 30, 0.525, 0.957), (80, 100, 0.648, 0.909), (160, 200, 0.693, 0.884)],
)
def test_the_interval_is_the_hand_worked_one(n_right: int, n: int, low: float, high: float) -> None:
    found = anytime_interval(n_right, n)
    assert (round(found.low, 3), round(found.high, 3)) == (low, high)
    assert (found.value, found.n) == (0.8, n)


def test_the_interval_is_wider_than_the_one_for_a_single_look() -> None:
    once, always = wilson(80, 100), anytime_interval(80, 100)
    assert always.low < once.low < once.high < always.high


def test_all_wrong_reaches_down_to_0_and_all_right_up_to_1() -> None:
    assert anytime_interval(0, 20).low == 0
    assert anytime_interval(20, 20).high == 1


def test_right_and_wrong_are_mirror_images() -> None:
    few, many = anytime_interval(7, 40), anytime_interval(33, 40)
    assert few.low == pytest.approx(1 - many.high)
    assert few.high == pytest.approx(1 - many.low)


@pytest.mark.parametrize(("n_right", "n"), [(0, 0), (3, 2), (-1, 4)])
def test_impossible_counts_are_refused(n_right: int, n: int) -> None:
    with pytest.raises(ValueError, match="0 <= right <= n"):
        anytime_interval(n_right, n)


@pytest.mark.parametrize("bad", [0, 1, -0.2, 1.5])
def test_a_target_or_an_error_rate_outside_0_and_1_is_refused(bad: float) -> None:
    with pytest.raises(ValueError, match="inside 0 and 1"):
        decide([True], target=bad)
    with pytest.raises(ValueError, match="inside 0 and 1"):
        anytime_interval(1, 2, error_rate=bad)


def test_the_path_holds_the_interval_after_each_answer() -> None:
    outcomes = [True, True, False, True, True]
    path = interval_path(outcomes)
    for n in range(1, 6):
        one = anytime_interval(sum(outcomes[:n]), n)
        found = (path.value[n - 1], path.low[n - 1], path.high[n - 1])
        assert found == pytest.approx((one.value, one.low, one.high))


@pytest.mark.parametrize(("right", "verdict"), [(1.0, Verdict.CLEARS), (0.0, Verdict.BELOW)])
def test_a_decision_falls_at_the_first_answer_that_allows_it(
    right: float, verdict: Verdict
) -> None:
    outcomes = [right == 1.0] * 200
    found = decide(outcomes, target=0.8)
    assert found.verdict == verdict
    assert decide(outcomes[: found.n - 1], target=0.8).verdict == Verdict.OPEN
    after = anytime_interval(sum(outcomes[: found.n]), found.n)
    assert after.low >= 0.8 if verdict == Verdict.CLEARS else after.high <= 0.8


def test_a_decision_once_made_stands_whatever_comes_after() -> None:
    early = [True] * 60
    assert decide(early + [False] * 60, target=0.8) == decide(early, target=0.8)


def test_no_answer_decides_nothing() -> None:
    assert decide([], target=0.8).verdict == Verdict.OPEN


def test_the_cost_grows_as_target_and_accuracy_come_near() -> None:
    costs = [questions_needed(0.9, target=target, n_max=10_000) for target in (0.7, 0.8, 0.85)]
    assert costs == sorted(costs, key=lambda n: n or 0)
    needed = costs[1]
    assert needed is not None
    low = anytime_interval(round(0.9 * needed), needed).low
    assert low == pytest.approx(0.8, abs=0.01)


def test_a_cost_beyond_the_reserve_is_not_named() -> None:
    assert questions_needed(0.81, target=0.8, n_max=400) is None
    assert questions_needed(0.8, target=0.8, n_max=2_000) is None


def misses(accuracy: float, *, single_look: bool = False) -> float:
    """Share of runs in which the interval leaves the truth out after any of the answers."""
    rng = np.random.default_rng(20)
    right = rng.random((N_RUNS, N_ANSWERS)) < accuracy
    k, n = np.cumsum(right, axis=1).astype(float), np.arange(1.0, N_ANSWERS + 1)
    if single_look:  # the interval for one look, looked at after every answer from the tenth on
        p, z = k / n, 1.96
        half = z * np.sqrt(p * (1 - p) / n + z * z / 4 / n**2) / (1 + z * z / n)
        left_out = np.abs((p + z * z / 2 / n) / (1 + z * z / n) - accuracy) > half
        return float(left_out[:, 9:].any(axis=1).mean())
    left_out = anytime._rules_out(k.ravel(), np.tile(n, N_RUNS), accuracy, 0.05)
    return float(left_out.reshape(N_RUNS, N_ANSWERS).any(axis=1).mean())


@pytest.mark.parametrize("accuracy", [0.5, 0.8, 0.95])
def test_watched_after_each_answer_it_misses_the_truth_in_at_most_5_per_cent_of_runs(
    accuracy: float,
) -> None:
    assert misses(accuracy) <= 0.05


def test_the_single_look_interval_watched_the_same_way_misses_far_more_often() -> None:
    assert misses(0.8, single_look=True) > 0.15


def test_a_model_at_its_target_is_confirmed_in_at_most_5_per_cent_of_runs() -> None:
    rng = np.random.default_rng(21)
    runs = rng.random((400, N_ANSWERS)) < 0.8
    verdicts = [decide(list(run), target=0.8).verdict for run in runs]
    assert verdicts.count(Verdict.CLEARS) / len(runs) <= 0.05
