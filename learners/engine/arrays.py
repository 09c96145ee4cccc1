"""Shared array types and the checks that every public function of the engine starts with."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from learners.engine.errors import BadVectors

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.int64]
Keys = NDArray[np.uint64]


def checked_vectors(vectors: Any, *, n_dimensions: int | None = None) -> Floats:
    """The same array, known to be (n_rows, n_dimensions), floating and finite.

    Raises:
        BadVectors: another shape or dtype, or a value that is NaN or infinite.
    """
    array = np.asarray(vectors)
    if array.ndim != 2:
        raise BadVectors(f"vectors have shape {array.shape}; needed: (n_rows, n_dimensions)")
    if not np.issubdtype(array.dtype, np.floating):
        raise BadVectors(f"vectors are {array.dtype}; needed: float16, float32 or float64")
    if n_dimensions is not None and array.shape[1] != n_dimensions:
        raise BadVectors(f"vectors have {array.shape[1]} columns; the model takes {n_dimensions}")
    if not _all_finite(array):
        row = int(np.argmin(np.isfinite(array).all(axis=1)))
        raise BadVectors(f"row {row} holds a NaN or infinite value")
    return array


def _all_finite(array: Floats) -> bool:
    if array.dtype == np.float16:
        # numpy converts halves one by one: reading the exponent's bits is six times faster.
        exponents = array.view(np.uint16) & np.uint16(0x7C00)
        return not bool((exponents == 0x7C00).any())
    return bool(np.isfinite(array).all())


def as_rows(X: Any) -> Any:
    """Dense floats as float64, everything else untouched.

    Scores must not depend on how a pool was cut into blocks. Matrix products of float32 differ in
    the seventh digit with the block's height, those of float64 in the sixteenth, below `settled`.
    """
    if sparse.issparse(X) or not hasattr(X, "dtype") or not np.issubdtype(X.dtype, np.floating):
        return X
    return np.asarray(X, dtype=np.float64)
