"""CSV and TSV: the standard reader in strict mode, with faults put where they are."""

import csv
import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from projects.reading.decoding import LineTooLong
from projects.reading.errors import BadInput, excerpt
from projects.reading.limits import (
    MAX_CELL_CHARS,
    MAX_COLUMNS,
    MAX_NAME_CHARS,
    MAX_RECORD_CHARS,
)

csv.field_size_limit(MAX_CELL_CHARS)  # the module's limit is one for the whole process

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab"}
QUOTED = re.compile(r'"(?:[^"]|"")*+("|\Z)')
LONGEST_CELL = f"{MAX_CELL_CHARS:,} characters a cell"
QUOTING = (
    "a delimiter or the line's end after a closing quote; a quote inside a quoted cell is doubled"
)


@dataclass(frozen=True)
class Cell:
    """Place of one cell in a raw record: `line` from 0 within the record, `column` from 1."""

    line: int
    column: int
    n_chars: int
    is_open: bool


class _Feed:
    """Hands lines to the reader and keeps those of the record being read, for messages."""

    def __init__(self, lines: Iterator[tuple[int, str]]) -> None:
        self.lines = lines
        self.first_line = 1
        self.record: list[str] = []
        self.n_chars = 0

    def __iter__(self) -> "_Feed":
        return self

    def __next__(self) -> str:
        number, text = next(self.lines)
        if not self.record:
            self.first_line = number
        self.record.append(text)
        self.n_chars += len(text)
        if self.n_chars > MAX_RECORD_CHARS:
            raise LineTooLong(self.first_line, "".join(self.record))
        return text

    def forget(self) -> None:
        self.record.clear()
        self.n_chars = 0


def read_delimited(
    lines: Iterator[tuple[int, str]], *, file: str, delimiter: str, header: bool
) -> Iterator[tuple[int, dict[str, str]]]:
    """Rows as (line where the row starts, cell by column name); empty lines are no rows.

    Without a header the columns are called "column 1", "column 2" ...

    Raises:
        BadInput: a ragged row, an open quote, duplicated names, a cell or a row too large.
    """
    columns: list[str] = []
    for line, cells in _rows(lines, file=file, delimiter=delimiter):
        if not columns:
            columns = _named(cells if header else [""] * len(cells), line=line, file=file)
            if header:
                continue
        if len(cells) != len(columns):
            raise _ragged(cells, columns, line=line, file=file)
        yield line, dict(zip(columns, cells, strict=True))


def _rows(
    lines: Iterator[tuple[int, str]], *, file: str, delimiter: str
) -> Iterator[tuple[int, list[str]]]:
    feed = _Feed(lines)
    reader = csv.reader(feed, delimiter=delimiter, strict=True)
    try:
        for cells in reader:
            if cells:
                _check_width(cells, line=feed.first_line, file=file)
                yield feed.first_line, cells
            feed.forget()
    except csv.Error as error:
        raise _fault(error, feed, file=file, delimiter=delimiter) from error
    except LineTooLong as error:
        raise _too_long(error, file=file, delimiter=delimiter) from error


def _check_width(cells: Sequence[object], *, line: int, file: str) -> None:
    if len(cells) > MAX_COLUMNS:
        raise BadInput(
            file=file,
            line=line,
            column=str(MAX_COLUMNS + 1),
            found=f"more than {MAX_COLUMNS:,} columns",
            allowed=f"{MAX_COLUMNS:,} columns",
        )


def _named(cells: Sequence[str], *, line: int, file: str) -> list[str]:
    names: list[str] = []
    for number, cell in enumerate(cells, start=1):
        name = cell.strip() or f"column {number}"
        if name in names:
            raise BadInput(
                file=file,
                line=line,
                column=name,
                found=f"the name in columns {names.index(name) + 1} and {number}",
                allowed="a different name for each column",
            )
        if len(name) > MAX_NAME_CHARS:
            raise BadInput(
                file=file,
                line=line,
                column=str(number),
                found=f"a column name of {len(name):,} characters",
                allowed=f"names of {MAX_NAME_CHARS} characters in the first line",
            )
        names.append(name)
    return names


