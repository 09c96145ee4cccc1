"""k-means seed: a text from the middle of each kind that has no label yet.

As TypiClust, with the row nearest to the centre of its cluster.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from learners.engine.arrays import Floats, Ints
from learners.engine.seeds.kmeans_medoids import centrality
from learners.engine.strategies.base import Strategy
from learners.engine.strategies.groups import MAX_QUEUE, SUBSET, group_sampling


def kmeans_seed_sampling(
    learner: Any, X_pool: Any, n_instances: int = 1, *, rng: np.random.Generator, **kwargs: Any
) -> tuple[Ints, NDArray[np.float64]]:
    """The rows nearest to the centres of the largest clusters without a label. Kang et al. 2004.

    Needs no trained model; the labelled rows only say which clusters have been asked from. See
    `group_sampling` for the scores. A longer queue begins with the shorter one.
    """
    return group_sampling(learner, X_pool, n_instances, centrality, rng=rng)


def explain(learner: Any, X_picked: Any, scores: Floats) -> list[str]:
    return ["in the middle of a kind of text with few labels"] * len(scores)


STRATEGY = Strategy(
    name="kmeans_seed",
    label="k-means medoids",
    description=(
        "A text from the middle of each kind that has no label yet. "
        "Does not ask the model how sure it is, and chooses the first questions too. "
        f"Looks at {SUBSET:,} texts drawn at random from a larger pool."
    ),
    paper="Kang, Ryu and Kwon 2004, Using cluster-based sampling to select initial training set for active learning in text classification, PAKDD",
    score_range="the group's share of the pool, less the texts it was asked for before; at most 1",
    query=kmeans_seed_sampling,
    explain=explain,
    needs_model=False,
    max_pool=SUBSET,
    max_queue=MAX_QUEUE,
    for_="both",
    assumes="Texts that lie together mostly have the same class.",
    fails_when="There are many labels already, or the groups that k-means finds are not the classes.",
)
