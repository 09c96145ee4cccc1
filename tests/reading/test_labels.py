"""Cells that hold several labels: taken apart, joined, refused."""

import pytest

from projects.reading import BadInput, ColumnChoice
from projects.reading.json_lines import Nested
from projects.reading.labels import NoLabels, hint, joined, labels_of, several_values, values_of
from projects.reading.texts import TextRow, read_texts


@pytest.mark.parametrize(
    ("cell", "separator", "labels"),
    [
        ("a; b", ";", ["a", "b"]),
        ("a|b|a", "|", ["a", "b"]),
        ("A, a ,b", ",", ["A", "b"]),
        ("a#b", "", ["a#b"]),
        ("", ";", []),
        (" ; ", ";", []),
        (r"a\; b; c\\", ";", ["a; b", "c\\"]),
        (r"c:\x; y\\", "|", [r"c:\x; y" + "\\"]),
        (Nested('["a","b"]'), ";", ["a", "b"]),
        (Nested('["a; b",7,null]'), ";", ["a; b", "7"]),
        (Nested("[]"), "", []),
    ],
)
def test_a_cell_is_taken_apart(cell: str, separator: str, labels: list[str]) -> None:
    assert labels_of(cell, separator) == labels


@pytest.mark.parametrize("cell", ['{"a":1}', '[["a"]]', '[{"label":"a"}]'])
def test_other_nested_values_are_no_labels(cell: str) -> None:
    with pytest.raises(NoLabels):
        labels_of(Nested(cell))


@pytest.mark.parametrize(
    "labels", [["a", "b"], ["a; b", "c"], ["back\\", "slash\\;"], ["-", "ü|#,"], []]
)
def test_what_was_joined_can_be_taken_apart(labels: list[str]) -> None:
    assert labels_of(joined(labels), ";") == labels


def read(value: str, **choice: object) -> TextRow:
    chosen = ColumnChoice(text="text", label="tags", **choice)  # type: ignore[arg-type]
    return next(read_texts([(3, {"text": "a b", "tags": value})], choice=chosen, file="f.csv"))


def test_a_row_has_every_label_of_its_cell() -> None:
    row = read("x; y; z", multilabel=True, label_separator=";", ignored_labels=("Y",))
    assert (row.label, row.labels) == ("", ("x", "z"))


def test_a_list_of_one_is_a_label_where_one_is_asked() -> None:
    assert read(Nested('["x"]')).label == "x"
    assert read(Nested("[]")).label == ""


def test_a_list_of_several_is_refused_where_one_is_asked() -> None:
    with pytest.raises(BadInput, match="a list of 2 labels") as caught:
        read(Nested('["x","y"]'))
    assert (caught.value.line, caught.value.column) == (3, "tags")


def test_an_overlong_label_in_a_list_is_refused() -> None:
    with pytest.raises(BadInput, match="121 characters"):
        read("a; " + "x" * 121, multilabel=True, label_separator=";")


def test_a_list_of_other_things_is_refused_with_its_place() -> None:
    with pytest.raises(BadInput, match="a list of other things than labels") as caught:
        read(Nested('[["x"]]'), multilabel=True)
    assert (caught.value.line, caught.value.column) == (3, "tags")


def test_no_other_separator_is_taken() -> None:
    with pytest.raises(ValueError, match="label_separator"):
        ColumnChoice(text="text", multilabel=True, label_separator="x")


def test_values_are_counted_by_row_for_each_separator() -> None:
    values = several_values({"a; b": 2, "b": 3, '["c","a"]': 1}, ['["c","a"]'])
    assert values[""] == {"a; b": ["a; b", 2], "b": ["b", 3], "c": ["c", 1], "a": ["a", 1]}
    assert values[";"] == {"a": ["a", 3], "b": ["b", 5], "c": ["c", 1]}


def test_a_separator_is_hinted_at_where_it_makes_fewer_labels() -> None:
    cells = {"a|b": 1, "b": 1, "a": 1}
    columns = [{"name": "tags", "values": {cell: [cell, 1] for cell in cells}}]
    guess = {"columns": columns, "several": {"tags": several_values(cells, [])}}
    assert hint(guess, "tags") == "|"
    assert set(values_of(guess, "tags", multilabel=True, separator="|")) == {"a", "b"}
    assert set(values_of(guess, "tags", multilabel=False, separator="|")) == set(cells)


def test_commas_in_whole_labels_are_no_hint() -> None:
    cells = {"Bonn, NRW": 1, "Kiel, SH": 1}
    columns = [{"name": "tags", "values": {cell: [cell, 1] for cell in cells}}]
    guess = {"columns": columns, "several": {"tags": several_values(cells, [])}}
    assert hint(guess, "tags") == ""
