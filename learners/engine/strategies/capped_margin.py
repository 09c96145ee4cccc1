"""Capped margin: the closest decisions, but never many of one kind in a row.

Pure margin asks a run of near-identical texts when the model is unsure of one region. Here the
rows with the smallest margin are grouped by k-means, and each run of `ROUND` questions takes at
most `CAP` from a group.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from learners.engine.arrays import Floats, Ints, as_rows
from learners.engine.asking import finite_scores, require_model
from learners.engine.clusters import k_means
from learners.engine.rows import hash_order, seen
from learners.engine.strategies.base import Shortlist, Strategy
from learners.engine.strategies.closeness import closeness, worded_closeness
from learners.engine.ties import best_rows

SHORTLIST = 1_000  # rows with the smallest margin that are grouped
PER_PICK = 3  # for a queue of more than SHORTLIST / PER_PICK: so many rows for each
N_CLUSTERS = 32
ROUND = 8  # questions in which no group comes up more than CAP times: a common batch size
CAP = 1


def capped_margin_sampling(
    learner: Any, X_pool: Any, n_instances: int = 1, *, rng: np.random.Generator, **kwargs: Any
) -> tuple[Ints, NDArray[np.float64]]:
    """Of the rows with the smallest margin, the closest first, at most `CAP` of a group a round.

    Returns:
        Indices (n,) and scores (n,) in [−1, 0]: the `closeness` as a running minimum, because a
        row may wait for the next round. A longer queue begins with the shorter one as long as
        both are at most `SHORTLIST / PER_PICK`.

    Raises:
        NotFitted, OneClassOnly: no model that tells classes apart.
    """
    require_model(learner, X_pool)
    if X_pool.shape[0] == 0 or n_instances < 1:
        return np.empty(0, np.int64), np.empty(0)
    margins = finite_scores(closeness(learner, X_pool, **kwargs))
    best, scores = best_rows(margins, X_pool, _n_shortlist(n_instances), rng=rng)
    groups = _groups(seen(learner, as_rows(X_pool[best])), rng)
    picks = _capped(groups, n_instances)
    return best[picks], np.minimum.accumulate(scores[picks])


def _n_shortlist(n_instances: int) -> int:
    return max(SHORTLIST, PER_PICK * n_instances)


def _groups(rows: Floats, rng: np.random.Generator) -> Ints:
    """The k-means group of each row, (n_rows,). Not more groups than a quarter of the rows."""
    order = hash_order(rows, rng)
    groups = np.empty(len(rows), np.int64)
    n_clusters = max(1, min(N_CLUSTERS, len(rows) // 4))
    groups[order] = k_means(rows[order], n_clusters, rng).groups
    return groups


def _capped(groups: Ints, n_picks: int) -> Ints:
    """`n_picks` of the rows, which come best first, in the order that the cap allows, (n,).

    In each round of `ROUND` picks the best rows left whose group has a place; when no group has
    one, a new round begins.
    """
    waiting = list(range(len(groups)))
    order: list[int] = []
    while waiting and len(order) < n_picks:
        taken: dict[int, int] = {}
        later: list[int] = []
        n_round = 0
        for at, row in enumerate(waiting):
            if n_round == ROUND:
                later.extend(waiting[at:])
                break
            group = int(groups[row])
            if taken.get(group, 0) < CAP:
                taken[group] = taken.get(group, 0) + 1
                order.append(row)
                n_round += 1
            else:
                later.append(row)
        waiting = later
    return np.array(order[:n_picks], dtype=np.int64)


def explain(learner: Any, X_picked: Any, scores: Floats) -> list[str]:
    return [f"{part}, unlike those before it" for part in worded_closeness(learner, X_picked)]


def shortlist(learner: Any, n_queue: int) -> Shortlist:
    return Shortlist(closeness, n_best=_n_shortlist(n_queue))


STRATEGY = Strategy(
    name="capped_margin",
    label="Margin, varied",
    description=("Texts on which the decision is closest, spread over different kinds of text."),
    paper=(
        "Margin: Scheffer, Decomain and Wrobel 2001; spread over clusters of the uncertain rows: "
        "Zhdanov 2019, Diverse mini-batch active learning, arXiv 1901.05954"
    ),
    score_range=(
        "P(second class) − P(first class) as a running minimum, from −1 to 0; with any number of "
        "classes a text, minus the smallest |2·P − 1| of a class"
    ),
    query=capped_margin_sampling,
    explain=explain,
    shortlist=shortlist,
    for_="both",
    assumes=(
        "The model is already better than guessing, and texts that lie together are uncertain "
        "for the same reason."
    ),
    fails_when=(
        "There are so few labels that the probabilities mean little, or the closest decisions are "
        "texts that no person can decide either."
    ),
)
