"""Committee, vote: ask where models trained on resampled labels vote for different classes.

Only the votes count, so most rows of a sure committee are tied at 0.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from learners.engine.arrays import Floats, Ints, as_rows
from learners.engine.asking import finite_scores
from learners.engine.committees import N_MEMBERS, make_committee
from learners.engine.strategies.base import Strategy, worded
from learners.engine.ties import best_rows

MAX_POOL = 5_000  # modAL counts votes row by row in Python


def committee_vote_sampling(
    learner: Any, X_pool: Any, n_instances: int = 1, *, rng: np.random.Generator, **kwargs: Any
) -> tuple[Ints, NDArray[np.float64]]:
    """The rows whose votes have the highest entropy. Dagan and Engelson 1995.

    The committee is trained here, on bootstrap samples of the learner's training rows; its
    resampling and the ties are drawn from `rng`.

    Returns:
        Indices (n,) and scores (n,), the entropy in nats, from 0 to ln `N_MEMBERS`.

    Raises:
        NotFitted, OneClassOnly: no model that tells classes apart, or none that keeps its rows.
        BadAnswer: a multi-label learner.
    """
    from modAL.disagreement import vote_entropy  # noqa: PLC0415  modAL imports torch

    committee = make_committee(learner, X_pool, rng)
    if X_pool.shape[0] == 0:
        return np.empty(0, np.int64), np.empty(0)
    scores = finite_scores(vote_entropy(committee, as_rows(X_pool), **kwargs))
    return best_rows(scores, X_pool, n_instances, rng=rng)


def explain(learner: Any, X_picked: Any, scores: Floats) -> list[str]:
    return worded(f"{N_MEMBERS} models vote as if for {{:.1f}} classes", np.exp(scores))


STRATEGY = Strategy(
    name="committee_vote",
    label="Committee, votes",
    description=(
        "Texts for which five models, trained on resampled labels, vote differently. "
        f"Looks at {MAX_POOL:,} texts drawn at random from a larger pool."
    ),
    paper="Dagan and Engelson 1995, Committee-based sampling for training probabilistic classifiers, ICML; bootstrap members: Abe and Mamitsuka 1998",
    score_range="entropy of the votes in nats, from 0 to the logarithm of 5",
    query=committee_vote_sampling,
    explain=explain,
    max_pool=MAX_POOL,
    assumes="Models trained on slightly different labels disagree where labels are missing.",
    fails_when="There are few labels for each class: then the members vote alike, and most texts are tied.",
)
