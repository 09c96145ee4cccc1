"""Rows of a table to vectors: numbers standardised, categories one-hot, fitted on the pool alone.

A row comes as its readable text, one line a column ("age: 41"), which is what people see and what
is stored; nothing but that text is needed to embed it, here and in an exported model.
"""

import hashlib
import io
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Self
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from learners.engine.embedding import Embedded
from learners.engine.errors import BadFile, BadTable

NUMERIC, CATEGORICAL = "numeric", "categorical"
KINDS = (NUMERIC, CATEGORICAL)
MISSING = ("", "?", "na", "n/a", "nan", "null")
NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?", re.IGNORECASE | re.ASCII)
FREQUENT_LEVELS = 30
FREQUENT_ROWS = 2
CLIP = 6.0
SPREAD = 2.0
VALUE, LEVEL, OTHER, IS_MISSING = "value", "level", "other", "missing"


@dataclass(frozen=True)
class TableColumn:
    """A column that the model reads; `kind` is numeric or categorical."""

    name: str
    kind: str

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise BadTable(f"column “{self.name}” is {self.kind!r}; allowed: {', '.join(KINDS)}")


@dataclass(frozen=True)
class Dimension:
    """One entry of a row's vector, and what it says of which column.

    `test`: "value" (the number, less `centre`, by `scale`), "level" (1 where the category is
    `level`), "other" (1 for a category that was rare in the pool), "missing" (1 for a missing cell).
    """

    column: int
    test: str
    level: str = ""
    centre: float = 0.0
    scale: float = 1.0


def is_missing(cell: str) -> bool:
    """Whether a cell says that nothing is known: empty, ?, NA, N/A, NaN or null."""
    return cell.strip().casefold() in MISSING


def read_number(cell: str, column: str) -> float:
    """The cell's number, NaN where it is missing.

    Raises:
        BadTable: words, or a number too large.
    """
    if is_missing(cell):
        return np.nan
    found = float(cell) if NUMBER.fullmatch(cell.strip()) else np.inf
    if not np.isfinite(found):
        raise BadTable(f"column “{column}” holds “{cell[:60]}”, which is no number")
    return found


def cells_of(text: str, columns: Sequence[TableColumn]) -> list[str]:
    """The cells of a row from its text, one line a column in the order of `columns`.

    Raises:
        BadTable: the text is not such a row.
    """
    return _cells(text, [f"{' '.join(column.name.split())}:" for column in columns])


def rows_of(texts: Sequence[str], columns: Sequence[TableColumn]) -> list[list[str]]:
    """`cells_of` for many rows."""
    starts = [f"{' '.join(column.name.split())}:" for column in columns]
    return [_cells(text, starts) for text in texts]


def _cells(text: str, starts: Sequence[str]) -> list[str]:
    lines = text.split("\n")
    if len(lines) != len(starts):
        raise BadTable(
            f"a row has {len(lines)} lines; needed: one for each of {len(starts)} columns"
        )
    for line, start in zip(lines, starts, strict=True):
        if not line.startswith(start):
            raise BadTable(f"a row says “{line[:60]}”; needed: a line that begins with “{start}”")
    return [line[len(start) :].strip() for line, start in zip(lines, starts, strict=True)]


