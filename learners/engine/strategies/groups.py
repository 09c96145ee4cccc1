"""What strategies that group the pool share: as many clusters as labels and a batch, in turns."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from learners.engine.arrays import Floats, Ints, as_rows
from learners.engine.clusters import Clusters, k_means
from learners.engine.rows import hash_order, labelled, seen
from learners.engine.seeds.grouped import in_turns

SUBSET = 2_048  # rows of the pool, drawn by hash
MAX_QUEUE = 1_000
BATCH = 16  # clusters besides one for each label, so that some are without one
MAX_CLUSTERS = 256


def group_sampling(
    learner: Any,
    X_pool: Any,
    n_instances: int,
    quality: Callable[[Floats, Clusters], Floats],
    *,
    rng: np.random.Generator,
) -> tuple[Ints, NDArray[np.float64]]:
    """k-means over labelled and unlabelled rows; clusters with the fewest labels first.

    There are labels + `BATCH` clusters (Hacohen et al. 2022 take the batch they are asked for; a
    fixed number lets a longer queue begin with the shorter one), at most `MAX_CLUSTERS`. When each
    cluster has had its turn, the next best rows follow.

    Args:
        quality: of each row in its cluster, (n_rows,), higher is asked sooner.

    Returns:
        Indices (n,) and scores (n,) as `Turns`.
    """
    if X_pool.shape[0] == 0 or n_instances < 1:
        return np.empty(0, np.int64), np.empty(0)
    order = hash_order(X_pool, rng)[: max(SUBSET, n_instances)]
    rows = seen(learner, as_rows(X_pool[order]))
    known = labelled(learner)
    if known is not None:
        rows = np.concatenate([rows, known])
    is_labelled = np.arange(len(rows)) >= len(order)
    clusters = k_means(rows, min(int(is_labelled.sum()) + BATCH, MAX_CLUSTERS), rng)
    turns = in_turns(clusters.groups, quality(rows, clusters), is_labelled, n_instances)
    return order[turns.rows], turns.scores
