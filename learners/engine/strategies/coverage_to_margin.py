"""Coverage first, margin later, without a switch: the default.

With few labels a model's probabilities say little, and what helps is a label near every kind of
text; with more, what helps is the border between classes. This is uncertainty herding whose weight
of uncertainty grows with the labels: with none it is mostly coverage, at 64 labels herding as
published, and beyond that more and more only texts near a border count as open.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from learners.engine.arrays import Floats, Ints
from learners.engine.rows import n_labels
from learners.engine.strategies import herding
from learners.engine.strategies.base import Strategy

AT_NO_LABEL = 0.5
PER_LABEL = 1 / 128
SHARPEST = 4.0


def coverage_to_margin_sampling(
    learner: Any, X_pool: Any, n_instances: int = 1, *, rng: np.random.Generator, **kwargs: Any
) -> tuple[Ints, NDArray[np.float64]]:
    """Rows of greatest gain in coverage, where a text weighs (1 − margin) ** `sharpness`.

    The power looks at the labels there are, not at those asked in this call.

    Returns:
        Indices (n,) and scores (n,) in [0, 1]: the share of the weight that the pick newly covers.
    """
    return herding.herded(
        learner, X_pool, n_instances, sharpness=sharpness(learner), rng=rng, **kwargs
    )


def sharpness(learner: Any) -> float:
    """`AT_NO_LABEL` and `PER_LABEL` more for each label, up to `SHARPEST`. Label names are no labels."""
    return min(SHARPEST, AT_NO_LABEL + PER_LABEL * n_labels(learner))


def explain(learner: Any, X_picked: Any, scores: Floats) -> list[str]:
    return herding.explain(learner, X_picked, scores)


STRATEGY = Strategy(
    name="coverage_to_margin",
    label="Coverage, then margin",
    description=(
        "First texts that stand for many others, then more and more those of them on which the "
        "decision is close. The best choice for most projects. "
        f"Looks at {herding.SUBSET:,} texts drawn at random from a larger pool."
    ),
    paper=(
        "Bae, Oliveira and Sutherland 2024, Uncertainty Herding, arXiv 2412.20644; that few labels "
        "want coverage and more want uncertainty: Hacohen, Dekel and Weinshall 2022, arXiv 2202.02794"
    ),
    score_range="share of the weighted uncertainty that the pick newly covers, from 0 to 1",
    query=coverage_to_margin_sampling,
    explain=explain,
    needs_model=False,
    max_pool=herding.SUBSET,
    max_queue=herding.MAX_QUEUE,
    for_="both",
    assumes="Texts that lie together mostly have the same class.",
    fails_when="A rare class is what matters, and the model has never seen it.",
)
