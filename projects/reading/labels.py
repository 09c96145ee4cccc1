"""Cells that hold several labels: taken apart, and joined so that they can be taken apart again."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from projects.reading.json_lines import Nested
from projects.reading.scanning import Values, same

SEPARATORS = {
    ";": "semicolon, as in “a; b”",
    "|": "bar, as in “a|b”",
    ",": "comma, as in “a, b”",
    "#": "hash, as in “a#b”",
}
JOINT = "; "
MAX_VALUES = 500
ESCAPE = "\\"


class NoLabels(ValueError):
    """A nested value that is no list of labels; the message says what it is."""


def labels_of(cell: str, separator: str = "") -> list[str]:
    """The labels of one cell, each once, in its order; none of an empty one.

    A JSON list of strings or numbers holds its members. Other cells end a label at each
    `separator` of `SEPARATORS` without a backslash before it; without a separator they are one.

    Raises:
        NoLabels: an object, or a list with something else in it.
    """
    parts = _members(cell) if type(cell) is Nested else _split(cell, separator)
    found: dict[str, str] = {}
    for part in parts:
        if part.strip():
            found.setdefault(same(part), part.strip())
    return list(found.values())


def _members(cell: str) -> list[str]:
    value = json.loads(cell, parse_int=str, parse_float=str)
    if not isinstance(value, list) or not all(isinstance(part, str | None) for part in value):
        kind = "an object" if isinstance(value, dict) else "a list of other things than labels"
        raise NoLabels(kind)
    return [part for part in value if part is not None]


def _split(cell: str, separator: str) -> list[str]:
    if not separator:
        return [cell]
    parts, escaped = [""], False
    for character in cell:
        if escaped:
            parts[-1] += character if character in (separator, ESCAPE) else ESCAPE + character
        elif character == separator:
            parts.append("")
        elif character != ESCAPE:
            parts[-1] += character
        escaped = character == ESCAPE and not escaped
    parts[-1] += ESCAPE if escaped else ""
    return parts


def joined(labels: Iterable[str]) -> str:
    """Labels in one cell, "a; b"; a semicolon or backslash within a label has a backslash before it."""
    return JOINT.join(
        label.replace(ESCAPE, ESCAPE + ESCAPE).replace(";", ESCAPE + ";") for label in labels
    )


def several_values(cells: Mapping[str, int], lists: Iterable[str]) -> dict[str, Values | None]:
    """What the cells of a column hold if taken apart, by separator ("" for lists alone), as far as
    there is something to take apart: {separator: {same(label): [label, rows]}}.

    Args:
        cells: distinct cells and in how many rows each stands. lists: those that are JSON lists.
    """
    nested = set(lists)
    read = {cell: Nested(cell) if cell in nested else cell for cell in cells}
    found: dict[str, Values | None] = {}
    if nested:
        found[""] = _values(read, cells, "")
    for separator in SEPARATORS:
        if any(separator in cell for cell in cells if cell not in nested):
            found[separator] = _values(read, cells, separator)
    return found


def _values(read: Mapping[str, str], cells: Mapping[str, int], separator: str) -> Values | None:
    """None where they are too many to be classes, or a list holds something else than labels."""
    values: Values = {}
    for cell, n_rows in cells.items():
        try:
            labels = labels_of(read[cell], separator)
        except NoLabels:
            return None
        for label in labels:
            seen = values.setdefault(same(label), [label, 0])
            seen[1] = int(seen[1]) + n_rows
        if len(values) > MAX_VALUES:
            return None
    return values


def values_of(guess: Mapping[str, Any], column: str, *, multilabel: bool, separator: str) -> Any:
    """The labels found in a column: {same(label): [label, rows]}; None where they are too many to
    be classes. `guess`: of `projects.services.staging`.
    """
    facts: Mapping[str, Any] = next((c for c in guess["columns"] if c["name"] == column), {})
    several: Mapping[str, Any] = (guess.get("several") or {}).get(column, {})
    key = separator if multilabel and separator in several else ""
    return several[key] if key in several else facts.get("values", {})


def hint(guess: Mapping[str, Any], column: str) -> str:
    """The separator at which cells of a column seem to end labels, "" where none does: taken apart
    they are no more labels than there are different cells. The owner decides.
    """
    facts: Mapping[str, Any] = next((c for c in guess["columns"] if c["name"] == column), {})
    whole = facts.get("values")
    most = MAX_VALUES if whole is None else len(whole)
    several: Mapping[str, Any] = (guess.get("several") or {}).get(column, {})
    for separator in SEPARATORS:
        values = several.get(separator)
        if values and len(values) <= most:
            return separator
    return ""
