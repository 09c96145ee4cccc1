"""The first questions: what is asked before there is a model, by people's loop and simulation alike.

Where the classes' names are no training examples there is no model until labels of two classes
stand. Until then a strategy that needs no model ranks by itself; for the others `FIRST` does. With
few labels, texts that stand for many others teach more than uncertain or random ones: Hacohen,
Dekel and Weinshall 2022, arXiv 2202.02794; Kang, Ryu and Kwon 2004, PAKDD.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from learners.engine.arrays import Floats, Ints

if TYPE_CHECKING:
    from learners.engine.ranking import Ranking

FIRST = "kmeans_seed"
"""The strategy that asks first for those that need a model."""

IN_RANDOM_ORDER = "random"
"""The strategy that needs no queue: the pool's own random order is what it asks for."""

BEFORE = "before there is a model"


def are_ranked(strategy: str) -> bool:
    """Whether the first questions of a project with this strategy are ranked at all: random choice
    is random from the first question. Imports nothing heavy, for pages and the beat.
    """
    return strategy != IN_RANDOM_ORDER


def first_strategy(strategy: str) -> str | None:
    """The name of the strategy that ranks before there is a model, for a project's `strategy`.

    None for random choice, which is random from the first question.

    Raises:
        UnknownStrategy: there is no such strategy.
    """
    if not are_ranked(strategy):
        return None
    from learners.engine.strategies import get_strategy  # noqa: PLC0415  imports scikit-learn

    return FIRST if get_strategy(strategy).needs_model else strategy


def rank_first_questions(
    *,
    strategy: str,
    X: Floats,
    y: NDArray[Any],
    blocks: Iterable[tuple[Ints, Floats]],
    n_queue: int,
    rng: np.random.Generator,
) -> "Ranking | None":
    """The pool ranked without a model, by what `first_strategy` names.

    Args:
        strategy: the project's, by name.
        X: (n_labels, d), labelled so far; none, or of one class. They only say which kinds of text
            have been asked from.
        y: (n_labels,) class ids, or (n_labels, k) where a text has any number of classes.
        blocks, n_queue, rng: as of `rank_pool`.

    Returns:
        The queue, whose reasons say that there was no model; None for random choice.

    Raises:
        EngineError: as `rank_pool`. What a strategy of somebody's own raises comes through as it is.
    """
    name = first_strategy(strategy)
    if name is None:
        return None
    from learners.engine.ranking import rank_pool  # noqa: PLC0415  imports scikit-learn
    from learners.engine.strategies import get_strategy  # noqa: PLC0415

    ranking = rank_pool(
        learner=_untrained(name, X, y),
        strategy=get_strategy(name),
        blocks=blocks,
        n_queue=n_queue,
        rng=rng,
    )
    return replace(ranking, reasons=_reasons(ranking, is_own=name == strategy))


def _untrained(name: str, X: Floats, y: NDArray[Any]) -> Any:
    """An `ActiveLearner` that was never fitted, yet carries the labelled rows."""
    from learners.engine.heads import get_head  # noqa: PLC0415
    from learners.engine.learner import ActiveLearner  # noqa: PLC0415  modAL imports torch
    from learners.engine.strategies import get_strategy  # noqa: PLC0415

    learner = ActiveLearner(get_head("logistic").make(), query_strategy=get_strategy(name))
    if len(X):  # not by the constructor, which would train on them
        learner.X_training, learner.y_training = np.asarray(X, dtype=np.float64), np.asarray(y)
    return learner


def _reasons(ranking: "Ranking", *, is_own: bool) -> list[str]:
    if is_own:
        return [f"{reason}, {BEFORE}" for reason in ranking.reasons]
    return [f"one of {len(ranking.ids)} typical texts, {BEFORE}"] * len(ranking.ids)
