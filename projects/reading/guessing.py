"""Which column is the text, the id, the label and the split: a guess, shown to be changed."""

from collections.abc import Iterable

from projects.reading.names import KNOWN_NAMES, plain
from projects.reading.scanning import ColumnFacts, Scan, same

ROLES = ("text", "id", "label", "split", "metadata", "leave_out")
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
    label = next((c for c in scan.columns.values() if roles[c.name] == "label"), None)
    for column in _free(scan, roles):
        if _names_a_label(column) or (label and _repeats(column, label, scan)):
            roles[column.name] = "leave_out"
    if chosen := _id(_free(scan, roles), scan.n_rows):
        roles[chosen.name] = "id"
    return roles


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
    named = [c for c in _named("label", facts) if c.values]
    if named:
        return named[0]
    return next((c for c in facts if _few_words(c, n_rows)), None)


def _few_words(column: ColumnFacts, n_rows: int) -> bool:
    """Few, short, repeated values that are not numbers."""
    if not column.values or not 2 <= len(column.values) <= min(100, n_rows // 4):
        return False
    return column.mean_chars <= 40 and not all(v.replace(".", "").isdigit() for v in column.values)


def _id(facts: list[ColumnFacts], n_rows: int) -> ColumnFacts | None:
    named = [c for c in facts if plain(c.name) in KNOWN_NAMES["id"] or plain(c.name).endswith("id")]
    return next((c for c in named if c.mean_chars <= 60), None)
