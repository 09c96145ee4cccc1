"""k-means, the same whatever the order and the number of threads of earlier work."""

import warnings
from dataclasses import dataclass

import numpy as np
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning

from learners.engine.arrays import Floats, Ints


@dataclass(frozen=True)
class Clusters:
    """Attributes:
    centres: (n_clusters, d).
    groups: (n_rows,), the centre each row is nearest to, from 0.
    """

    centres: Floats
    groups: Ints


def k_means(
    X: Floats, n_clusters: int, rng: np.random.Generator, *, n_iterations: int = 10
) -> Clusters:
    """Lloyd's algorithm in single precision from one k-means++ start (Arthur and Vassilvitskii 2007).

    Rows must come in an order that does not depend on the pool's (see `rows.hash_order`): starts
    are drawn by position. Fewer distinct rows than clusters leave some clusters empty.
    """
    seed = int(rng.integers(0, 2**31))
    means = KMeans(min(n_clusters, len(X)), n_init=1, max_iter=n_iterations, random_state=seed)
    with warnings.catch_warnings():
        # Equal rows are no fault of the caller; the groups are right.
        warnings.simplefilter("ignore", ConvergenceWarning)
        groups = means.fit_predict(np.asarray(X - X.mean(axis=0), dtype=np.float32))
    return Clusters(means.cluster_centers_ + X.mean(axis=0), groups.astype(np.int64))
