"""Uncertainty herding: texts that stand for many others of which the model is unsure.

Every unlabelled text is covered by the labelled texts near it. The next question is the one that
adds most coverage, where a text counts as much as the model is unsure of it. Without a model all
count alike: plain coverage ("max herding"), a good first batch.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from learners.engine.arrays import Floats, Ints, as_rows
from learners.engine.asking import finite_scores
from learners.engine.rows import (
    Singles,
    hash_order,
    knows_classes,
    labelled,
    mean_squared_distance,
    seen,
    squared_distances,
)
from learners.engine.strategies.base import Strategy, worded
from learners.engine.strategies.closeness import closeness

SUBSET = 2_048  # rows drawn by hash: both those that may be asked and those to be covered
WIDTH = 0.5  # the kernel's σ² as a share of the mean squared distance between two rows
MAX_QUEUE = 1_000
ROWS_AT_ONCE = 128  # gains computed together: 1 MB, which stays near the processor
DECIMALS = 6  # of a gain: what single precision leaves of sums over the subset
TOP_AT_ONCE = 16  # of the highest bounds, brought up to date together at first


def herding_sampling(
    learner: Any, X_pool: Any, n_instances: int = 1, *, rng: np.random.Generator, **kwargs: Any
) -> tuple[Ints, NDArray[np.float64]]:
    """Rows of greatest gain in uncertainty coverage, greedily. Bae et al. 2024, algorithm 1.

    See `herded`, with weights as they are: a sharpness of 1.
    """
    return herded(learner, X_pool, n_instances, sharpness=1.0, rng=rng, **kwargs)


def herded(
    learner: Any,
    X_pool: Any,
    n_instances: int,
    *,
    sharpness: float,
    rng: np.random.Generator,
    **kwargs: Any,
) -> tuple[Ints, NDArray[np.float64]]:
    """Rows of greatest gain in coverage, weighted by uncertainty to the power of `sharpness`.

    Coverage of row x by a set S is max over s in S of k(x, s) = exp(−‖x − s‖² / σ²), with
    σ² = `WIDTH` × the mean squared distance between two rows of the subset. Each row weighs
    (1 + `closeness`) ** `sharpness`, from 0 to 1; all alike when the learner is untrained or knows one class. S
    starts as the labelled rows. A longer queue begins with the shorter one.

    Returns:
        Indices (n,) and scores (n,) in [0, 1]: the share of the weight that the pick newly covers.
    """
    if X_pool.shape[0] == 0 or n_instances < 1:
        return np.empty(0, np.int64), np.empty(0)
    order = hash_order(X_pool, rng)[: max(SUBSET, n_instances)]
    candidates = as_rows(X_pool[order])
    weights = np.ones(len(order))
    if knows_classes(learner, candidates):
        uncertainty = np.clip(1 + finite_scores(closeness(learner, candidates, **kwargs)), 0, 1)
        weights = uncertainty**sharpness
    return covering(order, seen(learner, candidates), weights, labelled(learner), n_instances)


def covering(
    order: Ints, rows: Floats, weights: Floats, known: Floats | None, n_instances: int
) -> tuple[Ints, NDArray[np.float64]]:
    """The greedy choice among `rows` (n_rows, d), which stand at `order` in the pool.

    Args:
        weights: (n_rows,), what covering each row is worth, at least 0.
        known: labelled rows (n_labels, d) that cover already.
    """
    n_targets = min(len(rows), SUBSET)  # a long queue adds candidates, not rows to cover
    scale = mean_squared_distance(rows[:n_targets])
    kernel = _kernel(rows, rows[:n_targets], scale)
    covered = np.zeros(n_targets, np.float32)
    if known is not None:
        covered = _kernel(known, rows[:n_targets], scale).max(axis=0)
    total = float(weights[:n_targets].sum())
    shares = np.full(n_targets, 1 / n_targets) if total <= 0 else weights[:n_targets] / total
    picks, gains = greedy_cover(kernel, covered, shares.astype(np.float32), n_instances)
    return order[picks], gains


def _kernel(rows: Floats, targets: Floats, scale: float) -> Singles:
    """k(row, target), (n_rows, n_targets). All 1 where no two rows differ."""
    if scale <= 0:
        return np.ones((len(rows), len(targets)), np.float32)
    kernel = squared_distances(rows, targets)
    kernel /= np.float32(-WIDTH * scale)
    np.exp(kernel, out=kernel)
    return kernel


@dataclass
class _Bounds:
    """Gains that are exact or too high: coverage has diminishing returns (Minoux 1978), so a gain
    of an earlier step bounds today's, and few have to be computed again."""

    kernel: Singles
    covered: Singles
    weights: Singles
    gains: NDArray[np.float64]

    def refresh(self, rows: slice | NDArray[np.intp]) -> None:
        rise = self.kernel[rows] - self.covered
        np.maximum(rise, 0, out=rise)
        self.gains[rows] = np.round((rise @ self.weights).astype(np.float64), DECIMALS)


