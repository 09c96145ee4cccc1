"""The first pass over an import's file: check every row, and decide what each becomes."""

import hashlib
import unicodedata
from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from projects.models import LabelClass
from projects.reading import GOLD, BadInput, ColumnChoice, TextRow
from projects.reading.scanning import is_blank, same

NO_LABEL = 0
RANK_END = 2**63 - 1


@dataclass(frozen=True, kw_only=True)
class RowFacts:
    """What is kept of every row that has a text, in the file's order, (n_rows,) each.

    `hashes`: (n_rows, 4) uint64, the SHA-256 of the text; `labels`: where in `sets` the row's class
    ids stand, 0 (no class) without a label.
    """

    hashes: NDArray[np.uint64]
    labels: NDArray[np.int64]
    is_test: NDArray[np.bool_]
    n_blank: int
    sets: Sequence[tuple[int, ...]] = ((),)

    @property
    def n_rows(self) -> int:
        return len(self.labels)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What every row becomes, (n_rows,) each.

    `original`: index of the row that bears the same text first (its own index when it is that
    row), or -1 when the text is in the project already. `label`: the label, as in `RowFacts`, that
    the text's rows agree on or that came first, 0 without one. `is_audit`, `is_test`: true on originals only.
    """

    original: NDArray[np.int64]
    label: NDArray[np.int64]
    is_test: NDArray[np.bool_]
    is_audit: NDArray[np.bool_]
    random_rank: NDArray[np.int64]
    n_conflicts: int

    @property
    def is_original(self) -> NDArray[np.bool_]:
        found: NDArray[np.bool_] = self.original == np.arange(len(self.original))
        return found


def content_hash(text: str) -> bytes:
    """SHA-256 of the text in Unicode's NFC, without outer white space, (32,) bytes."""
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    return hashlib.sha256(text.strip().encode()).digest()


def read_facts(
    rows: Iterable[TextRow],
    *,
    classes: Mapping[str, int],
    choice: ColumnChoice,
    file: str,
    pulse: Callable[[], None],
) -> RowFacts:
    """Check every row; `pulse` is called for each, to say that this is alive.

    Raises:
        BadInput: as the rows do, and for a label that is no class of the project.
    """
    hashes, labels, is_test, n_blank = bytearray(), array("q"), bytearray(), 0
    places: dict[tuple[int, ...], int] = {(): NO_LABEL}
    for row in rows:
        pulse()
        if is_blank(row.text):
            n_blank += 1
            continue
        hashes += content_hash(row.text)
        labels.append(places.setdefault(classes_of(row, classes, choice, file), len(places)))
        is_test.append(row.is_test)
    return RowFacts(
        hashes=np.frombuffer(bytes(hashes), dtype=np.uint64).reshape(-1, 4),
        labels=np.frombuffer(labels, dtype=np.int64) if labels else np.empty(0, np.int64),
        is_test=np.frombuffer(bytes(is_test), dtype=np.bool_),
        n_blank=n_blank,
        sets=list(places),
    )


def classes_of(
    row: TextRow, classes: Mapping[str, int], choice: ColumnChoice, file: str
) -> tuple[int, ...]:
    """Ids of the row's classes, ascending, none without a label. Raises BadInput for an unknown one."""
    labels = row.labels or ((row.label,) if row.label else ())
    found = {_class_of(label, row.line, classes, choice, file) for label in labels}
    return tuple(sorted(found - {NO_LABEL}))


def _class_of(
    label: str, line: int, classes: Mapping[str, int], choice: ColumnChoice, file: str
) -> int:
    found = classes.get(same(label))
    if found is None:
        names = ", ".join(sorted(classes)[:12]) + (" …" if len(classes) > 12 else "")
        raise BadInput(
            file=file,
            line=line,
            column=choice.label,
            found=f"the label “{label}”, which is no class of this project",
            allowed=f"{names}; or add the class first" if names else "no labels",
        )
    return found


def standing_classes(*, project_id: int, stored: Mapping[str, Any]) -> dict[str, int]:
    """Class id by label as it is now: merged classes lead to their successor, retired ones to none.

    A label of a class that was retired since the columns were chosen comes in without a label.
    """
    rows = LabelClass.objects.filter(project_id=project_id)
    merged = {row.pk: row.merged_into_id for row in rows}
    active = {row.pk for row in rows if row.retired_at is None}

    def successor(class_id: int | None) -> int:
        while class_id is not None and class_id not in active:
            class_id = merged.get(class_id)
        return class_id or NO_LABEL

    return {label: successor(int(class_id)) for label, class_id in stored.items()}


def make_plan(
    facts: RowFacts,
    *,
    known_before: NDArray[np.bool_],
    label_use: str,
    rng: np.random.Generator,
    audit_limit: int,
    audit_fraction: float,
) -> Plan:
    """Decide originals, roles and random ranks.

    Args:
        known_before: (n_rows,), whether the project has the row's text from an earlier import.
        audit_limit, audit_fraction: at most so many texts, and at most this share of those that
            are new, not of the test split and not already known, are reserved to measure.
    """
    n = facts.n_rows
    first, group = _first_of_each(facts.hashes)
    is_test = _any_in_group(facts.is_test, group)
    label, n_conflicts = _label_of_groups(facts.labels, group, len(first))
    original = np.where(known_before, -1, first[group]) if n else np.empty(0, np.int64)
    is_original = original == np.arange(n)
    known = (label[group] != NO_LABEL) & (label_use != GOLD) if n else np.zeros(0, bool)
    eligible = np.flatnonzero(is_original & ~is_test & ~known)
    n_audit = min(audit_limit, int(len(eligible) * audit_fraction))
    is_audit = np.zeros(n, dtype=bool)
    # Drawn apart from the ranks: audit by lowest rank would leave the pool with the high ones only.
    is_audit[rng.permutation(eligible)[:n_audit]] = True
    return Plan(
        original=original.astype(np.int64),
        label=label[group] if n else label,
        is_test=is_test & is_original,
        is_audit=is_audit,
        random_rank=rng.integers(0, RANK_END, size=n, dtype=np.int64),
        n_conflicts=n_conflicts,
    )


def _first_of_each(
    hashes: NDArray[np.uint64],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Index of each distinct text's first row, (n_texts,), and each row's text number, (n_rows,)."""
    order = np.lexsort(hashes.T[::-1])  # stable: rows of one text keep the file's order
    ordered = hashes[order]
    starts = np.ones(len(order), dtype=bool)
    starts[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    group = np.empty(len(order), dtype=np.int64)
    group[order] = np.cumsum(starts) - 1
    return order[starts].astype(np.int64), group


def _any_in_group(flags: NDArray[np.bool_], group: NDArray[np.int64]) -> NDArray[np.bool_]:
    """A text that stands in the test split once must never be trained on elsewhere."""
    n_groups = int(group.max()) + 1 if len(group) else 0
    found = np.zeros(n_groups, dtype=bool)
    found[group[flags]] = True
    return found[group] if n_groups else flags


def _label_of_groups(
    labels: NDArray[np.int64], group: NDArray[np.int64], n_groups: int
) -> tuple[NDArray[np.int64], int]:
    """The first label of each text, (n_texts,), and how many texts came with different ones."""
    found = np.zeros(n_groups, dtype=np.int64)
    labelled = np.flatnonzero(labels != NO_LABEL)
    backwards = labelled[::-1]
    found[group[backwards]] = labels[backwards]  # the last write, the first row, stands
    different = np.unique(group[labelled][labels[labelled] != found[group[labelled]]])
    return found, len(different)
