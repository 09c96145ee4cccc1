"""ProbCover: balls of one radius around the labelled texts, covering as much of the pool as can be.

The radius is the largest at which a ball rarely reaches into another kind of text.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from learners.engine.arrays import Floats, Ints, as_rows
from learners.engine.clusters import k_means
from learners.engine.rows import (
    Singles,
    hash_order,
    labelled,
    n_classes,
    seen,
    squared_distances,
)
from learners.engine.strategies.base import Strategy, worded
from learners.engine.strategies.herding import greedy_cover

SUBSET = 2_048  # rows drawn by hash: both those that may be asked and those to be covered
MAX_QUEUE = 1_000
PURITY = 0.95  # the paper's share of balls that stay within one cluster
N_KINDS = 10  # clusters while fewer than two classes are known


def probcover_sampling(
    learner: Any, X_pool: Any, n_instances: int = 1, *, rng: np.random.Generator, **kwargs: Any
) -> tuple[Ints, NDArray[np.float64]]:
    """Rows whose ball covers most that no labelled row's ball covers, greedily. Yehuda et al. 2022.

    Clusters by k-means, as many as classes are known, stand for the classes when the radius is
    chosen. Needs no trained model. A longer queue begins with the shorter one; when all is
    covered, the rows left follow in random order.

    Returns:
        Indices (n,) and scores (n,) in [0, 1]: the share of the rows that the pick newly covers.
    """
    if X_pool.shape[0] == 0 or n_instances < 1:
        return np.empty(0, np.int64), np.empty(0)
    order = hash_order(X_pool, rng)[: max(SUBSET, n_instances)]
    rows = seen(learner, as_rows(X_pool[order]))
    targets = rows[:SUBSET]
    known_classes = n_classes(learner)
    groups = k_means(targets, known_classes if known_classes > 1 else N_KINDS, rng).groups
    distances = squared_distances(rows, targets)
    radius = squared_radius(distances[: len(targets)], groups)
    covered: Singles = np.zeros(len(targets), np.float32)
    if (known := labelled(learner)) is not None:
        reached = (squared_distances(known, targets) < radius).any(axis=0)
        covered = np.asarray(reached, dtype=np.float32)
    shares = np.full(len(targets), 1 / len(targets), np.float32)
    reach: Singles = (distances < radius).astype(np.float32)
    picks, gains = greedy_cover(reach, covered, shares, n_instances)
    return order[picks], gains


def squared_radius(distances: Singles, groups: Ints) -> float:
    """The largest radius, squared, at which `PURITY` of the balls hold one cluster only.

    A ball is pure up to the nearest row of another cluster, so the radius is a quantile of these
    distances: no search. distances: squared, (n, n). groups: (n,).
    """
    apart = np.where(groups[:, None] == groups, np.inf, distances).min(axis=1)
    nearest = np.sort(apart[np.isfinite(apart)])
    if not len(nearest):
        return 0.0  # one cluster: all rows are alike
    return float(nearest[int((1 - PURITY) * len(nearest))])


def explain(learner: Any, X_picked: Any, scores: Floats) -> list[str]:
    return worded("close to {:.1f} % of the texts, none of them near a labelled one", 100 * scores)


STRATEGY = Strategy(
    name="probcover",
    label="ProbCover",
    description=(
        "Texts close to the most others that no labelled text is close to. "
        "Does not ask the model how sure it is, and chooses the first questions too. "
        f"Looks at {SUBSET:,} texts drawn at random from a larger pool."
    ),
    paper=(
        "Yehuda, Dekel, Hacohen and Weinshall 2022, Active learning through a covering lens, "
        "arXiv 2205.11320"
    ),
    score_range="share of the pool newly covered, from 0 to 1",
    query=probcover_sampling,
    explain=explain,
    needs_model=False,
    max_pool=SUBSET,
    max_queue=MAX_QUEUE,
    for_="both",
    assumes="One radius suits the whole pool, and clusters are much like the classes.",
    fails_when=(
        "Texts of different classes lie close together: the radius is then so small that each "
        "text covers little but itself, and the questions are nearly random."
    ),
)
