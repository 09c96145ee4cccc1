"""What the Teacher page says of probabilities: where they come from, and what stands in for them."""

from decimal import Decimal

import pytest

from learners.views.teacher_sentences import probabilities
from projects.selectors.teacher import Counted

STANDS_IN = (
    "as often as people chose it too, on texts of the pool that both answered (90\xa0% while"
)


def counted(n_with_probabilities: int, n: int = 40) -> Counted:
    """Of `n` answers on the pool."""
    return Counted(0, n, 0, 0, 0, n_with_probabilities, Decimal(0), 0, 0)


@pytest.mark.parametrize(
    ("n_with", "begin"),
    [(0, "The server gives no log-probabilities: a student"), (9, "With 9 of 40 answers")],
)
def test_what_stands_in_for_probabilities_comes_from_the_pool(n_with: int, begin: str) -> None:
    said = probabilities(counted(n_with))
    assert said.startswith(begin)
    assert STANDS_IN in said
    assert "random" not in said


def test_nothing_stands_in_where_there_are_probabilities() -> None:
    assert "every answer has a probability" in probabilities(counted(40))
    assert probabilities(counted(0, n=0)) == ""
