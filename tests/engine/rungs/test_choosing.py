"""The smallest model that is good enough: worked by hand, and its error rate by simulation."""

import numpy as np
import pytest
from numpy.typing import NDArray

from learners.engine.rungs.choosing import (
    Verdict,
    frontier,
    score_bound,
    smallest_good_enough,
)

Answers = NDArray[np.bool_]


def make_correct(*n_right: int, n: int) -> Answers:
    """Rungs that are right on the first so many of n answers."""
    return np.array([np.arange(n) < each for each in n_right])


def test_rungs_that_never_differ_are_all_good_enough() -> None:
    choice = smallest_good_enough(make_correct(900, 900, 900, n=1000), [3, 1, 2], margin=0.02)
    assert [each.verdict for each in choice.standings] == [Verdict.GOOD_ENOUGH] * 3
    assert choice.chosen == 1
    assert not choice.too_small


def test_the_cheapest_is_left_out_when_it_is_clearly_worse() -> None:
    choice = smallest_good_enough(make_correct(700, 898, 900, n=1000), [1, 2, 3], margin=0.02)
    assert choice.standings[0].verdict == Verdict.WORSE
    assert choice.chosen == 1
    assert choice.best == 2
    assert not choice.too_small


def test_few_answers_tell_nothing() -> None:
    choice = smallest_good_enough(make_correct(18, 18, 18, n=20), [1, 2, 3], margin=0.02)
    assert choice.chosen is None
    assert choice.too_small


def test_an_unclear_cheaper_rung_makes_the_set_too_small() -> None:
    right = make_correct(877, 899, 900, n=1000)
    choice = smallest_good_enough(right, [1, 2, 3], margin=0.02)
    assert choice.standings[0].verdict == Verdict.UNCLEAR
    assert choice.chosen == 1
    assert choice.too_small


def test_the_rival_and_the_difference_are_named() -> None:
    standing = smallest_good_enough(
        make_correct(880, 890, 900, n=1000), [1, 2, 3], margin=0.02
    ).standings[0]
    assert standing.rival == 2
    assert standing.difference == pytest.approx(0.02)
    assert standing.bound > 0.02


