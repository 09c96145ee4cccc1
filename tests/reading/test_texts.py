"""From rows to texts: blanks, ids, labels, splits."""

from typing import Any

import pytest

from projects.reading import BadInput, ColumnChoice, Layout, TextRow
from projects.reading.json_lines import Nested
from projects.reading.texts import read_texts

ROW = {"text": "a b", "id": "7", "label": "spam", "split": "TEST", "page": "1", "empty": ""}
CHOICE = {"text": "text", "id": "id", "label": "label", "split": "split", "metadata": ("page",)}


def one(row: dict[str, str], **changes: Any) -> TextRow:
    choice = ColumnChoice(**{**CHOICE, "layout": Layout(kind="csv"), **changes})
    return next(read_texts([(3, row)], choice=choice, file="f.csv"))


def refused(row: dict[str, str], **changes: Any) -> BadInput:
    with pytest.raises(BadInput) as caught:
        one(row, **changes)
    return caught.value


def test_a_row_becomes_a_text_with_its_parts() -> None:
    assert one(ROW) == TextRow(3, "a b", "7", "spam", "TEST", {"page": "1"})
    assert one(ROW).is_test


def test_empty_metadata_is_left_out() -> None:
    assert one(ROW, metadata=("page", "empty")).metadata == {"page": "1"}


@pytest.mark.parametrize("text", ["", "  ", "\n\t", "\u200b", "\ufeff \u2060"])
def test_a_blank_text_refuses_with_line_and_column(text: str) -> None:
    error = refused({**ROW, "text": text})
    assert (error.line, error.column, error.found) == (3, "text", "no text")


def test_a_blank_text_comes_through_where_blanks_are_left_out() -> None:
    assert one({**ROW, "text": " "}, leave_out_blank=True).text == " "


@pytest.mark.parametrize(("column", "limit"), [("id", 500), ("label", 120), ("split", 20)])
def test_overlong_values_are_refused_with_their_column(column: str, limit: int) -> None:
    error = refused({**ROW, column: "x" * (limit + 1)})
    assert (error.line, error.column, error.allowed) == (3, column, f"{limit} characters")


@pytest.mark.parametrize("column", ["text", "id", "split"])
def test_nested_values_are_metadata_alone(column: str) -> None:
    error = refused({**ROW, column: Nested('["a"]')})
    assert (error.line, error.column) == (3, column)
    assert "metadata" in error.allowed


def test_ignored_labels_come_in_without_a_label_whatever_their_case() -> None:
    assert one({**ROW, "label": " SPAM "}, ignored_labels=("spam",)).label == ""


def test_a_choice_survives_being_stored() -> None:
    choice = ColumnChoice(text="t", metadata=("a", "b"), layout=Layout(kind="tsv", delimiter="\t"))
    assert ColumnChoice.from_json({**choice.as_json(), "classes": {}}) == choice


@pytest.mark.parametrize("wrong", [{"kind": "xml"}, {"kind": "csv", "delimiter": "|"}])
def test_a_layout_that_does_not_exist_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="allowed"):
        Layout(**wrong)  # type: ignore[arg-type]
