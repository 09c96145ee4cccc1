"""TypiClust: the most typical text of each kind that has no label yet.

The pool is grouped anew for every queue, into more groups the more labels there are.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from learners.engine.arrays import Floats, Ints
from learners.engine.clusters import Clusters
from learners.engine.seeds.typical_points import typicality
from learners.engine.strategies.base import Strategy
from learners.engine.strategies.groups import MAX_QUEUE, SUBSET, group_sampling


def _typicality(rows: Floats, clusters: Clusters) -> Floats:
    return typicality(rows, clusters.groups)


def typiclust_sampling(
    learner: Any, X_pool: Any, n_instances: int = 1, *, rng: np.random.Generator, **kwargs: Any
) -> tuple[Ints, NDArray[np.float64]]:
    """The most typical rows of the largest clusters without a label. Hacohen et al. 2022.

    Needs no trained model; the labelled rows only say which clusters have been asked from. See
    `group_sampling` for the scores. A longer queue begins with the shorter one.
    """
    return group_sampling(learner, X_pool, n_instances, _typicality, rng=rng)


def explain(learner: Any, X_picked: Any, scores: Floats) -> list[str]:
    return ["typical of a kind of text with few labels"] * len(scores)


STRATEGY = Strategy(
    name="typiclust",
    label="Typical points (TypiClust)",
    description=(
        "The most typical text of each kind that has no label yet. "
        "Does not ask the model how sure it is, and chooses the first questions too. "
        f"Looks at {SUBSET:,} texts drawn at random from a larger pool."
    ),
    paper="Hacohen, Dekel and Weinshall 2022, Active learning on a budget, arXiv 2202.02794",
    score_range="the group's share of the pool, less the texts it was asked for before; at most 1",
    query=typiclust_sampling,
    explain=explain,
    needs_model=False,
    max_pool=SUBSET,
    max_queue=MAX_QUEUE,
    for_="both",
    assumes="Texts that lie together mostly have the same class.",
    fails_when="There are many labels already: what is typical is known by then, and the borders are not asked.",
)
