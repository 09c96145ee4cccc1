"""The small classifier on top of frozen vectors: what every kind ends as, is kept as and read back."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, BinaryIO, Self
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from learners.engine.arrays import Floats, checked_vectors
from learners.engine.errors import BadFile, BadVectors, OneClassOnly


@dataclass(frozen=True)
class HeadKind:
    """One way to train a head.

    Attributes:
        name: what projects and recipes store.
        label, description: for people; a few words, and a sentence or two.
        paper: where the idea comes from.
        make: gives an unfitted scikit-learn classifier with `fit(X, y, sample_weight=None)`; fitted,
            a "vectors" head has `classes_`, `coef_` and `intercept_` and is softmax(Xw + b), so that
            `Head.from_estimator` reads it.
        kind: "vectors" for heads on dense vectors, "table" for heads on the columns of a table,
            "multilabel" for heads on dense vectors whose labels are (n, k).
        learns_from_pool: its estimator has an attribute `pool`, unlabelled rows (n_pool, d), which
            `training.make_estimator` sets.
    """

    name: str
    label: str
    description: str
    paper: str
    make: Callable[[], Any]
    kind: str = "vectors"
    learns_from_pool: bool = False


def check_training_set(X: Any, y: Any) -> None:
    """Raises OneClassOnly or BadVectors on what no classifier can be trained on."""
    rows = checked_vectors(X)
    labels = np.asarray(y)
    if labels.shape != (len(rows),):
        raise BadVectors(
            f"{len(rows)} vectors have labels of shape {labels.shape}; needed: one each"
        )
    classes = np.unique(labels)
    if len(classes) < 2:
        found = f"all {len(labels)} are of class {classes[0]}" if len(classes) else "there are none"
        raise OneClassOnly(f"training needs labels of two classes; {found}")


@dataclass(frozen=True, eq=False)
class Head:
    """A fitted linear classifier: softmax(vectors @ coef.T + intercept).

    Attributes:
        coef: float64 (n_classes, n_dimensions).
        intercept: float64 (n_classes,).
        class_ids: what each row predicts, in the order of the rows.
    """

    coef: NDArray[np.float64]
    intercept: NDArray[np.float64]
    class_ids: tuple[int, ...]

    def __post_init__(self) -> None:
        n_classes = len(self.class_ids)
        if self.coef.ndim != 2 or self.coef.shape[0] != n_classes or n_classes < 2:
            raise BadFile(f"a head of {n_classes} classes has coefficients {self.coef.shape}")
        if self.intercept.shape != (n_classes,) or len(set(self.class_ids)) != n_classes:
            raise BadFile(
                f"a head of {n_classes} classes has intercepts {self.intercept.shape} "
                f"and class ids {self.class_ids}"
            )
        if not (np.isfinite(self.coef).all() and np.isfinite(self.intercept).all()):
            raise BadFile("a head's coefficients hold a NaN or infinite value")

    @classmethod
    def from_estimator(cls, estimator: Any) -> Self:
        """From a fitted head of kind "vectors", or a scikit-learn `LogisticRegression`, with integer classes.

        scikit-learn keeps one row for two classes, p = sigmoid(z); two rows ∓z/2 give the same
        softmax, so that nobody further down has to know of a special case.
        """
        coef = np.asarray(estimator.coef_, dtype=np.float64)
        intercept = np.asarray(estimator.intercept_, dtype=np.float64)
        if len(coef) == 1 and len(estimator.classes_) == 2:
            coef = np.concatenate([-coef / 2, coef / 2])
            intercept = np.concatenate([-intercept / 2, intercept / 2])
        return cls(coef, intercept, tuple(int(class_id) for class_id in estimator.classes_))

    @property
    def n_dimensions(self) -> int:
        return int(self.coef.shape[1])

    def predict_proba(self, vectors: Floats) -> NDArray[np.float64]:
        """(n_rows, n_classes), rows sum to 1, columns in the order of `class_ids`.

        Raises:
            BadVectors: not (n_rows, n_dimensions), or not finite.
        """
        rows = checked_vectors(vectors, n_dimensions=self.n_dimensions)
        probabilities: NDArray[np.float64] = softmax(
            rows.astype(np.float64) @ self.coef.T + self.intercept, axis=1
        )
        return probabilities

    def predict(self, vectors: Floats) -> NDArray[np.int64]:
        """The likeliest class id of each row, (n_rows,)."""
        ids = np.array(self.class_ids, dtype=np.int64)
        likeliest: NDArray[np.int64] = ids[self.predict_proba(vectors).argmax(axis=1)]
        return likeliest

    def save(self, target: BinaryIO) -> None:
        """Write an `.npz` of plain arrays."""
        np.savez(
            target,
            coef=self.coef,
            intercept=self.intercept,
            class_ids=np.array(self.class_ids, dtype=np.int64),
        )

    def to_bytes(self) -> bytes:
        """What `save` writes."""
        buffer = io.BytesIO()
        self.save(buffer)
        return buffer.getvalue()

    @classmethod
    def load(cls, source: BinaryIO) -> Self:
        """Read what `save` wrote. Nothing is unpickled.

        Raises:
            BadFile: not such a file, or one whose arrays do not fit together.
        """
        try:
            with np.load(source, allow_pickle=False) as arrays:
                found = {name: arrays[name] for name in ("coef", "intercept", "class_ids")}
        except (ValueError, KeyError, OSError, EOFError, AttributeError, BadZipFile) as error:
            raise BadFile(f"not a stored head: {error}") from error
        ids = tuple(int(class_id) for class_id in found["class_ids"])
        return cls(found["coef"].astype(float), found["intercept"].astype(float), ids)

    @classmethod
    def from_bytes(cls, stored: bytes) -> Self:
        """What `to_bytes` gave."""
        return cls.load(io.BytesIO(stored))
