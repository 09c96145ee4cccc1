"""A small decision tree for the rows of a table, which can be read as a list of rules.

Breiman, Friedman, Olshen and Stone 1984, "Classification and regression trees". Leaf frequencies of
a small tree are extreme, so they are drawn towards the classes' shares by an m-estimate (Cestnik
1990, "Estimating probabilities: a crucial task in machine learning", ECAI; Provost and Domingos 2003,
"Tree induction for probability-based ranking", Machine Learning 52). Depth and m are chosen by
cross-validation on the training labels alone.
"""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any, BinaryIO, Self
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.tree import DecisionTreeClassifier

from learners.engine.arrays import Floats, checked_vectors
from learners.engine.errors import BadFile, BadVectors, NotFitted
from learners.engine.heads.base import check_training_set

DEPTHS = (1, 2, 3, 4)
STRENGTHS = (0.5, 1.0, 2.0, 4.0, 8.0)
SMALLEST_LEAF = 2
N_FOLDS = 5
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
            return cls(**found, class_ids=ids, width=int(found.pop("width")))
        except (ValueError, KeyError, TypeError, OSError, EOFError, BadZipFile) as error:
            raise BadFile(f"not a stored tree: {error}") from error


class SmallTree(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Fits a `TreeHead`, which stands in `tree_` afterwards."""

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train on rows of a table (n_rows, n_dimensions) and class ids (n_rows,).

        Raises:
            OneClassOnly: fewer than two classes among `y`.
            BadVectors: shapes that do not agree, or rows that are no table's.
        """
        check_training_set(X, y)
        rows, labels = raw(np.asarray(X, np.float64)), np.asarray(y)
        weights = np.ones(len(rows)) if sample_weight is None else np.asarray(sample_weight, float)
        self.classes_ = np.unique(labels)
        codes = np.searchsorted(self.classes_, labels)
        depth, strength = _chosen(rows, codes, weights, len(self.classes_))
        self.tree_ = _grown(rows, codes, weights, depth, strength, self.classes_)
        return self

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """(n_rows, n_classes). Raises NotFitted, BadVectors."""
        return self._fitted().predict_proba(np.asarray(X, np.float64))

    def predict(self, X: Any) -> NDArray[Any]:
        """The likeliest class of each row, (n_rows,). Raises NotFitted, BadVectors."""
        likeliest: NDArray[Any] = self.classes_[self.predict_proba(X).argmax(axis=1)]
        return likeliest

    def _fitted(self) -> TreeHead:
        tree: TreeHead | None = getattr(self, "tree_", None)
        if tree is None:
            raise NotFitted("the tree was never trained")
        return tree


def _chosen(
    rows: NDArray[np.float32], codes: NDArray[np.int64], weights: NDArray[Any], n_classes: int
) -> tuple[int, float]:
    """Depth and strength with the least log loss on rows that the tree did not see.

    Rows are dealt to the folds class by class, so that nothing is drawn.
    """
    place = np.empty(len(codes), np.int64)
    for code in range(n_classes):
        of_class = np.flatnonzero(codes == code)
        place[of_class] = np.arange(len(of_class))
    fold = place % N_FOLDS
    losses = np.zeros((len(DEPTHS), len(STRENGTHS)))
    for held_out in (fold == number for number in range(int(fold.max()) + 1)):
        seen = ~held_out
        if not seen.any():
            break
        for i, depth in enumerate(DEPTHS):
            shape = _shape(rows[seen], codes[seen], weights[seen], depth)
            leaf = shape.apply(rows[held_out])
            sums = _sums(shape, rows[seen], codes[seen], weights[seen], n_classes)
            for j, strength in enumerate(STRENGTHS):
                likely = _drawn(sums, strength)[leaf, codes[held_out]]
                losses[i, j] -= (np.log(likely) * weights[held_out]).sum()
    if not losses.any():  # one row a class: nothing can be held out
        return 1, 2.0
    best = np.unravel_index(int(losses.argmin()), losses.shape)
    return DEPTHS[best[0]], STRENGTHS[best[1]]


def _shape(rows: Any, codes: Any, weights: Any, depth: int) -> Any:
    tree = DecisionTreeClassifier(
        max_depth=depth,
        min_samples_leaf=min(SMALLEST_LEAF, max(1, len(rows) // 4)),
        random_state=0,  # ties among columns fall the same way each time
    )
    return tree.fit(rows, codes, sample_weight=weights).tree_


def _sums(shape: Any, rows: Any, codes: Any, weights: Any, n_classes: int) -> NDArray[np.float64]:
    """Weight of each class at each node, (n_nodes, n_classes), also at inner ones."""
    path = shape.decision_path(np.asarray(rows, np.float32))
    of_class = np.zeros((len(codes), n_classes))
    of_class[np.arange(len(codes)), codes] = weights
    sums: NDArray[np.float64] = path.T @ of_class
    return sums


def _drawn(sums: NDArray[np.float64], strength: float) -> NDArray[np.float64]:
    """Frequencies at each node, drawn towards the classes' shares (each seen once more)."""
    prior = (sums[0] + 1) / (sums[0].sum() + len(sums[0]))
    drawn: NDArray[np.float64] = (sums + strength * prior) / (
        sums.sum(axis=1, keepdims=True) + strength
    )
    return drawn


def _grown(
    rows: Any, codes: Any, weights: Any, depth: int, strength: float, classes: Sequence[Any]
) -> TreeHead:
    shape = _shape(rows, codes, weights, depth)
    sums = _sums(shape, rows, codes, weights, len(classes))
    counts = _sums(shape, rows, codes, np.ones(len(codes)), len(classes))
    is_leaf = np.asarray(shape.children_left) < 0
    return TreeHead(
        dimension=np.where(is_leaf, LEAF, shape.feature).astype(np.int64),
        threshold=np.where(is_leaf, 0.0, shape.threshold).astype(np.float32),
        left=np.where(is_leaf, LEAF, shape.children_left).astype(np.int64),
        right=np.where(is_leaf, LEAF, shape.children_right).astype(np.int64),
        counts=counts.astype(np.int64),
        probabilities=_drawn(sums, strength),
        class_ids=tuple(int(class_id) for class_id in classes),
        width=rows.shape[1] + 1,
    )