def greedy_cover(
    kernel: Singles,
    covered: Singles,
    weights: Singles,
    n_picks: int,
) -> tuple[Ints, NDArray[np.float64]]:
    """Rows of `kernel` (n_rows, n_targets) that each raise the weighted coverage most.

    Ties go to the lower row. `covered` and `weights`: (n_targets,).

    Returns:
        Rows (n,) and their gains (n,), never rising, n = min(n_picks, n_rows).
    """
    n_rows = len(kernel)
    bounds = _Bounds(kernel, covered.copy(), weights, np.empty(n_rows))
    for start in range(0, n_rows, ROWS_AT_ONCE):
        bounds.refresh(slice(start, start + ROWS_AT_ONCE))
    picks: list[int] = []
    gains: list[float] = []
    for _ in range(min(n_picks, n_rows)):
        pick = _best(bounds)
        picks.append(pick)
        gains.append(float(bounds.gains[pick]))
        np.maximum(bounds.covered, kernel[pick], out=bounds.covered)
        bounds.gains[pick] = -1
    return np.array(picks, np.int64), np.minimum.accumulate(np.array(gains))


def _best(bounds: _Bounds) -> int:
    """The row of highest gain: bounds are brought up to date from the top until one holds."""
    is_exact = bounds.gains < 0  # picked before
    n_top = TOP_AT_ONCE
    while not is_exact[top := int(bounds.gains.argmax())]:
        waiting = np.where(is_exact, -1.0, bounds.gains)
        n_top = min(n_top, len(waiting))
        rows = np.append(np.argpartition(-waiting, n_top - 1)[:n_top], top)
        rows = rows[waiting[rows] >= 0]
        bounds.refresh(rows)
        is_exact[rows] = True
        n_top *= 2  # where all gain alike, all have to be computed: in few steps
    return top


def explain(learner: Any, X_picked: Any, scores: Floats) -> list[str]:
    return worded("stands for {:.2f} % of the open questions in the pool", 100 * scores)


STRATEGY = Strategy(
    name="herding",
    label="Uncertainty herding",
    description=(
        "Texts that stand for many others of which the model is unsure. "
        f"Looks at {SUBSET:,} texts drawn at random from a larger pool."
    ),
    paper="Bae, Oliveira and Sutherland 2024, Uncertainty Herding, arXiv 2412.20644",
    score_range="share of the uncertainty that the pick newly covers, from 0 to 1",
    query=herding_sampling,
    explain=explain,
    needs_model=False,
    max_pool=SUBSET,
    max_queue=MAX_QUEUE,
    for_="both",
    assumes="Texts that lie together have the same class, and rare kinds of text matter less.",
    fails_when=(
        "The classes differ in little that the vectors show, or a rare class has few texts: of a "
        f"large pool only {SUBSET:,} random texts are looked at."
    ),
)
