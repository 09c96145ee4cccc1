"""Numbers as requests spell them: read, or refused whatever their length."""

import pytest

from projects.views.numbers import LARGEST_ID, read_int


@pytest.mark.parametrize(("text", "number"), [("0", 0), ("17", 17), (str(LARGEST_ID), LARGEST_ID)])
def test_plain_digits_are_a_number(text: str, number: int) -> None:
    assert read_int(text) == number


@pytest.mark.parametrize(
    "text",
    ["", "-1", "+1", " 1", "1_000", "²", "٣", str(LARGEST_ID + 1), "0" * 20, "9" * 5000],
)
def test_anything_else_is_none(text: str) -> None:
    assert read_int(text) is None


def test_the_largest_number_may_be_smaller() -> None:
    assert (read_int("99", 99), read_int("100", 99)) == (99, None)
