"""Which column is the text, the id, the label and the split: a guess, shown to be changed."""

from collections.abc import Iterable

from projects.reading.names import KNOWN_NAMES, plain
from projects.reading.scanning import ColumnFacts, Scan

ROLES = ("text", "id", "label", "split", "metadata", "leave_out")
SPLIT_WORDS = frozenset(
    ["train", "training", "test", "testing", "val", "valid", "validation", "dev", "eval"]
)
TEST_WORDS = frozenset({"test", "testing"})


def guess_roles(scan: Scan) -> dict[str, str]:
    """A role of `ROLES` for every column: one text, at most one id, label and split, else metadata."""
    facts = list(scan.columns.values())
    roles = dict.fromkeys(scan.columns, "metadata")
    for role, choose in (("split", _split), ("text", _text), ("label", _label), ("id", _id)):
        free = [column for column in facts if roles[column.name] == "metadata"]
        if chosen := choose(free, scan.n_rows):
            roles[chosen.name] = role
    return roles


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
