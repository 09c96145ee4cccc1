"""Coverage first, margin later: the default.

With few labels a model's probabilities say little and what helps is a label near every kind of
text; with more, what helps is the border between classes. No strategy is best at both ends.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from learners.engine.arrays import Floats, Ints
from learners.engine.rows import knows_classes, n_classes, n_labels
from learners.engine.strategies import capped_margin, herding
from learners.engine.strategies.base import Shortlist, Strategy
from learners.engine.strategies.closeness import closeness

COVERAGE_PER_CLASS = 2  # labels by coverage for each class known
MIN_COVERAGE = 16
MAX_COVERAGE = 64


def coverage_to_margin_sampling(
    learner: Any, X_pool: Any, n_instances: int = 1, *, rng: np.random.Generator, **kwargs: Any
) -> tuple[Ints, NDArray[np.float64]]:
    """Uncertainty herding up to `n_coverage` labels, capped margin from then on.

    The switch looks at the labels there are, not at those asked in this call.

    Returns:
        Indices (n,) and scores (n,), as the strategy of the moment gives them.
    """
    covers = is_covering(learner, X_pool)
    query = herding.herding_sampling if covers else capped_margin.capped_margin_sampling
    return query(learner, X_pool, n_instances, rng=rng, **kwargs)


def n_coverage(learner: Any) -> int:
    """Labels up to which this learner asks for coverage: `COVERAGE_PER_CLASS` for each class it
    knows, but at least `MIN_COVERAGE` and at most `MAX_COVERAGE`."""
    return int(np.clip(COVERAGE_PER_CLASS * n_classes(learner), MIN_COVERAGE, MAX_COVERAGE))


def is_covering(learner: Any, X: Any) -> bool:
    """Whether the next rows are asked for coverage; always so without a model of two classes."""
    return n_labels(learner) < n_coverage(learner) or not knows_classes(learner, X)


def explain(learner: Any, X_picked: Any, scores: Floats) -> list[str]:
    part = herding.STRATEGY if is_covering(learner, X_picked) else capped_margin.STRATEGY
    return part.explain(learner, X_picked, scores)


def shortlist(learner: Any, n_queue: int) -> Shortlist:
    if n_labels(learner) < n_coverage(learner) or n_classes(learner) < 2:
        return Shortlist(closeness, n_best=0, n_random=herding.SUBSET)
    return capped_margin.shortlist(learner, n_queue)


STRATEGY = Strategy(
    name="coverage_to_margin",
    label="Coverage, then margin",
    description=(
        "First texts that stand for many others, later texts on which the decision is closest, "
        "spread over different kinds of text. The best choice for most projects."
    ),
    paper=(
        "Bae, Oliveira and Sutherland 2024, arXiv 2412.20644, then Scheffer et al. 2001; that few "
        "labels want coverage and more want uncertainty: Hacohen, Dekel and Weinshall 2022, "
        "arXiv 2202.02794"
    ),
    score_range=(
        "share of the uncertainty newly covered, from 0 to 1; after the switch as for "
        "“Margin, varied”, from −1 to 0"
    ),
    query=coverage_to_margin_sampling,
    explain=explain,
    needs_model=False,
    shortlist=shortlist,
    max_queue=herding.MAX_QUEUE,
    for_="both",
    assumes="Texts that lie together mostly have the same class.",
    fails_when="A rare class is what matters, and the model has never seen it.",
)
