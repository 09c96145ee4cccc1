"""Typical points: the text with the closest neighbours in each kind of text.

Hacohen, Dekel and Weinshall 2022, "Active learning on a budget: opposite strategies suit high and
low budgets" (arXiv 2202.02794). Typicality is one over the mean distance to the nearest neighbours.
"""

import numpy as np

from learners.engine.arrays import Floats, Ints
from learners.engine.clusters import k_means
from learners.engine.rows import hash_order, squared_distances
from learners.engine.seeds.grouped import in_turns
from learners.engine.ties import settled

N_NEIGHBOURS = 20  # the paper's


def typical_points(X: Floats, n: int, rng: np.random.Generator) -> Ints:
    """The most typical row of each of `n` clusters of X (n_rows, d), largest cluster first, (n,).

    All rows when there are not more than `n`. Rows are distinct; their order in X does not matter.
    """
    order = hash_order(X, rng)
    rows = X[order].astype(np.float64)
    if not len(rows) or n < 1:
        return np.empty(0, np.int64)
    groups = k_means(rows, min(n, len(rows)), rng).groups
    none_labelled = np.zeros(len(rows), dtype=bool)
    return order[in_turns(groups, typicality(rows, groups), none_labelled, n).rows]


def typicality(rows: Floats, groups: Ints) -> Floats:
    """Minus the mean distance to the `N_NEIGHBOURS` nearest rows of the own cluster, (n_rows,).

    The paper's inverse orders alike, and has no pole at equal rows.
    """
    found = np.zeros(len(rows))
    for group in np.unique(groups):
        members = np.flatnonzero(groups == group)
        n_near = min(N_NEIGHBOURS, len(members) - 1)
        if n_near < 1:
            continue
        distances = np.sqrt(squared_distances(rows[members], rows[members]))
        np.fill_diagonal(distances, 0)
        nearest = np.partition(distances, n_near, axis=1)[:, : n_near + 1]
        found[members] = -nearest.sum(axis=1) / n_near
    return settled(found)
