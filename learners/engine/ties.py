"""Choosing the best rows, with ties broken by a seeded hash: never by row number or pool order.

An unstable or positional tie-break is how active learning silently turns into reading the file
from the top: a model that scores a thousand rows alike would ask for neighbours.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from learners.engine.arrays import Floats, Ints, Keys

DECIMALS = 9
HASHED_ROWS = 8_192


def settled(scores: Floats) -> NDArray[np.float64]:
    """Scores rounded to 9 decimals, so that noise of the last bits cannot order equal rows."""
    doubles = scores.astype(np.float64)
    rounded: NDArray[np.float64] = np.round(doubles, DECIMALS) + 0.0  # no -0
    return rounded


def salt(rng: np.random.Generator) -> int:
    """One draw that makes all tie keys of one ranking: the only randomness a tie-break takes."""
    return int(rng.integers(0, 2**63))


def mixed(values: Keys) -> Keys:
    """splitmix64's finaliser (Steele, Lea and Flood 2014): spreads every input bit over 64 bits."""
    mixed_values = values.copy()
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed_values ^= mixed_values >> np.uint64(shift)
        mixed_values *= np.uint64(factor)
    return mixed_values ^ (mixed_values >> np.uint64(31))


def id_keys(ids: Ints, salt: int) -> Keys:
    """A pseudo-random key per id, (n_rows,), the same wherever the id stands."""
    return mixed(mixed(ids.astype(np.int64).view(np.uint64)) ^ np.uint64(salt))


def row_keys(X: Any, salt: int) -> Keys:
    """A pseudo-random key per row, (n_rows,), made from the row's content alone.

    Multiply-shift hashing (Dietzfelbinger et al. 1997) over the values' bits, so that shuffling a
    pool shuffles its keys with it. Equal rows get equal keys. X: dense or sparse, (n_rows, d).
    """
    factors = np.random.default_rng(salt).integers(0, 2**64, size=X.shape[1], dtype=np.uint64)
    factors |= np.uint64(1)
    if sparse.issparse(X):
        return _sparse_keys(X, factors)
    sums = np.empty(X.shape[0], np.uint64)
    for start in range(0, len(sums), HASHED_ROWS):  # else three copies of the pool in memory
        chunk = slice(start, start + HASHED_ROWS)
        sums[chunk] = (_bits(X[chunk]) * factors).sum(axis=1, dtype=np.uint64)
    return mixed(sums)


def _sparse_keys(X: Any, factors: Keys) -> Keys:
    rows = X.tocsr()
    terms = _bits(rows.data) * factors[rows.indices]
    sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(terms, dtype=np.uint64)])
    return mixed(sums[rows.indptr[1:]] - sums[rows.indptr[:-1]])


def _bits(values: NDArray[Any]) -> Keys:
    # One dtype for all: a float16 copy of the same pool must give the same picks. + 0.0 joins -0 and 0.
    doubles = np.ascontiguousarray(values, dtype=np.float64) + 0.0
    bits = doubles.view(np.uint64)
    # Halves swapped: round numbers and half floats differ in the upper half only, and a product
    # modulo 2^64 would push that out at the top.
    return (bits << np.uint64(32)) | (bits >> np.uint64(32))


def best_rows(
    scores: Floats, X: Any, n_instances: int, *, rng: np.random.Generator
) -> tuple[Ints, NDArray[np.float64]]:
    """The `n_instances` highest scores, best first; all rows when the pool is smaller.

    Args:
        scores: (n_rows,), higher is asked sooner.
        X: (n_rows, d), the rows scored; their content breaks ties, by a hash that `rng` salts.

    Returns:
        Indices (n,) and scores (n,), with n = min(n_instances, n_rows).
    """
    exact = settled(scores)
    n_best = min(n_instances, len(exact))
    if n_best <= 0:
        return np.empty(0, np.int64), np.empty(0)
    worst = np.partition(exact, len(exact) - n_best)[len(exact) - n_best]
    candidates = np.flatnonzero(exact >= worst)
    content = row_keys(X[candidates], salt(rng))
    # Rows of equal content are the same text to a model; a permutation keeps them off file order.
    order = np.lexsort((rng.permutation(len(candidates)), content, -exact[candidates]))[:n_best]
    chosen = candidates[order]
    return chosen.astype(np.int64), exact[chosen]
