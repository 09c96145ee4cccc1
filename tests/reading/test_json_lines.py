"""JSON lines: values become text, and what is no object is refused with its line."""

import pytest

from projects.reading import Layout
from projects.reading.json_lines import Nested
from tests.reading.reading import refused, rows_of

JSONL = Layout(kind="jsonl")


def test_numbers_keep_their_spelling_null_is_blank_and_true_is_a_word() -> None:
    rows = rows_of(
        '{"a": 1.50, "b": 12345678901234567890123, "c": null, "d": true, "e": "x"}', JSONL
    )
    assert rows == [
        (1, {"a": "1.50", "b": "12345678901234567890123", "c": "", "d": "true", "e": "x"})
    ]


def test_nested_values_are_kept_as_json() -> None:
    ((_, row),) = rows_of('{"m": {"a": [1, 2.0, null, "é"]}}', JSONL)
    assert isinstance(row["m"], Nested)
    assert row["m"] == '{"a":[1,2.0,null,"é"]}'


def test_blank_lines_part_rows() -> None:
    assert [line for line, _ in rows_of('\n{"a": 1}\n\n{"a": 2}\n', JSONL)] == [2, 4]


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ('{"a": ', "the line's end at character 7, which is no valid JSON"),
        ("plain", "“plain” at character 1, which is no valid JSON"),
        ("[1, 2]", "a JSON list"),
        ("17", "a single value"),
        ('"text"', "a single value"),
        ("null", "a single value"),
        ('{"a": NaN}', "NaN, which is not JSON"),
        ('{"a": 1, "a": 2}', "the key twice"),
        ('{"a": "\\ud800"}', "half of a surrogate pair (\\ud800)"),
        ('{"\\udc00": 1}', "half of a surrogate pair"),
        ('{"a": ["\\ud800"]}', "half of a surrogate pair"),
        ('{"a": "\\u0000"}', "a NUL character"),
        ('{"": 1}', "a key of 0 characters"),
        ('{"a": "' + "x" * 1_000_001 + '"}', "a value of 1,000,001 characters"),
        ('{"a": ' + "[" * 100_000 + "}", "nested too deeply"),
        ('{"a": "' + "x" * 5_000_000 + '"}', "a line of more than 4,000,000"),
        ("{" + ",".join(f'"k{i}": 1' for i in range(1001)) + "}", "1,001 keys"),
    ],
)
def test_what_is_no_row_is_refused_with_its_line(line: str, found: str) -> None:
    error = refused('{"a": 1}\n' + line + "\n", JSONL)
    assert error.line == 2
    assert found in error.found


def test_a_value_too_long_names_its_key() -> None:
    assert refused('{"id": 1, "body": "' + "x" * 5_000_000 + '"}', JSONL).column == "body"


def test_one_json_list_in_a_file_is_told_what_to_become() -> None:
    error = refused('[{"text": "a"}]', None, name="texts.json")
    assert error.found == "one JSON list"
    assert "one object a line" in error.allowed
