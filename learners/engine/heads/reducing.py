"""Fewer columns for the same penalised linear model."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def reduced(X: Array) -> tuple[Array, Array]:
    """X (n, d) as `narrow @ axes`, narrow (n, r) with r = min(n, d) and orthonormal axes (r, d).

    A penalised linear model has no use for directions in which no row lies, so it is the same model.
    """
    if X.shape[0] >= X.shape[1]:
        return X, np.eye(X.shape[1])
    basis, coordinates = np.linalg.qr(X.T)
    return coordinates.T, basis.T