@dataclass(frozen=True)
class TableModel:
    """How rows of one table become vectors; an embedder like any other.

    The vector of a row is (s z / sqrt(m), 1), L2-normalised: z holds a standardised number for
    each numeric column and zeros and a one for each categorical one, m is the number of columns
    that vary, s = 2. The last entry keeps the length that normalising would lose, so every linear
    boundary on z is one on the vectors, and cosines, kernels and neighbours work as on texts.

    Numbers: median and interquartile range (by 1.349, a deviation's worth in a normal sample) of
    the pool, cut at six deviations; a missing one stands at the median and has a mark of its own.
    """

    columns: tuple[TableColumn, ...]
    dimensions: tuple[Dimension, ...]

    name = "table"
    max_tokens = 0  # nothing is cut

    def __post_init__(self) -> None:
        if not self.dimensions:
            raise BadTable("no column varies in the pool, so there is nothing to learn from")
        if any(not 0 <= d.column < len(self.columns) or not d.scale > 0 for d in self.dimensions):
            raise BadFile("a stored table names a column that it does not have, or a scale of 0")

    @property
    def n_dimensions(self) -> int:
        return len(self.dimensions) + 1

    @property
    def n_varying(self) -> int:
        return len({dimension.column for dimension in self.dimensions})

    @property
    def weight(self) -> float:
        """What z is multiplied by before a 1 is put beside it."""
        return float(SPREAD / np.sqrt(self.n_varying))

    @property
    def constant(self) -> list[str]:
        """Names of the columns with one value in the whole pool."""
        varying = {dimension.column for dimension in self.dimensions}
        return [c.name for i, c in enumerate(self.columns) if i not in varying]

    @cached_property
    def digest(self) -> str:
        """SHA-256 of everything that decides a vector."""
        return hashlib.sha256(self._json()).hexdigest()

    def embed(self, texts: Sequence[str]) -> Embedded:
        """Unit vectors, float32 (n_rows, n_dimensions), of rows given as text; `n_tokens` is 0.

        Raises:
            BadTable: a text that is no row of this table, or words in a numeric column.
        """
        rows = self.cells(texts)
        return Embedded(self.vectors(rows), np.zeros(len(rows), np.int64))

    def cells(self, texts: Sequence[str]) -> list[list[str]]:
        """Cells of rows given as text, in the order of `columns`. Raises `BadTable`."""
        return rows_of(texts, self.columns)

    def scaled(self, rows: Sequence[Sequence[str]]) -> NDArray[np.float32]:
        """z times `weight`, float32 (n_rows, n_dimensions - 1): what an exported graph takes.

        Raises:
            BadTable: words in a numeric column.
        """
        return (self.weight * self.features(rows)).astype(np.float32)

    def vectors(self, rows: Sequence[Sequence[str]]) -> NDArray[np.float32]:
        """Unit vectors, float32 (n_rows, n_dimensions), of cells in the order of `columns`."""
        scaled = self.weight * self.features(rows)
        whole = np.concatenate([scaled, np.ones((len(rows), 1))], axis=1)
        found: NDArray[np.float32] = whole / np.linalg.norm(whole, axis=1, keepdims=True)
        return found.astype(np.float32)

    def features(self, rows: Sequence[Sequence[str]]) -> NDArray[np.float64]:
        """z, (n_rows, n_dimensions - 1)."""
        z = np.zeros((len(rows), len(self.dimensions)))
        if not rows:
            return z
        read: dict[int, _Cells] = {}
        for place, dimension in enumerate(self.dimensions):
            column = dimension.column
            if column not in read:
                read[column] = _Cells.of(self.columns[column], [row[column] for row in rows])
            z[:, place] = self._entries(dimension, read[column])
        return z

    def _entries(self, dimension: Dimension, cells: "_Cells") -> NDArray[Any]:
        if dimension.test == VALUE:
            values = (cells.values - dimension.centre) / dimension.scale
            clipped: NDArray[Any] = np.clip(np.nan_to_num(values, nan=0.0), -CLIP, CLIP)
            return clipped
        if dimension.test == IS_MISSING:
            return cells.missing
        if dimension.test == LEVEL:
            is_level: NDArray[Any] = ~cells.missing & (cells.values == dimension.level)
            return is_level
        return ~cells.missing & ~np.isin(cells.values, self._levels(dimension.column))

    def _levels(self, column: int) -> list[str]:
        return [d.level for d in self.dimensions if d.column == column and d.test == LEVEL]

    # ---- kept as plain arrays ----

    def as_json(self) -> dict[str, Any]:
        """Everything that decides a vector, as plain values: `table.json` of an exported model."""
        return {
            "format": 1,
            "columns": [asdict(column) for column in self.columns],
            "dimensions": [asdict(dimension) for dimension in self.dimensions],
            "missing": list(MISSING),
            "clip": CLIP,
            "weight": self.weight,
        }

    def _json(self) -> bytes:
        return json.dumps(self.as_json(), ensure_ascii=False).encode()

    def to_bytes(self) -> bytes:
        """An `.npz` of one plain array."""
        buffer = io.BytesIO()
        np.savez(buffer, table=np.frombuffer(self._json(), np.uint8))
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, stored: bytes) -> Self:
        """What `to_bytes` gave. Nothing is unpickled.

        Raises:
            BadFile: not such a file.
        """
        try:
            with np.load(io.BytesIO(stored), allow_pickle=False) as arrays:
                found = json.loads(arrays["table"].tobytes())
        except (ValueError, KeyError, OSError, EOFError, BadZipFile) as error:
            raise BadFile(f"not a stored table: {error}") from error
        return cls.from_json(found)

    @classmethod
    def from_json(cls, found: Any) -> Self:
        """What `as_json` gave.

        Raises:
            BadFile: not such values.
        """
        try:
            return cls(
                tuple(TableColumn(**column) for column in found["columns"]),
                tuple(Dimension(**dimension) for dimension in found["dimensions"]),
            )
        except (ValueError, KeyError, TypeError, BadTable) as error:
            raise BadFile(f"not a stored table: {error}") from error


