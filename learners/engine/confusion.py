"""Which classes are taken for which, and what share of each is found. Every share with its interval."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from learners.engine.arrays import Ints
from learners.engine.intervals import Interval, wilson


@dataclass(frozen=True)
class Cell:
    """`n` answers of class `truth` for which the model said `said`.

    `share`: of all answers of that class, with Wilson's interval; its `n` is the row's.
    """

    truth: int
    said: int
    n: int
    share: Interval


@dataclass(frozen=True)
class Confusion:
    """Counts of answers: `counts` (k, k), rows the true class, columns what the model said, both
    in the order of `class_ids`.
    """

    class_ids: tuple[int, ...]
    counts: Ints

    @property
    def n(self) -> int:
        return int(self.counts.sum())

    @property
    def n_right(self) -> int:
        return int(self.counts.trace())

    def recall(self) -> list[Interval | None]:
        """By class, the share of its answers that were found; None where it has no answer."""
        return _shares(self.counts.diagonal(), self.counts.sum(axis=1))

    def precision(self) -> list[Interval | None]:
        """By class, the share of what was called so that is so; None where nothing was."""
        return _shares(self.counts.diagonal(), self.counts.sum(axis=0))

    def cell(self, row: int, column: int) -> Cell | None:
        """One cell of the matrix; None where the row has no answer."""
        n, n_row = int(self.counts[row, column]), int(self.counts[row].sum())
        if not n_row:
            return None
        return Cell(self.class_ids[row], self.class_ids[column], n, wilson(n, n_row))

    def mistakes(self) -> list[Cell]:
        """The cells off the diagonal that are not empty: most answers first, then by largest share."""
        rows, columns = np.nonzero(self.counts)
        pairs = zip(rows.tolist(), columns.tolist(), strict=True)
        cells = [self.cell(row, column) for row, column in pairs if row != column]
        found = [cell for cell in cells if cell is not None]
        return sorted(found, key=lambda cell: (-cell.n, -cell.share.value, cell.truth, cell.said))


def confusion(
    *, truth: Sequence[int] | Ints, said: Sequence[int] | Ints, class_ids: Sequence[int]
) -> Confusion:
    """Count every pair of `truth` (n,) and `said` (n,).

    Raises:
        ValueError: they are not of one length, or name a class that is not among `class_ids`.
    """
    if len(truth) != len(said):
        raise ValueError(f"{len(truth)} true classes for {len(said)} predictions; needed: one each")
    places = {class_id: place for place, class_id in enumerate(class_ids)}
    counts = np.zeros((len(places), len(places)), np.int64)
    for true_id, said_id in zip(truth, said, strict=True):
        if true_id not in places or said_id not in places:
            raise ValueError(f"class {true_id} or {said_id} is none of {list(places)}")
        counts[places[int(true_id)], places[int(said_id)]] += 1
    return Confusion(tuple(int(class_id) for class_id in class_ids), counts)


def _shares(numbers: Ints, totals: Ints) -> list[Interval | None]:
    return [
        wilson(int(number), int(total)) if total else None
        for number, total in zip(numbers, totals, strict=True)
    ]