def test_how_many_answers_would_do() -> None:
    choice = smallest_good_enough(make_correct(45, 45, n=50), [1, 2], margin=0.02)
    needed = choice.standings[0].n_needed
    assert needed is not None
    grown = make_correct(needed * 9 // 10, needed * 9 // 10, n=needed)
    assert smallest_good_enough(grown, [1, 2], margin=0.02).chosen == 0


def test_no_number_of_answers_is_promised_to_a_rung_that_looks_worse() -> None:
    choice = smallest_good_enough(make_correct(44, 47, n=50), [1, 2], margin=0.02)
    assert choice.standings[0].verdict == Verdict.UNCLEAR
    assert choice.standings[0].n_needed is None


def test_one_rung_alone_is_the_smallest() -> None:
    choice = smallest_good_enough(make_correct(5, n=10), [1], margin=0.02)
    assert (choice.chosen, choice.best, choice.too_small) == (0, 0, False)


def test_more_rungs_need_more_evidence() -> None:
    two = smallest_good_enough(make_correct(90, 90, n=100), [1, 2], margin=0.02)
    five = smallest_good_enough(make_correct(90, 90, 90, 90, 90, n=100), range(5), margin=0.02)
    assert five.standings[0].bound > two.standings[0].bound
    assert five.level_each == pytest.approx(0.9875)


def test_calling_a_rung_worse_needs_more_evidence_with_more_rungs() -> None:
    two = smallest_good_enough(make_correct(85, 94, n=100), [1, 2], margin=0.02)
    five = smallest_good_enough(make_correct(85, 94, 94, 94, 94, n=100), range(5), margin=0.02)
    assert [each.standings[0].verdict for each in (two, five)] == [Verdict.WORSE, Verdict.UNCLEAR]
    assert (two.level_worse, five.level_worse) == pytest.approx((0.975, 0.9975))


def test_models_that_were_replaced_count_among_the_compared() -> None:
    right = make_correct(90, 90, n=100)
    choice = smallest_good_enough(right, [1, 2], margin=0.02, n_compared=5)
    assert choice.level_each == pytest.approx(0.9875)
    assert choice.level_worse == pytest.approx(0.9975)
    assert len(choice.standings) == 2


def test_the_bound_is_tangos() -> None:
    """No pair differs: n D = z sqrt(n D (1 - D)), so D = z² / (n + z²)."""
    z = 1.6448536269514722
    bound = score_bound(np.array([0]), np.array([0]), 100, level=0.95)
    assert bound[0] == pytest.approx(z**2 / (100 + z**2))


@pytest.mark.parametrize(
    ("shape", "costs", "margin"),
    [((0, 5), [], 0.02), ((2, 0), [1, 2], 0.02), ((2, 5), [1], 0.02), ((2, 5), [1, 2], 0.0)],
)
def test_bad_numbers_are_refused(shape: tuple[int, int], costs: list[float], margin: float) -> None:
    with pytest.raises(ValueError, match=r"needed|outside"):
        smallest_good_enough(np.ones(shape, bool), costs, margin=margin)


def draw(rng: np.random.Generator, accuracies: list[float], n: int, kept: float) -> Answers:
    """Answers that rungs share in part: of each text's luck a share `kept` is common to all."""
    common = rng.random(n)
    own = rng.random((len(accuracies), n))
    luck = np.where(rng.random((len(accuracies), n)) < kept, common, own)
    return np.asarray(luck < np.array(accuracies)[:, None])


@pytest.mark.parametrize(
    ("accuracies", "n"), [([0.86, 0.90, 0.90], 150), ([0.86, 0.86, 0.86, 0.90], 800)]
)
def test_a_rung_at_the_margin_is_chosen_in_one_set_of_twenty_at_most(
    accuracies: list[float], n: int
) -> None:
    """A margin of 0.04: every cheaper rung is just too bad, and choosing one is an error."""
    rng = np.random.default_rng(4)
    costs = list(range(len(accuracies)))
    wrong = 0
    for _ in range(1_000):
        choice = smallest_good_enough(draw(rng, accuracies, n, 0.9), costs, margin=0.04)
        wrong += choice.chosen is not None and accuracies[choice.chosen] == 0.86
    # 5 % of 1,000 sets and three standard errors of such a count.
    assert wrong <= 50 + 21


def test_any_rung_is_wrongly_called_worse_in_one_set_of_twenty_at_most() -> None:
    """Seven equal rungs and hardly a margin: any that is called worse is called so wrongly. With each
    tag at its own 95 % it happened in 18 of 100 sets.
    """
    rng = np.random.default_rng(5)
    wrong = 0
    for _ in range(500):
        choice = smallest_good_enough(draw(rng, [0.9] * 7, 300, 0.5), range(7), margin=0.001)
        wrong += any(each.verdict == Verdict.WORSE for each in choice.standings)
    assert wrong <= 25 + 15


def test_equal_rungs_are_found_with_enough_answers() -> None:
    rng = np.random.default_rng(4)
    found = [
        smallest_good_enough(draw(rng, [0.9] * 4, 1500, 0.9), range(4), margin=0.03).chosen
        for _ in range(100)
    ]
    assert np.mean([each == 0 for each in found]) > 0.9


def test_the_frontier_leaves_out_what_is_beaten() -> None:
    assert frontier([0.7, 0.9, 0.8, 0.9], [1, 5, 2, 6]) == (0, 2, 1)


def test_of_two_alike_the_first_is_on_the_frontier() -> None:
    assert frontier([0.8, 0.8], [1, 1]) == (0,)


def test_an_empty_ladder_has_no_frontier() -> None:
    assert frontier([], []) == ()