@dataclass(frozen=True, eq=False)
class _Cells:
    """One column of some rows: numbers (NaN where missing) or categories, (n,), and what is missing."""

    values: NDArray[Any]
    missing: NDArray[np.bool_]

    @classmethod
    def of(cls, column: TableColumn, cells: Sequence[str]) -> Self:
        if column.kind == NUMERIC:
            numbers = np.array([read_number(cell, column.name) for cell in cells])
            return cls(numbers, np.isnan(numbers))
        level = {cell: _level(cell) for cell in set(cells)}
        absent = {cell for cell in level if is_missing(cell)}
        values = np.array([level[cell] for cell in cells], dtype=np.str_)
        return cls(values, np.array([cell in absent for cell in cells]))


def fit_table(rows: Sequence[Sequence[str]], columns: Sequence[TableColumn]) -> TableModel:
    """Learn medians, ranges and frequent categories from the rows of the pool.

    Args:
        rows: (n_rows, n_columns) cells, without rows reserved to measure.

    Raises:
        BadTable: no rows, no column that varies, or words in a numeric column.
    """
    if not rows:
        raise BadTable("the pool has no rows to learn a table's ranges and categories from")
    dimensions: list[Dimension] = []
    for i, column in enumerate(columns):
        cells = [row[i] for row in rows]
        numeric = column.kind == NUMERIC
        dimensions += _numeric(i, column, cells) if numeric else _categorical(i, cells)
    return TableModel(tuple(columns), tuple(dimensions))


def fit_table_on_texts(texts: Sequence[str], columns: Sequence[TableColumn]) -> TableModel:
    """`fit_table` for rows given as text."""
    return fit_table(rows_of(texts, columns), columns)


def _numeric(i: int, column: TableColumn, cells: Sequence[str]) -> list[Dimension]:
    numbers = np.array([read_number(cell, column.name) for cell in cells])
    missing = np.isnan(numbers)
    known = numbers[~missing]
    found = []
    if len(known) and known.min() < known.max():
        centre = float(np.median(known))
        found.append(Dimension(i, VALUE, centre=centre, scale=_scale(known)))
    if missing.any() and not missing.all():
        found.append(Dimension(i, IS_MISSING))
    return found


def _scale(known: NDArray[np.float64]) -> float:
    """A deviation that outliers hardly move; where half of the values are one, the plain one."""
    low, high = np.percentile(known, [25, 75])
    inner = known[(known >= np.percentile(known, 1)) & (known <= np.percentile(known, 99))]
    return next(float(s) for s in ((high - low) / 1.349, inner.std(), known.std()) if s > 0)


def _categorical(i: int, cells: Sequence[str]) -> list[Dimension]:
    spelled = Counter(cells)  # each spelling is looked at once
    n_missing = sum(n for cell, n in spelled.items() if is_missing(cell))
    counts: Counter[str] = Counter()
    for cell, n in spelled.items():
        if not is_missing(cell):
            counts[_level(cell)] += n
    by_count = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    frequent = [level for level, n in by_count if n >= FREQUENT_ROWS][:FREQUENT_LEVELS]
    n_other = sum(n for level, n in by_count if level not in frequent)
    found = [Dimension(i, LEVEL, level=level) for level in frequent]
    found += [Dimension(i, OTHER)] if n_other else []
    found += [Dimension(i, IS_MISSING)] if n_missing else []
    return found if len(found) > 1 else []


def _level(cell: str) -> str:
    return " ".join(cell.split())


def column_list(stored: Sequence[Mapping[str, str]]) -> tuple[TableColumn, ...]:
    """Columns from plain values: [{"name": "age", "kind": "numeric"}]."""
    return tuple(TableColumn(name=str(c["name"]), kind=str(c["kind"])) for c in stored)
