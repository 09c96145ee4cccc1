"""Rows of a table: which cells are numbers, which are missing, and how a row reads as text."""

import math
import re
from collections.abc import Mapping, Sequence

from projects.reading.errors import BadInput, excerpt
from projects.reading.json_lines import Nested
from projects.reading.records import Record

NUMERIC, CATEGORICAL = "numeric", "categorical"
KINDS = (NUMERIC, CATEGORICAL)
MISSING = ("", "?", "na", "n/a", "nan", "null")
MISSING_WORDS = "empty, ?, NA, N/A, NaN or null"
NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?", re.IGNORECASE | re.ASCII)
MAX_CATEGORY_CHARS = 200
MAX_NUMBER_CHARS = 40
Feature = tuple[str, str]
"""A column that the model reads: (name, kind)."""


def is_missing(cell: str) -> bool:
    """Whether a cell says that nothing is known: empty, ?, NA, N/A, NaN or null."""
    return cell.strip().casefold() in MISSING


def is_number(cell: str) -> bool:
    """Whether a cell is a finite number with a decimal point: 12, -0.5, 1e6."""
    stripped = cell.strip()
    if len(stripped) > MAX_NUMBER_CHARS or not NUMBER.fullmatch(stripped):
        return False
    return math.isfinite(float(stripped))


def rendered(cells: Mapping[str, str], features: Sequence[Feature]) -> str:
    """A row as people read it and as the model gets it: one "name: value" a line, "?" if missing."""
    return "\n".join(
        f"{_line(name)}: {'?' if is_missing(value) else _line(value)}"
        for name, value in ((name, cells.get(name, "")) for name, _ in features)
    )


def pairs_of(text: str, features: Sequence[Feature]) -> list[tuple[str, str]]:
    """(name, value) of a rendered row, in its order; a missing value is ""."""
    found = []
    for line, (name, _) in zip(text.split("\n"), features, strict=True):
        value = line[len(_line(name)) + 1 :].strip()
        found.append((name, "" if is_missing(value) else value))
    return found


def read_cells(record: Record, features: Sequence[Feature], file: str) -> dict[str, str]:
    """The features' cells of one row as they are spelled; a key that a JSON row lacks is missing.

    Raises:
        BadInput: words in a numeric column, a nested value, a category as long as a text.
    """
    line, row = record
    cells = {name: row.get(name, "") for name, _ in features}
    for name, kind in features:
        if fault := _fault(cells[name], kind):
            found, allowed = fault
            raise BadInput(file=file, line=line, column=name, found=found, allowed=allowed)
    return cells


def _fault(cell: str, kind: str) -> tuple[str, str] | None:
    """What is wrong with a cell, and what is allowed."""
    if type(cell) is Nested:
        return (
            f"a list or an object: “{excerpt(cell)}”",
            "a number, a word or null in a feature; nested values may be metadata",
        )
    if is_missing(cell):
        return None
    if kind == NUMERIC and not is_number(cell):
        return (
            f"“{excerpt(cell)}”, which is no number",
            f"numbers such as 12, -0.5 or 1e6, or a missing one ({MISSING_WORDS}); or make the column a category",
        )
    if kind == CATEGORICAL and len(cell) > MAX_CATEGORY_CHARS:
        return (
            f"{len(cell):,} characters: “{excerpt(cell)}”",
            f"{MAX_CATEGORY_CHARS} characters in a category; a text makes a project of texts",
        )
    return None


def _line(text: str) -> str:
    return " ".join(text.split())
