"""One look through a file before anything is decided: columns, first rows, values, blanks."""

import json
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field

from projects.reading.json_lines import Nested
from projects.reading.records import Record
from projects.reading.tables import is_missing, is_number

PREVIEW_ROWS = 8
PREVIEW_CHARS = 300
TRACKED_COLUMNS = 60
TRACKED_VALUES = 500
TRACKED_CHARS = 120
N_BLANK_LINES_NAMED = 10
TRACKED_CELLS = 2_000  # different cells that may hold several labels each
CELL_CHARS = 400
WORDS_ENOUGH = 50  # so many cells without a number among them: nobody asks for more

Values = dict[str, list[str | int]]
"""{same(label): [label, rows]}."""


@dataclass
class ColumnFacts:
    """What was seen in one column. `values` is None once there are too many to be classes.

    `cells`: how often each different cell was seen, None once they are too many to hold labels;
    `lists`: those that are JSON lists, `n_long_lists`: rows whose list has more than one member.

    For tables: `n_missing` cells say that nothing is known, `n_number` are numbers, `n_word` are
    neither (`first_word`: line and cell of the first); `varies`: two cells with values differ.
    """

    name: str
    n: int = 0
    n_chars: int = 0
    n_blank: int = 0
    blank_lines: list[int] = field(default_factory=list)
    values: Values | None = field(default_factory=dict)
    cells: dict[str, int] | None = field(default_factory=dict)
    lists: set[str] = field(default_factory=set)
    n_long_lists: int = 0
    n_missing: int = 0
    n_number: int = 0
    n_word: int = 0
    first_word: tuple[int, str] | None = None
    first: str | None = None
    varies: bool = False

    def see(self, line: int, cell: str) -> None:
        self.n += 1
        self._see_kind(line, cell)
        if is_blank(cell):
            self.n_blank += 1
            if len(self.blank_lines) < N_BLANK_LINES_NAMED:
                self.blank_lines.append(line)
            return
        self.n_chars += len(cell)
        if self.values is not None:
            self._count(cell)
        if self.cells is not None:
            self._keep(self.cells, cell)

    def _keep(self, cells: dict[str, int], cell: str) -> None:
        if len(cell) > CELL_CHARS or (cell not in cells and len(cells) >= TRACKED_CELLS):
            self.cells = None
            return
        cells[cell] = cells.get(cell, 0) + 1
        if type(cell) is Nested and cell.startswith("["):
            self.lists.add(cell)
            self.n_long_lists += len(json.loads(cell)) > 1

    def _see_kind(self, line: int, cell: str) -> None:
        if len(cell) <= TRACKED_CHARS and is_missing(cell):
            self.n_missing += 1
            return
        value = cell[:TRACKED_CHARS].strip()
        if self.first is None:
            self.first = value
        self.varies = self.varies or value != self.first
        if (self.n_number or self.n_word < WORDS_ENOUGH) and is_number(cell):
            self.n_number += 1
            return
        self.n_word += 1
        if self.first_word is None:
            self.first_word = (line, value[:60])

    def _count(self, cell: str) -> None:
        values = self.values
        if values is None:
            return
        seen = values.get(same(cell)) if len(cell) <= TRACKED_CHARS else None
        if seen is not None:
            seen[1] = int(seen[1]) + 1
        elif len(cell) > TRACKED_CHARS or len(values) >= TRACKED_VALUES:
            self.values = None
        else:
            values[same(cell)] = [cell.strip(), 1]

    @property
    def mean_chars(self) -> float:
        return self.n_chars / max(1, self.n - self.n_blank)


@dataclass
class Scan:
    """`complete` is False when the file was too long to be looked through at once."""

    columns: dict[str, ColumnFacts] = field(default_factory=dict)
    preview: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    n_rows: int = 0
    complete: bool = True


def scan_records(records: Iterable[Record], *, max_rows: int) -> Scan:
    """Look through at most `max_rows` rows. Raises BadInput as the records do."""
    scan = Scan()
    for line, cells in records:
        if scan.n_rows >= max_rows:
            scan.complete = False
            break
        scan.n_rows += 1
        _see(scan, line, cells)
    return scan


def _see(scan: Scan, line: int, cells: dict[str, str]) -> None:
    if len(scan.preview) < PREVIEW_ROWS:
        scan.preview.append((line, {name: cell[:PREVIEW_CHARS] for name, cell in cells.items()}))
    for name, cell in cells.items():
        facts = scan.columns.get(name)
        if facts is None:
            facts = scan.columns[name] = ColumnFacts(name)
            if len(scan.columns) > TRACKED_COLUMNS:
                facts.values = facts.cells = None
        facts.see(line, cell)


def is_blank(text: str) -> bool:
    """Nothing to read: white space, or a few characters that show nothing."""
    short = text.strip()
    if len(short) > 8:
        return False
    return all(unicodedata.category(c) in {"Cf", "Cc", "Zs", "Zl", "Zp"} for c in short)


def same(label: str) -> str:
    """The form in which two spellings of one label are the same: NFC, no case, no outer blanks."""
    return unicodedata.normalize("NFC", label).strip().casefold()
