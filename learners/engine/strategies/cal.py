"""Contrastive active learning: ask where neighbours look alike but the model answers unlike.

Where a text lies close to labelled ones and yet gets other probabilities than they do, a border
between classes must run through.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from learners.engine.arrays import Floats, Ints, as_rows
from learners.engine.asking import finite_scores, require_model
from learners.engine.errors import BadAnswer, NotFitted
from learners.engine.rows import (
    Doubles,
    hash_order,
    is_multilabel,
    n_labels,
    n_prior,
    seen,
    squared_distances,
)
from learners.engine.strategies.base import Strategy, worded
from learners.engine.ties import best_rows

N_NEIGHBOURS = 10
SUBSET = 5_000  # rows of the pool, drawn by hash
MAX_LABELS = 1_000  # labelled rows among which neighbours are sought, drawn by hash
ROWS_AT_ONCE = 512
TINY = 1e-12


def cal_sampling(
    learner: Any, X_pool: Any, n_instances: int = 1, *, rng: np.random.Generator, **kwargs: Any
) -> tuple[Ints, NDArray[np.float64]]:
    """The rows whose probabilities differ most from their labelled neighbours'. Margatina 2021.

    The score is the mean over the `N_NEIGHBOURS` nearest labelled rows l of KL(P(l) ‖ P(x)).
    Where no label of a person is there yet, the names of the classes are the neighbours.

    Returns:
        Indices (n,) and scores (n,) in nats, at least 0.

    Raises:
        NotFitted, OneClassOnly: no model that tells classes apart, or none that keeps its rows.
        BadAnswer: a multi-label learner.
    """
    require_model(learner, X_pool)
    if X_pool.shape[0] == 0:
        return np.empty(0, np.int64), np.empty(0)
    order = hash_order(X_pool, rng)[: max(SUBSET, n_instances)]
    candidates = as_rows(X_pool[order])
    known = as_rows(_neighbours(learner, rng))
    scores = _contrast(
        seen(learner, candidates),
        finite_scores(np.asarray(learner.predict_proba(candidates, **kwargs))),
        seen(learner, known),
        finite_scores(np.asarray(learner.predict_proba(known, **kwargs))),
    )
    picks, best = best_rows(scores, X_pool[order], n_instances, rng=rng)
    return order[picks], best


def _neighbours(learner: Any, rng: np.random.Generator) -> Any:
    """Labelled rows, or the names of the classes when there is none."""
    X = getattr(learner, "X_training", None)
    if X is None:
        raise NotFitted("this strategy needs the labelled rows: train through the ActiveLearner")
    if is_multilabel(learner):
        raise BadAnswer("the learner gives any number of classes; this strategy compares one each")
    rows = X[n_prior(learner) :] if n_labels(learner) else X
    return rows[hash_order(rows, rng)[:MAX_LABELS]]


def _contrast(rows: Doubles, P: Doubles, known: Doubles, P_known: Doubles) -> Doubles:
    """Mean KL divergence of the nearest known rows' probabilities from each row's, (n_rows,)."""
    logs, known_logs = np.log(np.maximum(P, TINY)), np.log(np.maximum(P_known, TINY))
    minus_entropy = (P_known * known_logs).sum(axis=1)
    n_near = min(N_NEIGHBOURS, len(known))
    scores = np.empty(len(rows))
    for start in range(0, len(rows), ROWS_AT_ONCE):
        part = slice(start, start + ROWS_AT_ONCE)
        distances = squared_distances(rows[part], known)
        near = np.argpartition(distances, n_near - 1, axis=1)[:, :n_near]
        # KL = Σ p_l ln p_l − Σ p_l ln p_x; the mean over l can be taken inside both sums.
        mean_p = P_known[near].mean(axis=1)
        scores[part] = minus_entropy[near].mean(axis=1) - (mean_p * logs[part]).sum(axis=1)
    return np.maximum(scores, 0)


def explain(learner: Any, X_picked: Any, scores: Floats) -> list[str]:
    return worded("looks like labelled texts that the model answers {:.2f} nats otherwise", scores)


STRATEGY = Strategy(
    name="cal",
    label="Contrastive (CAL)",
    description=(
        "Texts that look like labelled ones but get another answer from the model. "
        f"Looks at {SUBSET:,} texts drawn at random from a larger pool."
    ),
    paper=(
        "Margatina et al. 2021, Active learning by acquiring contrastive examples, arXiv 2109.03764"
    ),
    score_range="mean Kullback-Leibler divergence in nats, from 0",
    query=cal_sampling,
    explain=explain,
    max_pool=SUBSET,
    assumes="Vectors that lie together mean the same, and there are labels in most places.",
    fails_when="There are few labels: then the nearest labelled text is far off and says nothing.",
)
