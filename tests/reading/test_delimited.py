"""CSV and TSV: what is read, and where each fault is put."""

import tracemalloc

import pytest

from projects.reading import Layout
from tests.reading.reading import refused, rows_of

CSV = Layout(kind="csv")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_kind_of_line_end_is_one_line(end: str) -> None:
    rows = rows_of(f"text,label{end}a b,x{end}c d,y{end}", CSV)
    assert rows == [(2, {"text": "a b", "label": "x"}), (3, {"text": "c d", "label": "y"})]


def test_a_cell_over_several_lines_keeps_them_and_the_next_row_its_number() -> None:
    rows = rows_of('text,label\n"one\r\ntwo",x\nthree,y\n', CSV)
    assert [line for line, _ in rows] == [2, 4]
    assert rows[0][1]["text"] == "one\r\ntwo"


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_delimiter_is_found(delimiter: str) -> None:
    assert rows_of(f"text{delimiter}label\na b{delimiter}x\n")[0][1] == {
        "text": "a b",
        "label": "x",
    }


def test_empty_lines_are_no_rows() -> None:
    assert [line for line, _ in rows_of("text,label\n\na,x\n\n\nb,y\n", CSV)] == [3, 6]


def test_a_column_without_a_name_is_numbered() -> None:
    assert rows_of(",text\n0,a b\n", CSV) == [(2, {"column 1": "0", "text": "a b"})]


def test_a_file_without_a_header_has_numbered_columns() -> None:
    rows = rows_of("a b,x\n", Layout(kind="csv", header=False))
    assert rows == [(1, {"column 1": "a b", "column 2": "x"})]


def test_a_short_row_names_its_line_and_the_missing_column() -> None:
    error = refused("text,label\na,b\nc\n", CSV)
    assert (error.line, error.column) == (3, "label")
    assert str(error) == (
        "f.csv, line 3, column “label”: found 1 cell, the first being “c”. Allowed: 2 cells in every "
        "row, as in the first; quote a cell that holds the delimiter."
    )


def test_a_long_row_names_the_first_column_too_many() -> None:
    error = refused("text,label\na,b,c\n", CSV)
    assert (error.line, error.column) == (2, "3")


def test_an_open_quote_is_named_where_it_opened() -> None:
    error = refused('text,label\na,b\nc,"d\ne,f\ng,h\n', CSV)
    assert (error.line, error.column) == (3, "2")
    assert "not closed" in error.found


def test_an_open_quote_is_named_where_it_opened_inside_a_row_of_many_lines() -> None:
    error = refused('text,label\n"a\nb","c\nd,e\n', CSV)
    assert (error.line, error.column) == (3, "2")


def test_text_after_a_closing_quote_is_named_where_the_quote_opened() -> None:
    error = refused('text,label\na,b\n"c,d\ne,"f\n', CSV)
    assert (error.line, error.column) == (3, "1")
    assert "after a closing quote" in error.found


def test_a_name_twice_in_the_header_is_refused() -> None:
    error = refused("text,label,text\na,b,c\n", CSV)
    assert (error.line, error.found) == (1, "the name in columns 1 and 3")


@pytest.mark.parametrize("n_columns", [1_001, 1_000_000, 5_000_000])
def test_a_million_columns_are_refused_with_the_line(n_columns: int) -> None:
    error = refused(b"text,label\n" + b"," * (n_columns - 1) + b"\n", CSV)
    assert error.line == 2
    assert "1,000 columns" in error.allowed


def test_a_cell_of_100_mb_is_refused_with_line_and_column_in_little_memory() -> None:
    content = b"id,text\n7," + b"a" * 100_000_000 + b"\n"
    tracemalloc.start()
    error = refused(content, CSV)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (error.line, error.column) == (2, "2")
    # BytesIO shares the 100 MB with `content`; all that is read beside it stays small.
    assert peak < 60_000_000


def test_a_quoted_cell_of_many_lines_has_the_same_limit() -> None:
    error = refused(b'text,label\n"' + b"a\n" * 600_000 + b'",x\n', CSV)
    assert (error.line, error.column) == (2, "1")
    assert "1,000,000 characters" in error.allowed


def test_more_rows_than_allowed_name_the_first_too_many() -> None:
    error = refused("text\n" + "a\n" * 1001, CSV)
    assert (error.line, error.found) == (1002, "more than 1,000 rows")


@pytest.mark.parametrize("content", ["", "\n\n", "\ufeff", "   \n"])
def test_an_empty_file_is_refused(content: str) -> None:
    assert refused(content, CSV).found == "an empty file"


def test_a_header_alone_is_refused() -> None:
    assert refused("text,label\n", CSV).found == "a line of column names and no rows"


def test_control_characters_and_separators_of_unicode_stay_in_their_cell() -> None:
    text = "a\x01\x0b\x0c\x1b\x85\u2028b"
    assert rows_of(f"text\n{text}\n", CSV) == [(2, {"text": text})]
