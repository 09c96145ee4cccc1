"""A fitted decision tree as plain arrays: predicts, is kept and read back, without scikit-learn."""

import io
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import BinaryIO, Self
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from learners.engine.arrays import Floats, checked_vectors
from learners.engine.errors import BadFile, BadVectors

LEAF = -1


def raw(vectors: Floats) -> NDArray[np.float32]:
    """The rows of a table as they were before a 1 was put beside them and they were normalised.

    A threshold on a normalised vector would mix all columns; on these it is one on a column.

    Raises:
        BadVectors: the last entry is not positive: these are no rows of a table.
    """
    rows = checked_vectors(vectors).astype(np.float64)
    last = rows[:, -1:]
    if rows.shape[1] < 2 or not (last > 0).all():
        raise BadVectors("a tree reads the rows of a table, whose last entry is above 0")
    found: NDArray[np.float32] = (rows[:, :-1] / last).astype(np.float32)
    return found


@dataclass(frozen=True, eq=False)
class Step:
    """One condition on the way to a leaf: entry `dimension` of a row is above `threshold`, or not."""

    dimension: int
    threshold: float
    above: bool


@dataclass(frozen=True, eq=False)
class Leaf:
    """Where rows end. `counts` (n_classes,) are training rows, `probabilities` (n_classes,) are drawn
    towards the classes' shares."""

    steps: tuple[Step, ...]
    counts: NDArray[np.int64]
    probabilities: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class TreeHead:
    """A fitted tree as plain arrays; nodes are numbered from 0, the root.

    Attributes:
        dimension: (n_nodes,), the entry that is looked at, -1 at a leaf.
        threshold: float32 (n_nodes,); rows at or below it go `left`, the others `right`.
        left, right: (n_nodes,), numbers of nodes, -1 at a leaf.
        counts: (n_nodes, n_classes), training rows.
        probabilities: float64 (n_nodes, n_classes), rows sum to 1.
        class_ids: (n_classes,), what each column predicts.
        width: entries of a vector.
    """

    dimension: NDArray[np.int64]
    threshold: NDArray[np.float32]
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    counts: NDArray[np.int64]
    probabilities: NDArray[np.float64]
    class_ids: tuple[int, ...]
    width: int

    def __post_init__(self) -> None:
        n, n_classes = len(self.dimension), len(self.class_ids)
        shapes = {(n,)} == {a.shape for a in (self.threshold, self.left, self.right)}
        values = {(n, n_classes)} == {self.counts.shape, self.probabilities.shape}
        if not n or n_classes < 2 or not shapes or not values or not self._walkable():
            raise BadFile(f"a tree of {n} nodes and {n_classes} classes whose parts do not fit")

    def _walkable(self) -> bool:
        """Children come after their parents, so that no walk can go in a circle."""
        at = np.flatnonzero(self.dimension != LEAF)
        n = len(self.dimension)
        steps_on = all(((side[at] > at) & (side[at] < n)).all() for side in (self.left, self.right))
        inside = ((self.dimension >= LEAF) & (self.dimension < self.width - 1)).all()
        numbers = np.isfinite(self.threshold[at]).all() and np.isfinite(self.probabilities).all()
        return bool(steps_on and inside and numbers)

    @property
    def n_dimensions(self) -> int:
        return self.width

    def predict_proba(self, vectors: Floats) -> NDArray[np.float64]:
        """(n_rows, n_classes), rows sum to 1, columns in the order of `class_ids`.

        Raises:
            BadVectors: not (n_rows, n_dimensions), not finite, or no rows of a table.
        """
        found: NDArray[np.float64] = self.probabilities[
            self._leaves(raw(checked_vectors(vectors, n_dimensions=self.width)))
        ]
        return found

    def predict(self, vectors: Floats) -> NDArray[np.int64]:
        """The likeliest class id of each row, (n_rows,)."""
        ids = np.array(self.class_ids, np.int64)
        likeliest: NDArray[np.int64] = ids[self.predict_proba(vectors).argmax(axis=1)]
        return likeliest

    def _leaves(self, rows: NDArray[np.float32]) -> NDArray[np.int64]:
        at = np.zeros(len(rows), np.int64)
        moving = np.flatnonzero(self.dimension[at] != LEAF)
        while len(moving):
            node = at[moving]
            low = rows[moving, self.dimension[node]] <= self.threshold[node]
            at[moving] = np.where(low, self.left[node], self.right[node])
            moving = moving[self.dimension[at[moving]] != LEAF]
        return at

    def leaves(self) -> list[Leaf]:
        """All leaves with the way to each, left before right."""
        return list(self._below(0, ()))

    def _below(self, node: int, steps: tuple[Step, ...]) -> Iterator[Leaf]:
        if self.dimension[node] == LEAF:
            yield Leaf(steps, self.counts[node], self.probabilities[node])
            return
        column, threshold = int(self.dimension[node]), float(self.threshold[node])
        yield from self._below(int(self.left[node]), (*steps, Step(column, threshold, above=False)))
        yield from self._below(int(self.right[node]), (*steps, Step(column, threshold, above=True)))

    def save(self, target: BinaryIO) -> None:
        """Write an `.npz` of plain arrays."""
        arrays = {field.name: np.asarray(getattr(self, field.name)) for field in fields(self)}
        np.savez(target, **arrays)  # type: ignore[arg-type]  # an array may not be `allow_pickle`

    def to_bytes(self) -> bytes:
        """What `save` writes."""
        buffer = io.BytesIO()
        self.save(buffer)
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, stored: bytes) -> Self:
        """What `to_bytes` gave. Nothing is unpickled.

        Raises:
            BadFile: not such a file, or one whose arrays do not fit together.
        """
        try:
            with np.load(io.BytesIO(stored), allow_pickle=False) as arrays:
                found = {field.name: arrays[field.name] for field in fields(cls)}
            ids = tuple(int(class_id) for class_id in found.pop("class_ids"))
            width = int(found.pop("width"))
            return cls(**found, class_ids=ids, width=width)
        except (ValueError, KeyError, TypeError, OSError, EOFError, BadZipFile) as error:
            raise BadFile(f"not a stored tree: {error}") from error
