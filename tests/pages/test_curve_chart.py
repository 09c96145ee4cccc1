"""The chart's specification: what is drawn, without drawing it."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import vl_convert

from learners.selectors.curve import CurveMark
from learners.views.curve_chart import (
    LIGHT,
    curve_rows,
    curve_spec,
    mark_letter,
    mark_rows,
    painted,
)
from tests.pages.worlds import point, wilson_by_hand

ONE = [point(n_labels=10, accuracy=wilson_by_hand(3, 4))]
MARK = CurveMark(44.2, "class_added", "“trade” was added", datetime(2026, 3, 1, tzinfo=UTC))


def test_each_measure_of_each_point_is_one_row() -> None:
    both = point(accuracy=wilson_by_hand(23, 26), test_accuracy=wilson_by_hand(840, 1000))
    rows = curve_rows([*ONE, both])
    assert [row["series"] for row in rows] == ["accuracy", "accuracy", "accuracy, test split"]


def test_the_tooltip_tells_n_interval_strategy_and_seconds() -> None:
    (row,) = curve_rows([point(accuracy=wilson_by_hand(23, 26))])
    assert row["Value"].replace("\u00a0", " ") == "88 % (71–96 %)"
    assert row["Measured on"] == "26 random texts"
    assert (row["Strategy"], row["Fit and score"]) == ("Margin", "0.8 s")


def test_a_point_without_random_answers_draws_nothing() -> None:
    assert curve_rows([point()]) == []


def test_a_lone_point_has_a_bar_and_a_curve_has_a_band() -> None:
    two = [*ONE, point(n_labels=20, accuracy=wilson_by_hand(6, 8))]
    assert curve_spec(ONE, [])["layer"][0]["mark"]["type"] == "rule"
    assert curve_spec(two, [])["layer"][0]["mark"]["type"] == "area"


def test_decisions_are_lettered_lines() -> None:
    (row,) = mark_rows([MARK])
    assert row == {"n_labels": 44.2, "letter": "a", "What": "“trade” was added"}
    assert len(curve_spec(ONE, [MARK])["layer"]) == 5


@pytest.mark.parametrize(("index", "letter"), [(0, "a"), (25, "z"), (26, "aa")])
def test_letters_do_not_run_out(index: int, letter: str) -> None:
    assert mark_letter(index) == letter


def strings(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [found for item in value.values() for found in strings(item)]
    if isinstance(value, list):
        return [found for item in value for found in strings(item)]
    return [value] if isinstance(value, str) else []


def test_a_painted_specification_holds_no_token() -> None:
    spec = painted(curve_spec(ONE, [MARK]), LIGHT)
    assert not [text for text in strings(spec) if "var(" in text]


def test_every_token_of_the_chart_is_in_the_stylesheet() -> None:
    sheet = Path("static/css/labeler.css").read_text("utf-8")
    assert [token for token in LIGHT if f"{token}:" not in sheet] == []


def test_the_server_draws_the_same_specification() -> None:
    svg = vl_convert.vegalite_to_svg(
        painted(curve_spec(ONE, [MARK], width=720), LIGHT), vl_version="6.4"
    )
    assert "texts labelled by people" in svg
