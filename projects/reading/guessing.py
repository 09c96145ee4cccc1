"""Which column is the text, the id, the label and the split: a guess, shown to be changed."""

import re
from collections.abc import Iterable

from projects.reading.labels import several_values
from projects.reading.names import KNOWN_NAMES, plain
from projects.reading.scanning import ColumnFacts, Scan, same

ROLES = ("text", "id", "label", "split", "metadata", "leave_out")
TABLE_ROLES = ("numeric", "categorical", "id", "label", "split", "metadata", "leave_out")
CATEGORY_CHARS = 40
TEXT_CHARS = 25
ID_NAME = re.compile(r"(^|[\W_])(id|ID|Id)$|[a-z]I[dD]$")
SPLIT_WORDS = frozenset(
    ["train", "training", "test", "testing", "val", "valid", "validation", "dev", "eval"]
)
TEST_WORDS = frozenset({"test", "testing"})
LABEL_PARTS = (
    "label",
    "class",
    "categor",
    "intent",
    "sentiment",
    "polarity",
    "gold",
    "groundtruth",
    "target",
    "topic",
)


def guess_roles(scan: Scan) -> dict[str, str]:
    """A role of `ROLES` for every column: one text, at most one id, label and split, else metadata.

    Metadata is shown to who answers, so whatever seems to tell the label is left out.
    """
    roles = dict.fromkeys(scan.columns, "metadata")
    for role, choose in (("split", _split), ("text", _text), ("label", _label)):
        if chosen := choose(_free(scan, roles), scan.n_rows):
            roles[chosen.name] = role
    _leave_out_what_tells(scan, roles)
    if chosen := _id(_free(scan, roles), scan.n_rows):
        roles[chosen.name] = "id"
    return roles


def guess_table_roles(scan: Scan) -> dict[str, str]:
    """A role of `TABLE_ROLES` for every column, were each row a row of a table.

    A column that seems to tell the label is left out: as a feature it would give the answer away.
    Columns that hardly repeat, such as names and texts, are metadata.
    """
    roles = dict.fromkeys(scan.columns, "metadata")
    for role, choose in (("split", _split), ("label", _table_label)):
        if chosen := choose(_free(scan, roles), scan.n_rows):
            roles[chosen.name] = role
    _leave_out_what_tells(scan, roles)
    if chosen := _table_id(_free(scan, roles), scan.n_rows):
        roles[chosen.name] = "id"
    for column in _free(scan, roles):
        roles[column.name] = feature_kind(column) or "metadata"
    return roles


def _leave_out_what_tells(scan: Scan, roles: dict[str, str]) -> None:
    """Further columns that are called labels, or go one to one with the label."""
    label = next((c for c in scan.columns.values() if roles[c.name] == "label"), None)
    for column in _free(scan, roles):
        if _names_a_label(column) or (label and _repeats(column, label, scan)):
            roles[column.name] = "leave_out"


def looks_like_a_table(scan: Scan) -> bool:
    """Whether no column holds texts and at least two could be features."""
    if any(_holds_texts(column) for column in scan.columns.values()):
        return False
    roles = guess_table_roles(scan).values()
    return sum(role in {"numeric", "categorical"} for role in roles) > 1


def feature_kind(column: ColumnFacts) -> str | None:
    """numeric, categorical, or None for a column that no feature should be made of."""
    if column.n_number and not column.n_word:
        return "numeric"
    n_filled = column.n - column.n_missing
    if not column.values or not n_filled or column.mean_chars > CATEGORY_CHARS:
        return None
    return "categorical" if len(column.values) <= max(2, n_filled // 2) else None


def _holds_texts(column: ColumnFacts) -> bool:
    if column.n_word <= column.n_number:
        return False
    named = plain(column.name) in KNOWN_NAMES["text"]
    return named or (column.mean_chars > TEXT_CHARS and feature_kind(column) is None)


def _table_label(facts: list[ColumnFacts], n_rows: int) -> ColumnFacts | None:
    """By its name; else the last column, where tables often have their classes, if it has few values."""
    named = [c for c in _named("label", facts) if c.values]
    named += [c for c in facts if c.values and _names_a_label(c)]
    last = [c for c in facts[-1:] if c.values and 2 <= len(c.values) <= min(20, n_rows // 4)]
    return next(iter([*named, *last]), None)


def _table_id(facts: list[ColumnFacts], n_rows: int) -> ColumnFacts | None:
    """By a name such as "id", "client_id" or "clientId", not "citricacid", and values that hardly repeat."""
    named = (c for c in facts if plain(c.name) in KNOWN_NAMES["id"] or ID_NAME.search(c.name))
    return next((c for c in named if c.values is None or 2 * len(c.values) > n_rows), None)


def _free(scan: Scan, roles: dict[str, str]) -> list[ColumnFacts]:
    return [column for column in scan.columns.values() if roles[column.name] == "metadata"]


def _names_a_label(column: ColumnFacts) -> bool:
    name = plain(column.name)
    return name in KNOWN_NAMES["label"] or any(part in name for part in LABEL_PARTS)


def _repeats(column: ColumnFacts, label: ColumnFacts, scan: Scan) -> bool:
    """Whether the column goes one to one with the labels: as many values, each as often, and in
    the first rows the same pairs. Values that hardly repeat, as of an id, prove nothing.
    """
    if not column.values or not label.values or 2 * len(label.values) > label.n - label.n_blank:
        return False
    if _how_often(column) != _how_often(label):
        return False
    rows = [cells for _, cells in scan.preview]
    pairs = {(same(r.get(column.name, "")), same(r.get(label.name, ""))) for r in rows}
    return len(pairs) == len({a for a, _ in pairs}) == len({b for _, b in pairs})


def _how_often(column: ColumnFacts) -> list[int]:
    return sorted(int(n) for _, n in (column.values or {}).values())


def _named(role: str, facts: Iterable[ColumnFacts]) -> list[ColumnFacts]:
    return [column for column in facts if plain(column.name) in KNOWN_NAMES[role]]


def _split(facts: list[ColumnFacts], n_rows: int) -> ColumnFacts | None:
    return next((c for c in facts if c.values and c.values.keys() <= SPLIT_WORDS), None)


def _text(facts: list[ColumnFacts], n_rows: int) -> ColumnFacts | None:
    named = _named("text", facts)
    return max(named or facts, key=lambda c: (c.mean_chars, -facts.index(c)), default=None)


def _label(facts: list[ColumnFacts], n_rows: int) -> ColumnFacts | None:
    named = [c for c in _named("label", facts) if c.values or _holds_several(c)]
    if named:
        return named[0]
    return next((c for c in facts if _few_words(c, n_rows)), None)


def _holds_several(column: ColumnFacts) -> bool:
    """Whether cells that are too many to be classes are a few labels in many combinations."""
    return any(several_values(column.cells or {}, column.lists).values())


def _few_words(column: ColumnFacts, n_rows: int) -> bool:
    """Few, short, repeated values that are not numbers."""
    if not column.values or not 2 <= len(column.values) <= min(100, n_rows // 4):
        return False
    return column.mean_chars <= 40 and not all(v.replace(".", "").isdigit() for v in column.values)


def _id(facts: list[ColumnFacts], n_rows: int) -> ColumnFacts | None:
    named = [c for c in facts if plain(c.name) in KNOWN_NAMES["id"] or plain(c.name).endswith("id")]
    return next((c for c in named if c.mean_chars <= 60), None)
