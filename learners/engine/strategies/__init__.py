"""The query strategies Labeler offers: one file per idea, one explicit tuple, no scanning."""

import importlib
from collections.abc import Callable
from typing import Any

from learners.engine.errors import UnknownStrategy
from learners.engine.strategies import (
    badge,
    cal,
    capped_margin,
    committee_consensus,
    committee_disagreement,
    committee_vote,
    coverage_to_margin,
    entropy,
    expected_error,
    herding,
    information_density,
    kmeans_seed,
    least_confidence,
    margin,
    probcover,
    random_order,
    ranked_batch,
    typiclust,
)
from learners.engine.strategies.base import QueryStrategy, Strategy
from learners.engine.strategies.multilabel import (
    avg_confidence,
    avg_score,
    binary_minimum,
    max_loss,
    max_score,
    mean_max_loss,
    min_confidence,
)

__all__ = ["STRATEGIES", "QueryStrategy", "Strategy", "get_strategy"]

STRATEGIES: tuple[Strategy, ...] = (
    coverage_to_margin.STRATEGY,
    random_order.STRATEGY,
    least_confidence.STRATEGY,
    margin.STRATEGY,
    entropy.STRATEGY,
    capped_margin.STRATEGY,
    herding.STRATEGY,
    badge.STRATEGY,
    typiclust.STRATEGY,
    probcover.STRATEGY,
    kmeans_seed.STRATEGY,
    cal.STRATEGY,
    ranked_batch.STRATEGY,
    information_density.STRATEGY,
    committee_vote.STRATEGY,
    committee_consensus.STRATEGY,
    committee_disagreement.STRATEGY,
    expected_error.STRATEGY,
    min_confidence.STRATEGY,
    avg_confidence.STRATEGY,
    binary_minimum.STRATEGY,
    max_score.STRATEGY,
    avg_score.STRATEGY,
    max_loss.STRATEGY,
    mean_max_loss.STRATEGY,
)

# A function from outside gets the whole pool in memory, so the pool has to have an end.
FOREIGN_MAX_POOL = 20_000


def get_strategy(name: str) -> Strategy:
    """The strategy of this name, or what a dotted path such as "our_team.strategies.typical" names.

    The path may lead to a `Strategy` or to a modAL query strategy that returns (indices, scores),
    best first.

    Raises:
        UnknownStrategy: neither; says what there is, or what the import failed on.
    """
    for strategy in STRATEGIES:
        if strategy.name == name:
            return strategy
    if "." not in name:
        known = ", ".join(strategy.name for strategy in STRATEGIES)
        raise UnknownStrategy(f"no strategy {name!r}; there are {known}, or a dotted path")
    return _imported(name)


def _imported(path: str) -> Strategy:
    module_name, _, attribute = path.rpartition(".")
    try:
        found = getattr(importlib.import_module(module_name), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise UnknownStrategy(f"no strategy at {path!r}: {error}") from error
    if isinstance(found, Strategy):
        return found
    if not callable(found):
        raise UnknownStrategy(
            f"{path!r} is a {type(found).__name__}; needed: a Strategy or a modAL query strategy"
        )
    return _wrapped(path, found)


def _wrapped(path: str, query: Callable[..., Any]) -> Strategy:
    def explain(learner: Any, X_picked: Any, scores: Any) -> list[str]:
        return [f"chosen by {path}"] * len(scores)

    summary = (query.__doc__ or "").strip().partition("\n")[0]
    return Strategy(
        name=path,
        label=path.rpartition(".")[2].replace("_", " ").capitalize(),
        description=summary or f"The query strategy at {path}.",
        paper="",
        score_range="as that strategy defines it",
        query=query,
        explain=explain,
        needs_model=getattr(query, "needs_model", True),
        max_pool=FOREIGN_MAX_POOL,
    )
