"""A small decision tree for the rows of a table, which can be read as a list of rules.

Breiman, Friedman, Olshen and Stone 1984, "Classification and regression trees". Leaf frequencies of
a small tree are extreme, so they are drawn towards the classes' shares by an m-estimate (Cestnik
1990, "Estimating probabilities: a crucial task in machine learning", ECAI; Provost and Domingos 2003,
"Tree induction for probability-based ranking", Machine Learning 52). Depth and m are chosen by
cross-validation on the training labels alone.
"""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.tree import DecisionTreeClassifier

from learners.engine.errors import NotFitted
from learners.engine.heads.base import check_training_set
from learners.engine.heads.stored_tree import LEAF, TreeHead, raw

DEPTHS = (1, 2, 3, 4)
STRENGTHS = (0.5, 1.0, 2.0, 4.0, 8.0)
SMALLEST_LEAF = 2
N_FOLDS = 5
SAME = 2.0**-8  # four times what two roundings to halves can make of a quotient


class SmallTree(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Fits a `TreeHead`, which stands in `tree_` afterwards."""

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train on rows of a table (n_rows, n_dimensions) and class ids (n_rows,).

        Raises:
            OneClassOnly: fewer than two classes among `y`.
            BadVectors: shapes that do not agree, or rows that are no table's.
        """
        check_training_set(X, y)
        rows, labels = settled(raw(np.asarray(X, np.float64))), np.asarray(y)
        weights = np.ones(len(rows)) if sample_weight is None else np.asarray(sample_weight, float)
        self.classes_ = np.unique(labels)
        codes = np.searchsorted(self.classes_, labels)
        depth, strength = _chosen(rows, codes, weights, len(self.classes_))
        shape = _shape(rows, codes, weights, depth)
        self.tree_ = stored(shape, rows, codes, weights, strength=strength, classes=self.classes_)
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


def settled(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Values that differ by no more than halves lose, as one value, column by column.

    Stored vectors are halves and normalised: the same cell comes back a thousandth larger or smaller,
    the more other columns weigh. A tree would split there, and tell rows apart by nothing.
    """
    found = rows.copy()
    for column in found.T:
        order = np.argsort(column, kind="stable")
        values = column[order]
        start = 0
        for end in range(1, len(values) + 1):
            if end == len(values) or values[end] - values[start] > SAME * abs(values[start]):
                column[order[start:end]] = values[start:end].mean()
                start = end
    return found


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


def stored(
    shape: Any, rows: Any, codes: Any, weights: Any, *, strength: float, classes: Any
) -> TreeHead:
    """A grown `tree_` of scikit-learn as plain arrays; frequencies drawn by `strength` towards the
    classes' shares. rows (n, d), codes (n,) places in `classes`, weights (n,).
    """
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
