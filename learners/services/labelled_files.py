"""A labelled file, read as an import reads it, as data for a simulation."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, BinaryIO

from learners.engine.features.table import TableColumn
from learners.engine.simulation.data import LabelledData, labelled_data, labelled_sets
from projects.reading import BadInput, ColumnChoice, Layout, Limits, TextRow
from projects.reading.errors import excerpt
from projects.reading.guessing import SPLIT_WORDS
from projects.reading.labels import hint, several_values
from projects.reading.records import Record, read_records
from projects.reading.scanning import is_blank, same, scan_records
from projects.reading.sniffing import sniff
from projects.reading.tables import CATEGORICAL, NUMERIC, Feature
from projects.reading.texts import read_texts
from projects.services.import_plan import content_hash


@dataclass(frozen=True, kw_only=True)
class Columns:
    """Which columns of a file hold what; `split` is None where the file has none.

    `features`: of a table, read in place of a text. `multilabel`: a cell of `label` holds any number
    of labels; `separator` ends one ("": cells that are no lists are one label; None: found out).
    """

    text: str = "text"
    features: tuple[str, ...] = ()
    label: str = "label"
    split: str | None = None
    multilabel: bool = False
    separator: str | None = None


def read_labelled(
    binary: BinaryIO, *, file: str, columns: Columns, limits: Limits, layout: Layout | None = None
) -> LabelledData:
    """The file's texts with a label. Rows of the test split measure, all others are the pool.

    Rows without a text or a label are left out, and the notes say how many.

    Args:
        file: the file's name; its ending tells the format unless `layout` is given.

    Raises:
        BadInput: the file cannot be read, or has no such column; says which there are. Or the columns
            of a table are to have several labels.
        CannotSimulate: no two classes, or nothing to ask or to measure on.
    """
    layout = layout or sniff(binary, file=file)
    features = _kinds(binary, file=file, columns=columns, limits=limits, layout=layout)
    separator = _separator(binary, file=file, columns=columns, limits=limits, layout=layout)
    binary.seek(0)
    seen = _Seen(columns.split)
    records = seen.watched(read_records(binary, file=file, layout=layout, limits=limits))
    choice = ColumnChoice(
        text="" if features else columns.text,
        features=features,
        label=columns.label,
        split=columns.split,
        layout=layout,
        leave_out_blank=True,
        multilabel=columns.multilabel,
        label_separator=separator,
    )
    every = list(read_texts(records, choice=choice, file=file))
    seen.check(columns, file)
    notes = [*_about_kinds(features), *_about_separator(columns, separator), *seen.notes(columns)]
    found = of_rows(every, notes=notes, multilabel=columns.multilabel)
    return replace(found, columns=tuple(TableColumn(*feature) for feature in features))


def _kinds(
    binary: BinaryIO, *, file: str, columns: Columns, limits: Limits, layout: Layout
) -> tuple[Feature, ...]:
    """Each feature with its kind: numeric where every cell is a number or missing."""
    if not columns.features:
        return ()
    binary.seek(0)
    records = read_records(binary, file=file, layout=layout, limits=limits)
    facts = scan_records(records, max_rows=limits.max_rows).columns
    for name in columns.features:
        if name not in facts:
            raise _no_column(name, facts, file)
        if name in {columns.label, columns.split}:
            raise BadInput(
                file=file,
                column=name,
                found="the label or the split among the columns that the model reads",
                allowed="other columns: this one tells the answer",
            )
    return tuple(
        (name, NUMERIC if facts[name].n_number and not facts[name].n_word else CATEGORICAL)
        for name in columns.features
    )


def _separator(
    binary: BinaryIO, *, file: str, columns: Columns, limits: Limits, layout: Layout
) -> str:
    """Where a label ends: as said, or as an upload's columns show it (`projects.reading.labels.hint`)."""
    if not columns.multilabel:
        return ""
    if columns.separator is not None:
        return columns.separator
    binary.seek(0)
    records = read_records(binary, file=file, layout=layout, limits=limits)
    facts = scan_records(records, max_rows=limits.max_rows).columns.get(columns.label)
    if facts is None or facts.cells is None:
        return ""
    several = {facts.name: several_values(facts.cells, facts.lists)}
    guess = {"columns": [{"name": facts.name, "values": facts.values}], "several": several}
    return hint(guess, columns.label)