def _ragged(cells: Sequence[str], columns: Sequence[str], *, line: int, file: str) -> BadInput:
    column = columns[len(cells)] if len(cells) < len(columns) else str(len(columns) + 1)
    return BadInput(
        file=file,
        line=line,
        column=column,
        found=f"{len(cells)} {'cell' if len(cells) == 1 else 'cells'}, the first being “{excerpt(cells[0])}”",
        allowed=f"{len(columns)} cells in every row, as in the first; quote a cell that holds the delimiter",
    )


def _fault(error: csv.Error, feed: _Feed, *, file: str, delimiter: str) -> BadInput:
    record = "".join(feed.record)
    cells = list(survey(record, delimiter))
    _check_width(cells, line=feed.first_line, file=file)
    if cells[-1].is_open:
        allowed = f"a closing quote, and {LONGEST_CELL}"
        found = f"a quote that opens here and is not closed in {cells[-1].n_chars:,} characters"
        return _at(cells[-1], feed, file=file, found=found, allowed=allowed)
    if "larger" in str(error):
        longest = max(cells, key=lambda cell: cell.n_chars)
        return _long_cell(longest, first_line=feed.first_line, file=file)
    odd = _after_quote(record, delimiter) or cells[-1]
    return _at(odd, feed, file=file, found="text after a closing quote", allowed=QUOTING)


def _at(cell: Cell, feed: _Feed, *, file: str, found: str, allowed: str) -> BadInput:
    line = feed.first_line + cell.line
    return BadInput(file=file, line=line, column=str(cell.column), found=found, allowed=allowed)


def _too_long(error: LineTooLong, *, file: str, delimiter: str) -> BadInput:
    cells = list(survey(error.head, delimiter))
    _check_width(cells, line=error.line, file=file)
    longest = max(cells, key=lambda cell: cell.n_chars)
    if longest.n_chars > MAX_CELL_CHARS:
        return _long_cell(longest, first_line=error.line, file=file)
    return BadInput(
        file=file,
        line=error.line,
        column=str(len(cells)),
        found=f"a row of more than {MAX_RECORD_CHARS:,} characters in {len(cells):,} columns",
        allowed=f"{MAX_RECORD_CHARS:,} characters a row and {MAX_COLUMNS:,} columns",
    )


def _long_cell(cell: Cell, *, first_line: int, file: str) -> BadInput:
    return BadInput(
        file=file,
        line=first_line + cell.line,
        column=str(cell.column),
        found=f"a cell of {cell.n_chars:,} characters or more",
        allowed=LONGEST_CELL,
    )


def survey(record: str, delimiter: str) -> Iterator[Cell]:
    """The cells of one raw record, good or bad, with their places; one more than may be at most."""
    for cell, _tail in itertools.islice(_walk(record, delimiter), MAX_COLUMNS + 1):
        yield cell


def _after_quote(record: str, delimiter: str) -> Cell | None:
    return next((cell for cell, tail in _walk(record, delimiter) if tail), None)


def _walk(record: str, delimiter: str) -> Iterator[tuple[Cell, str]]:
    """Each cell, and what stands between its closing quote and the next delimiter."""
    bare = re.compile(rf"[^{delimiter}\r\n]*")
    at, line, column = 0, 0, 1
    while True:
        quoted = QUOTED.match(record, at)
        end = quoted.end() if quoted else at
        tail = bare.match(record, end)
        stop = tail.end() if tail else end
        is_open = quoted is not None and quoted.group(1) == ""
        yield (
            Cell(line, column, stop - at, is_open),
            record[end:stop] if quoted is not None else "",
        )
        line += len(re.findall(r"\r\n|\r|\n", record[at:stop]))
        if stop >= len(record) or record[stop] != delimiter:
            return
        at, column = stop + 1, column + 1
