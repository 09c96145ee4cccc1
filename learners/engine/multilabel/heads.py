"""A fitted multi-label head: a row of coefficients, an intercept and a threshold for each class."""

import io
from dataclasses import dataclass
from typing import Any, BinaryIO, Self
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from learners.engine.arrays import Floats, checked_vectors
from learners.engine.errors import BadFile

HEAD_NAME = "One logistic regression a class (C=10, balanced)"
KIND = "multilabel"


@dataclass(frozen=True, eq=False)
class MultiLabelHead:
    """A text has a class where sigmoid(vectors @ coef.T + intercept) reaches its threshold.

    Attributes:
        coef: float64 (n_classes, n_dimensions).
        intercept: float64 (n_classes,).
        class_ids: which class each row asks about.
        thresholds: float64 (n_classes,), between 0 and 1.
    """

    coef: NDArray[np.float64]
    intercept: NDArray[np.float64]
    class_ids: tuple[int, ...]
    thresholds: NDArray[np.float64]

    def __post_init__(self) -> None:
        n = len(self.class_ids)
        shapes = {self.intercept.shape, self.thresholds.shape}
        if self.coef.ndim != 2 or len(self.coef) != n or shapes != {(n,)} or not n:
            raise BadFile(
                f"a multi-label head of {n} classes has coefficients {self.coef.shape}, intercepts "
                f"{self.intercept.shape} and thresholds {self.thresholds.shape}"
            )
        if len(set(self.class_ids)) != n:
            raise BadFile(f"a multi-label head names a class twice: {self.class_ids}")
        if not (np.isfinite(self.coef).all() and np.isfinite(self.intercept).all()):
            raise BadFile("a head's coefficients hold a NaN or infinite value")
        if not ((self.thresholds > 0) & (self.thresholds < 1)).all():
            raise BadFile("a threshold does not lie between 0 and 1")

    @classmethod
    def from_estimator(
        cls, estimator: Any, *, class_ids: Any, thresholds: NDArray[np.float64]
    ) -> Self:
        """From a fitted `OneVsRestLogistic` whose columns are `class_ids`."""
        ids = tuple(int(class_id) for class_id in class_ids)
        return cls(estimator.coef_.copy(), estimator.intercept_.copy(), ids, thresholds)

    @property
    def n_dimensions(self) -> int:
        return int(self.coef.shape[1])

    def predict_proba(self, vectors: Floats) -> NDArray[np.float64]:
        """P(class) of each class by itself, (n_rows, n_classes), columns as in `class_ids`.

        Raises:
            BadVectors: not (n_rows, n_dimensions), or not finite.
        """
        rows = checked_vectors(vectors, n_dimensions=self.n_dimensions)
        probabilities: NDArray[np.float64] = expit(
            rows.astype(np.float64) @ self.coef.T + self.intercept
        )
        return probabilities

    def predict(self, vectors: Floats) -> NDArray[np.bool_]:
        """Which classes each row has, (n_rows, n_classes)."""
        return self.predict_proba(vectors) >= self.thresholds

    def save(self, target: BinaryIO) -> None:
        """Write an `.npz` of plain arrays."""
        np.savez(
            target,
            kind=np.array(KIND),
            coef=self.coef,
            intercept=self.intercept,
            class_ids=np.array(self.class_ids, dtype=np.int64),
            thresholds=self.thresholds,
        )

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
        names = ("coef", "intercept", "class_ids", "thresholds")
        try:
            with np.load(io.BytesIO(stored), allow_pickle=False) as arrays:
                kind = str(arrays["kind"])
                found = {name: arrays[name] for name in names}
        except (ValueError, KeyError, OSError, EOFError, AttributeError, BadZipFile) as error:
            raise BadFile(f"not a stored multi-label head: {error}") from error
        if kind != KIND:
            raise BadFile(f"a head of kind {kind!r}; needed: {KIND!r}")
        ids = tuple(int(class_id) for class_id in found["class_ids"])
        coef, intercept, thresholds = (
            found[name].astype(float) for name in names if name != "class_ids"
        )
        return cls(coef, intercept, ids, thresholds)
