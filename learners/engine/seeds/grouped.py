"""Taking turns over the groups of a clustering: what both seeds do, with another measure each."""

from dataclasses import dataclass
from heapq import heapify, heappop, heappush

import numpy as np
from numpy.typing import NDArray

from learners.engine.arrays import Floats, Ints

SMALL = 5  # TypiClust leaves groups of fewer rows out; here they wait one turn longer


@dataclass(frozen=True)
class Turns:
    """Attributes:
    rows: (n,), best first.
    scores: (n,), never rising: the group's share of the rows, in [0, 1], less the rows it had
        before (labelled or picked), less one for a small group.
    """

    rows: Ints
    scores: NDArray[np.float64]


def in_turns(groups: Ints, quality: Floats, is_labelled: NDArray[np.bool_], n: int) -> Turns:
    """The group with the fewest labels first, the largest of these first, its best row first.

    Hacohen et al. 2022, algorithm 1, continued beyond one row for each group. Ties go to the lower
    row.

    Args:
        groups: (n_rows,), from 0. quality: (n_rows,), higher is asked sooner within a group.
        is_labelled: (n_rows,); labelled rows count for their group and are never returned.
    """
    waiting = _waiting(groups, quality, is_labelled)
    sizes = np.bincount(groups)
    n_known = np.bincount(groups[is_labelled], minlength=len(sizes))
    small = (sizes < SMALL).astype(int)
    turns = [
        (int(n_known[group] + small[group]), -int(sizes[group]), rows[-1], int(group))
        for group, rows in waiting.items()
    ]
    heapify(turns)
    picks: list[int] = []
    scores: list[float] = []
    while turns and len(picks) < n:
        n_before, minus_size, row, group = heappop(turns)
        picks.append(row)
        scores.append(-minus_size / len(groups) - n_before)
        waiting[group].pop()
        if waiting[group]:
            heappush(turns, (n_before + 1, minus_size, waiting[group][-1], group))
    return Turns(np.array(picks, np.int64), np.array(scores))


def _waiting(groups: Ints, quality: Floats, is_labelled: NDArray[np.bool_]) -> dict[int, list[int]]:
    """The rows of each group that may be asked, worst first: the best is popped."""
    waiting: dict[int, list[int]] = {}
    for row in np.lexsort((-np.arange(len(groups)), quality)).tolist():
        if not is_labelled[row]:
            waiting.setdefault(int(groups[row]), []).append(row)
    return waiting
