"""k-means medoids: one text from the middle of each kind of text.

Zhu et al. 2008, "Active learning with sampling by uncertainty and density for word sense
disambiguation and text classification" (COLING), take cluster centres as the first examples; Kang,
Ryu and Kwon 2004, "Using cluster-based sampling to select initial training set for active learning
in text classification" (PAKDD), the row nearest to each centre.
"""

import numpy as np

from learners.engine.arrays import Floats, Ints
from learners.engine.clusters import Clusters, k_means
from learners.engine.rows import hash_order
from learners.engine.seeds.grouped import in_turns
from learners.engine.ties import settled


def kmeans_medoids(X: Floats, n: int, rng: np.random.Generator) -> Ints:
    """The rows of X (n_rows, d) nearest to the centres of `n` clusters, largest cluster first, (n,).

    All rows when there are not more than `n`. Rows are distinct; their order in X does not matter.
    """
    order = hash_order(X, rng)
    rows = X[order].astype(np.float64)
    if not len(rows) or n < 1:
        return np.empty(0, np.int64)
    clusters = k_means(rows, min(n, len(rows)), rng)
    none_labelled = np.zeros(len(rows), dtype=bool)
    return order[in_turns(clusters.groups, centrality(rows, clusters), none_labelled, n).rows]


def centrality(rows: Floats, clusters: Clusters) -> Floats:
    """Minus the squared distance to the own cluster's centre, (n_rows,), at most 0."""
    off = rows - clusters.centres[clusters.groups]
    return -settled(np.einsum("ij,ij->i", off, off))
