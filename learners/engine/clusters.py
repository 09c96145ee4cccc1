"""k-means, the same whatever the order of the pool."""

from dataclasses import dataclass

import numpy as np
from sklearn.cluster import KMeans

from learners.engine.arrays import Floats, Ints
from learners.engine.rows import Singles

ALIKE = 1e-6  # squared distances below this share of the mean squared length are rounding


@dataclass(frozen=True)
class Clusters:
    """What k-means found.

    Attributes:
        centres: (n_clusters, d).
        groups: (n_rows,), the centre each row is nearest to, from 0.
    """

    centres: Floats
    groups: Ints


def k_means(
    X: Floats, n_clusters: int, rng: np.random.Generator, *, n_iterations: int = 10
) -> Clusters:
    """Lloyd's algorithm in single precision, from one k-means++ start.

    Rows must come in an order that does not depend on the pool's (see `rows.hash_order`): starts
    are drawn by position. Fewer distinct rows than `n_clusters` make fewer clusters.
    """
    centre = X.mean(axis=0)
    rows = np.ascontiguousarray(X - centre, dtype=np.float32)
    starts = rows[_starts(rows, n_clusters, rng)]
    means = KMeans(len(starts), init=starts, n_init=1, max_iter=n_iterations)
    groups = means.fit_predict(rows)
    return Clusters(means.cluster_centers_ + centre, groups.astype(np.int64))


def _starts(rows: Singles, n_starts: int, rng: np.random.Generator) -> Ints:
    """Rows drawn in proportion to their squared distance from those before (Arthur and
    Vassilvitskii 2007). scikit-learn tries several at each step, which takes ten times as long.
    """
    lengths = np.einsum("ij,ij->i", rows, rows)
    least = ALIKE * float(lengths.mean())
    starts = [int(rng.integers(len(rows)))]
    nearest = np.full(len(rows), np.inf)
    while len(starts) < n_starts:
        last = starts[-1]
        distances = (lengths + lengths[last] - 2 * (rows @ rows[last])).astype(np.float64)
        nearest = np.minimum(nearest, np.where(distances > least, distances, 0))
        sums = np.cumsum(nearest)
        if sums[-1] <= 0:
            break
        starts.append(int(np.searchsorted(sums, rng.random() * sums[-1], side="right")))
    return np.array(starts, np.int64)
