"""From rows to texts, once somebody has said what each column is."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from projects.reading.errors import BadInput, excerpt
from projects.reading.guessing import TEST_WORDS
from projects.reading.json_lines import Nested
from projects.reading.labels import SEPARATORS, NoLabels, labels_of
from projects.reading.limits import MAX_ID_CHARS, MAX_LABEL_CHARS, MAX_SPLIT_CHARS
from projects.reading.records import Layout, Record
from projects.reading.scanning import is_blank, same
from projects.reading.tables import Feature, is_missing, read_cells, rendered

GOLD, KNOWN = "gold", "known"


@dataclass(frozen=True, kw_only=True)
class ColumnChoice:
    """What each column is, by name. Either one is the `text`, or some are the `features` of a table.

    `features`: (name, numeric or categorical) of the columns that a model of table rows reads.
    `label_use`: `gold` (kept apart: measures, never trains) or `known` (answers that train).
    `leave_out_blank`: rows without a text are left out and counted; else they refuse the import.
    `ignored_labels`: labels that are left out; a row with no other comes in without a label.
    `multilabel`: a row has any number of labels; a cell ends one at each `label_separator` ("": a
    cell that is no list is one label).
    """

    text: str = ""
    features: tuple[Feature, ...] = ()
    id: str | None = None
    label: str | None = None
    label_use: str = GOLD
    split: str | None = None
    metadata: tuple[str, ...] = ()
    layout: Layout = field(default_factory=lambda: Layout(kind="csv"))
    leave_out_blank: bool = False
    ignored_labels: tuple[str, ...] = ()
    multilabel: bool = False
    label_separator: str = ""

    def __post_init__(self) -> None:
        if self.label_use not in {GOLD, KNOWN}:
            raise ValueError(f"label_use {self.label_use!r}; allowed: {GOLD}, {KNOWN}")
        if self.label_separator and self.label_separator not in SEPARATORS:
            allowed = " ".join(SEPARATORS)
            raise ValueError(f"label_separator {self.label_separator!r}; allowed: {allowed}")
        if self.text and self.features:
            raise ValueError("a row is either a text or a row of a table")

    @property
    def is_table(self) -> bool:
        return bool(self.features)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> "ColumnChoice":
        """The choice that `as_json` wrote; keys that it does not know are left aside."""
        own = {name: stored[name] for name in cls.__dataclass_fields__ if name in stored}
        own["layout"] = Layout(**own["layout"])
        own["metadata"] = tuple(own["metadata"])
        own["features"] = tuple((name, kind) for name, kind in own.get("features", ()))
        own["ignored_labels"] = tuple(own["ignored_labels"])
        return cls(**own)


@dataclass(frozen=True, slots=True)
class TextRow:
    """One row. `label` is "" when it has none; a blank `text` only where those are left out.

    With any number of labels a row, they are `labels` and `label` is "".
    Of a table, `text` is the row as people read it and `metadata` holds its cells as spelled.
    """

    line: int
    text: str
    id: str
    label: str
    split: str
    metadata: dict[str, str]
    labels: tuple[str, ...] = ()

    @property
    def is_test(self) -> bool:
        return self.split.casefold() in TEST_WORDS


def read_texts(records: Iterable[Record], *, choice: ColumnChoice, file: str) -> Iterator[TextRow]:
    """Texts in the file's order, blank ones included where `choice` leaves them out.

    Raises:
        BadInput: a missing column, a blank text, a nested or over-long value.
    """
    ignored = {same(label) for label in choice.ignored_labels}
    for line, cells in records:
        row = _row(line, cells, choice, file)
        yield _without(row, ignored) if ignored else row


def _without(row: TextRow, ignored: set[str]) -> TextRow:
    label = "" if same(row.label) in ignored else row.label
    labels = tuple(label for label in row.labels if same(label) not in ignored)
    return replace(row, label=label, labels=labels)


def _row(line: int, cells: dict[str, str], choice: ColumnChoice, file: str) -> TextRow:
    features = read_cells((line, cells), choice.features, file)
    text = _table_text(features, choice) if choice.is_table else _text(cells, choice, line, file)
    if is_blank(text):
        _check_blank(choice, cells, line, file)
    return TextRow(
        line=line,
        text=text,
        id=_short(cells, choice.id, MAX_ID_CHARS, line, file),
        label="" if choice.multilabel else _label(cells, choice, line, file),
        split=_short(cells, choice.split, MAX_SPLIT_CHARS, line, file),
        metadata=features | {name: cells[name] for name in choice.metadata if cells.get(name)},
        labels=_labels(cells, choice, line, file) if choice.multilabel else (),
    )


def _text(cells: dict[str, str], choice: ColumnChoice, line: int, file: str) -> str:
    text = cells.get(choice.text, "")
    if type(text) is Nested:
        raise _nested(text, choice.text, line, file)
    return text


def _table_text(features: dict[str, str], choice: ColumnChoice) -> str:
    """Blank where every feature is missing: such a row says nothing."""
    if all(map(is_missing, features.values())):
        return ""
    return rendered(features, choice.features)


def _check_blank(choice: ColumnChoice, cells: dict[str, str], line: int, file: str) -> None:
    if choice.leave_out_blank:
        return
    if choice.is_table:
        found, allowed = "no value in any feature", "at least one value in every row"
        raise BadInput(file=file, line=line, found=found, allowed=allowed)
    missing = choice.text not in cells and choice.layout.kind != "jsonl"
    raise BadInput(
        file=file,
        line=line,
        column=choice.text,
        found=f"no such column; columns: {excerpt(', '.join(cells))}" if missing else "no text",
        allowed="a text in every row, or tick “leave out rows without a text”",
    )


def _short(cells: dict[str, str], column: str | None, limit: int, line: int, file: str) -> str:
    value = cells.get(column, "") if column else ""
    if type(value) is Nested:
        raise _nested(value, column or "", line, file)
    value = value.strip()
    if len(value) > limit:
        raise BadInput(
            file=file,
            line=line,
            column=column,
            found=f"{len(value):,} characters: “{excerpt(value)}”",
            allowed=f"{limit} characters",
        )
    return value


def _label(cells: dict[str, str], choice: ColumnChoice, line: int, file: str) -> str:
    """The one label of a row; a list of one counts as that one."""
    value = cells.get(choice.label, "") if choice.label else ""
    if type(value) is not Nested:
        return _short(cells, choice.label, MAX_LABEL_CHARS, line, file)
    labels = _labels(cells, choice, line, file)
    if len(labels) > 1:
        raise BadInput(
            file=file,
            line=line,
            column=choice.label,
            found=f"a list of {len(labels)} labels: “{excerpt(value)}”",
            allowed="one label a row here; a new project can ask for any number of classes",
        )
    return labels[0] if labels else ""


def _labels(cells: dict[str, str], choice: ColumnChoice, line: int, file: str) -> tuple[str, ...]:
    value = cells.get(choice.label, "") if choice.label else ""
    try:
        labels = labels_of(value, choice.label_separator)
    except NoLabels as error:
        raise BadInput(
            file=file,
            line=line,
            column=choice.label,
            found=f"{error}: “{excerpt(value)}”",
            allowed='a label, or a list of labels such as ["a", "b"]',
        ) from error
    column = choice.label or ""
    return tuple(_short({column: label}, column, MAX_LABEL_CHARS, line, file) for label in labels)


def _nested(value: str, column: str, line: int, file: str) -> BadInput:
    return BadInput(
        file=file,
        line=line,
        column=column,
        found=f"a list or an object: “{excerpt(value)}”",
        allowed="a text, a number or null here; nested values may be metadata",
    )
