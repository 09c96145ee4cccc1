"""The head of a linear rung: which one is decided by the training labels alone.

Candidates: logistic regression whose strength leaving labels out chooses, and logistic regression that
also learns from the pool (`heads.self_trained`). The one that predicts more training labels in five
folds is kept, the first where they are even (Stone 1974, "Cross-validatory choice and assessment of
statistical predictions", Journal of the Royal Statistical Society B 36(2)). Soft labels have a head of
their own (`rungs.soft`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from learners.engine.heads import Head
from learners.engine.heads.keeping import FittedHead, head_from
from learners.engine.rungs.base import TrainingData
from learners.engine.rungs.soft import fit_soft
from learners.engine.training import make_estimator

CANDIDATES = ("logistic_loo", "self_trained")
N_FOLDS = 5
Doubles = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Material:
    """What a head is trained on.

    Attributes:
        X: (n + n_names, d), vectors of the examples and then of the classes' names.
        y: (n + n_names,), class ids. weights: (n + n_names,).
        n: how many are examples. pool: (n_pool, d), vectors without a label.
        targets: (n + n_names, k), soft labels; None where `y` is all there is.
        class_ids: (k,), of the columns of `targets`.
    """

    X: Doubles
    y: NDArray[np.int64]
    weights: Doubles
    n: int
    pool: Doubles
    targets: Doubles | None
    class_ids: tuple[int, ...]

    @classmethod
    def of(cls, vectors: NDArray[Any], data: TrainingData) -> Self:
        """From the vectors of `data`'s texts, then its names, then texts of its pool."""
        n, n_names = len(data.texts), len(data.names)
        rows = np.asarray(vectors, np.float64)
        known = np.array([each for _, each in data.names], np.int64)
        one_hot = (known[:, None] == np.array(data.classes)).astype(float)
        used = np.append(np.ones(n, bool), np.isin(known, data.classes))
        soft = None if data.soft is None else np.concatenate([data.targets, one_hot])[used]
        return cls(
            X=rows[: n + n_names][used],
            y=np.concatenate([data.y, known])[used],
            weights=np.concatenate([data.row_weights, np.ones(n_names)])[used],
            n=n,
            pool=rows[n + n_names :],
            targets=soft,
            class_ids=data.classes,
        )

    def without(self, rows: NDArray[np.intp]) -> "Material":
        """All but these examples."""
        kept = np.delete(np.arange(len(self.y)), rows)
        return replace(self, X=self.X[kept], y=self.y[kept], weights=self.weights[kept])


def fit_linear(
    material: Material, *, rng: np.random.Generator, candidates: Sequence[str] = CANDIDATES
) -> tuple[Head, str]:
    """The head and the name of its kind. Raises `OneClassOnly`, `BadVectors`."""
    if material.targets is not None:
        return fit_soft(material.X, material.targets, material.weights, material.class_ids), "soft"
    head, name = fit_best(material, rng=rng, candidates=candidates)
    assert isinstance(head, Head)
    return head, name


def fit_best(
    material: Material, *, rng: np.random.Generator, candidates: Sequence[str]
) -> tuple[FittedHead, str]:
    """The candidate that predicts most training labels in folds, fitted on all of them."""
    usable = [name for name in candidates if name != "self_trained" or len(material.pool)]
    usable = usable or list(candidates)  # without a pool it is the head that it starts from
    seed = int(rng.integers(2**31))
    folds = _folds(material)
    n_right = [_n_right(name, material, folds, seed) for name in usable] if len(usable) > 1 else [0]
    best = usable[int(np.argmax(n_right))]
    return head_from(_fitted(best, material, seed)), best


def _fitted(name: str, material: Material, seed: int) -> Any:
    estimator = make_estimator(name, np.random.default_rng(seed), pool=material.pool)
    return estimator.fit(material.X, material.y, material.weights)


def _n_right(name: str, material: Material, folds: Sequence[Any], seed: int) -> float:
    """Weight of the examples that are predicted right by a model that did not see them."""
    n_right = 0.0
    for rows in folds:
        model = _fitted(name, material.without(rows), seed)
        right = model.predict(material.X[rows]) == material.y[rows]
        n_right += float(material.weights[rows][right].sum())
    return n_right


def _folds(material: Material) -> list[NDArray[np.intp]]:
    """Examples dealt to folds class by class, without those whose class is gone without the fold:
    nothing is drawn."""
    place = np.empty(material.n, np.int64)
    y = material.y[: material.n]
    for class_id in np.unique(y):
        of_class = np.flatnonzero(y == class_id)
        place[of_class] = np.arange(len(of_class))
    folds = [np.flatnonzero(place % N_FOLDS == fold) for fold in range(N_FOLDS)]
    return [rows for rows in folds if len(rows) and len(set(material.without(rows).y)) > 1]
