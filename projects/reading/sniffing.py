"""What a file probably is, from its name and its beginning. A person can change every answer."""

import csv
import itertools
import re
from collections.abc import Sequence
from pathlib import PurePath
from typing import BinaryIO

from projects.reading.decoding import LineTooLong, read_lines
from projects.reading.delimited import DELIMITERS
from projects.reading.errors import BadInput
from projects.reading.names import KNOWN_NAMES, plain
from projects.reading.records import Layout

SAMPLE_LINES = 200
ENDINGS = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
}
NUMBER = re.compile(r"\s*[-+]?[\d.,]+(e[-+]?\d+)?\s*", re.IGNORECASE)


def sniff(binary: BinaryIO, *, file: str, kind: str | None = None) -> Layout:
    """The likely layout; `kind` (of `KINDS`) is believed where it is given.

    Raises:
        BadInput: the file is empty or its beginning cannot be read as text.
    """
    lines = _sample(binary, file=file)
    kind = kind or ENDINGS.get(PurePath(file).suffix.lower()) or _kind(lines, file=file)
    if kind not in {"csv", "tsv"}:
        return Layout(kind=kind)
    delimiter = "\t" if kind == "tsv" else _delimiter(lines)
    return Layout(kind=kind, delimiter=delimiter, header=has_header(_cut(lines, delimiter)))


def _sample(binary: BinaryIO, *, file: str) -> list[str]:
    binary.seek(0)
    try:
        lines = [text for _, text in itertools.islice(read_lines(binary, file=file), SAMPLE_LINES)]
    except LineTooLong as error:
        lines = [error.head]
    finally:
        binary.seek(0)
    if not any(line.strip() for line in lines):
        raise BadInput(file=file, line=1, found="an empty file", allowed="at least one row")
    return lines


def _kind(lines: Sequence[str], *, file: str) -> str:
    first = next(line.strip() for line in lines if line.strip())
    if first.startswith("{"):
        return "jsonl"
    if first.startswith("[") and PurePath(file).suffix.lower() == ".json":
        raise BadInput(
            file=file,
            line=1,
            found="one JSON list",
            allowed='JSON lines: one object a line, such as {"text": "..."}',
        )
    if _width(_cut(lines, "\t")) > 1:
        return "tsv"
    known = {plain(cell) for delimiter in ",;" for cell in first.split(delimiter)[:50]}
    return "csv" if len(known) > 1 and known & KNOWN_NAMES["text"] else "lines"


def _delimiter(lines: Sequence[str]) -> str:
    return max(DELIMITERS, key=lambda delimiter: _width(_cut(lines, delimiter)))


def _cut(lines: Sequence[str], delimiter: str) -> list[list[str]]:
    """Whole rows of the sample; the last may be cut off by the sample's end."""
    rows: list[list[str]] = []
    try:
        for cells in csv.reader(iter(lines), delimiter=delimiter, strict=True):
            if cells:
                rows.append(cells)
    except csv.Error:
        return rows
    return rows


def _width(rows: Sequence[Sequence[str]]) -> float:
    """Columns, times the share of rows that have as many as the first; 0 when nothing is cut."""
    if not rows or len(rows[0]) < 2:
        return 0.0
    width = len(rows[0])
    share = sum(len(row) == width for row in rows) / len(rows)
    return share * min(width, 50) if share > 0.8 else share


def has_header(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first row looks like names: known words, or short words unlike those below."""
    if not rows:
        return True
    first = [cell.strip() for cell in rows[0]]
    if any(plain(cell) in names for cell in first for names in KNOWN_NAMES.values()):
        return True
    if len(set(first)) < len(first) or any(len(c) > 40 or NUMBER.fullmatch(c) for c in first):
        return False
    return any(_unlike(column, rows) for column in range(len(first)))


def _unlike(column: int, rows: Sequence[Sequence[str]]) -> bool:
    """The cells below the first are numbers, or are far longer."""
    below = [row[column] for row in rows[1:] if column < len(row)]
    if not below:
        return False
    numbers = sum(bool(NUMBER.fullmatch(cell)) for cell in below) / len(below)
    mean_chars = sum(map(len, below)) / len(below)
    return numbers > 0.8 or mean_chars > 3 * len(rows[0][column]) + 10