def _about_separator(columns: Columns, separator: str) -> list[str]:
    if not columns.multilabel:
        return []
    where = f"at each “{separator}”" if separator else "in JSON lists alone"
    return [f"Several labels of a cell are told apart {where}."]


def _about_kinds(features: tuple[Feature, ...]) -> list[str]:
    if not features:
        return []
    words = ", ".join(f"{excerpt(name)} ({kind})" for name, kind in features[:20])
    more = f" and {len(features) - 20} more" if len(features) > 20 else ""
    return [f"Columns: {words}{more}."]


def of_rows(
    rows: Iterable[TextRow], *, notes: Iterable[str] = (), multilabel: bool = False
) -> LabelledData:
    """Data of rows that were read; two spellings of a label are one class, as in a project. A row
    without any label is left out, as an import brings it in without one.

    Raises:
        CannotSimulate: no two classes, or nothing to ask or to measure on.
    """
    every = list(rows)
    with_text = [row for row in every if not is_blank(row.text)]
    usable = [row for row in with_text if row.label or row.labels]
    spelling: dict[str, str] = {}
    for row in usable:
        for label in row.labels or (row.label,):
            spelling.setdefault(same(label), label)
    shared: dict[str, Any] = {
        "texts": [row.text for row in usable],
        "keys": [content_hash(row.text) for row in usable],
        "is_test": [row.is_test for row in usable],
    }
    if multilabel:
        sets = [[spelling[same(label)] for label in row.labels] for row in usable]
        data = labelled_sets(sets=sets, **shared)
    else:
        data = labelled_data(labels=[spelling[same(row.label)] for row in usable], **shared)
    left_out = [
        _left_out(len(every) - len(with_text), "text"),
        _left_out(len(with_text) - len(usable), "label"),
    ]
    return replace(data, notes=(*filter(None, left_out), *notes, *data.notes))


def _left_out(n_rows: int, missing: str) -> str:
    return f"Left out, having no {missing}: {n_rows:,} rows." if n_rows else ""


class _Seen:
    """The columns that came by, and the words of those that may be a split: of `split`, the chosen
    one, all of them."""

    def __init__(self, split: str | None) -> None:
        self.split = split
        self.columns: dict[str, None] = {}
        self.splits: dict[str, set[str]] = {}

    def watched(self, records: Iterable[Record]) -> Iterator[Record]:
        for line, cells in records:
            for name, cell in cells.items():
                self.columns[name] = None
                words = self.splits.setdefault(name, set())
                if name == self.split or len(words) <= len(SPLIT_WORDS):
                    words.add(cell.strip().casefold())
            yield line, cells

    def check(self, columns: Columns, file: str) -> None:
        text = None if columns.features else columns.text
        for name in filter(None, (text, columns.label, columns.split)):
            if name not in self.columns:
                raise _no_column(name, self.columns, file)

    def notes(self, columns: Columns) -> list[str]:
        if columns.split is None:
            return [
                f"The column “{excerpt(name)}” looks like a split and was not used."
                for name, words in self.splits.items()
                if "test" in words and words <= SPLIT_WORDS
            ]
        words = self.splits[columns.split]
        if not words & {"test", "testing"}:
            return [f"The column “{excerpt(columns.split)}” names no test rows."]
        others = sorted(words - {"test", "testing", "train", "training", ""})
        if not others:
            return []
        return [f"Rows of the split {', '.join(map(excerpt, others[:4]))} belong to the pool."]


def _no_column(name: str, seen: Iterable[str], file: str) -> BadInput:
    allowed = f"one of {excerpt_of(seen)}"
    return BadInput(file=file, column=name, found="no such column", allowed=allowed)


def excerpt_of(names: Iterable[str]) -> str:
    """Names in one line, the first twenty."""
    every = list(names)
    shown = ", ".join(f"“{excerpt(name)}”" for name in every[:20])
    return shown if len(every) <= 20 else f"{shown} and {len(every) - 20} more"
