"""BADGE: uncertain and different at once, by k-means++ in the space of gradients.

A row's gradient embedding is the gradient that its likeliest class, taken as true, would send
through the last layer: (P − onehot(likeliest)) ⊗ x. It is long where the model is unsure, and
points elsewhere for another class or another text. The product is never written out:
⟨a ⊗ x, b ⊗ z⟩ = ⟨a, b⟩·⟨x, z⟩, so 77 classes cost hardly more than two.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from learners.engine.arrays import Floats, Ints, as_rows
from learners.engine.asking import finite_scores, require_model
from learners.engine.rows import Singles, hash_order, seen
from learners.engine.strategies.base import Strategy, worded
from learners.engine.strategies.margin import utility
from learners.engine.ties import settled

SUBSET = 3_000  # rows drawn by hash: each pick looks at all of them
MAX_QUEUE = 1_000


def badge_sampling(
    learner: Any, X_pool: Any, n_instances: int = 1, *, rng: np.random.Generator, **kwargs: Any
) -> tuple[Ints, NDArray[np.float64]]:
    """Rows drawn by k-means++ over gradient embeddings. Ash et al. 2020.

    The first is the longest gradient, each next one is drawn with a chance in proportion to its
    squared distance from the nearest before it. A longer queue begins with the shorter one. When
    all that are left coincide with picked ones, they follow in random order.

    Returns:
        Indices (n,) and scores (n,), at least 0: that squared distance, as a running minimum; for
        the first the squared length.

    Raises:
        NotFitted, OneClassOnly: no model that tells classes apart.
    """
    require_model(learner, X_pool)
    if X_pool.shape[0] == 0 or n_instances < 1:
        return np.empty(0, np.int64), np.empty(0)
    order = hash_order(X_pool, rng)[: max(SUBSET, n_instances)]
    candidates = as_rows(X_pool[order])
    errors = _errors(finite_scores(np.asarray(learner.predict_proba(candidates, **kwargs))))
    rows = seen(learner, candidates).astype(np.float32)
    picks, distances = _plus_plus(errors.astype(np.float32), rows, n_instances, rng)
    return order[picks], np.minimum.accumulate(settled(distances))


def _errors(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """P − onehot(likeliest class), (n_rows, n_classes)."""
    errors = probabilities.copy()
    errors[np.arange(len(errors)), probabilities.argmax(axis=1)] -= 1
    return errors


def _plus_plus(
    errors: Singles, rows: Singles, n_picks: int, rng: np.random.Generator
) -> tuple[Ints, NDArray[np.float64]]:
    """k-means++ (Arthur and Vassilvitskii 2007) over errors ⊗ rows: picks (n,), distances (n,)."""
    lengths = np.einsum("ij,ij->i", errors, errors) * np.einsum("ij,ij->i", rows, rows)
    nearest = lengths.astype(np.float64)
    picks, distances = [int(settled(nearest).argmax())], [float(nearest.max())]
    nearest = _nearer(np.full(len(rows), np.inf), picks[0], lengths, errors, rows)
    while len(picks) < min(n_picks, len(rows)):
        pick = _drawn(nearest, picks, rng)
        distances.append(float(nearest[pick]))
        picks.append(pick)
        nearest = _nearer(nearest, pick, lengths, errors, rows)
    return np.array(picks, np.int64), np.array(distances)


def _nearer(
    nearest: NDArray[np.float64], pick: int, lengths: Singles, errors: Singles, rows: Singles
) -> NDArray[np.float64]:
    """Squared distances to the nearest pick, now that there is one more."""
    products = (errors @ errors[pick]) * (rows @ rows[pick])
    distances = settled(np.maximum(lengths + lengths[pick] - 2 * products, 0))
    distances[pick] = 0
    return np.minimum(nearest, distances)


def _drawn(nearest: NDArray[np.float64], picks: list[int], rng: np.random.Generator) -> int:
    sums = np.cumsum(nearest)
    if sums[-1] > 0:
        return int(np.searchsorted(sums, rng.random() * sums[-1], side="right"))
    left = np.ones(len(nearest), dtype=bool)
    left[picks] = False
    return int(left.argmax())  # rows are in hash order: the first left is a random one


def explain(learner: Any, X_picked: Any, scores: Floats) -> list[str]:
    margins = -np.asarray(utility(learner, X_picked))
    return worded("unsure in a new way: margin {:.2f}, unlike those before it", margins)


STRATEGY = Strategy(
    name="badge",
    label="BADGE",
    description=(
        "Texts that would change the model much, each in a different way. "
        f"Looks at {SUBSET:,} texts drawn at random from a larger pool."
    ),
    paper="Ash et al. 2020, Deep batch active learning by diverse, uncertain gradient lower bounds, arXiv 1906.03671",
    score_range="squared distance between gradients as a running minimum, from 0",
    query=badge_sampling,
    explain=explain,
    max_pool=SUBSET,
    max_queue=MAX_QUEUE,
    assumes="Batches are large enough for variety to matter, and the probabilities mean something.",
    fails_when="There are so few labels that the likeliest class is mostly wrong.",
)
