"""What a query strategy is to Labeler: a modAL strategy, and what the product must know of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from learners.engine.arrays import Floats, Ints
from learners.engine.asking import finite_scores, require_model
from learners.engine.ties import best_rows


class QueryStrategy(Protocol):
    """modAL's protocol. Also runs under modAL's own `ActiveLearner.query(X, n_instances=, rng=)`."""

    def __call__(
        self,
        learner: Any,
        X_pool: Any,
        n_instances: int = 1,
        *,
        rng: np.random.Generator,
        **predict_proba_kwargs: Any,
    ) -> tuple[Ints, NDArray[np.float64]]:
        """Indices (n,) into `X_pool`, best first, and their scores (n,), higher is asked sooner."""


class Utility(Protocol):
    """Scores every row by itself, whatever else is in the pool."""

    def __call__(self, learner: Any, X: Any, **predict_proba_kwargs: Any) -> Floats:
        """(n_rows,), higher is asked sooner."""


class Explain(Protocol):
    """One sentence fragment per picked row, for "why was this asked?"."""

    def __call__(self, learner: Any, X_picked: Any, scores: Floats) -> list[str]: ...


@dataclass(frozen=True)
class Shortlist:
    """What a strategy of two stages needs of a pool: a cheap look at every row, a second at few.

    Attributes:
        utility: the cheap look; not called when `n_best` is 0.
        n_best: rows with the highest utility that go on.
        n_random: rows that go on besides, at random.
    """

    utility: Utility
    n_best: int
    n_random: int = 0


class MakeShortlist(Protocol):
    """The shortlist that this learner and this length of the queue ask for."""

    def __call__(self, learner: Any, n_queue: int) -> Shortlist: ...


For = Literal["single", "multilabel", "both"]


@dataclass(frozen=True)
class Strategy:
    """A registered query strategy; calling it is calling `query`.

    Attributes:
        name: what projects and fits store.
        label: what people read.
        description: one or two sentences for the person who chooses.
        paper: where the idea was published.
        score_range: what the stored scores mean and their range.
        query: the modAL query strategy itself.
        explain: reasons for picked rows.
        utility: scores rows one by one, so that a pool of any size streams; None when rows are
            picked with regard to each other.
        needs_model: False only when an untrained learner will do.
        max_pool: more rows than this are first cut to a random subset; None for no limit.
        max_queue: the longest ranking worth its time; None for no limit.
        shortlist: for strategies of two stages, the rows that `query` has to see of a pool of any
            size; whatever else the pool holds must not change its answer.
        for_: projects whose examples have one class each, any number of classes, or either.
        small_pools_only: takes more than a second for a pool of 100,000 rows.
        assumes: what must be true of the data and the model for it to work, as sentences.
        fails_when: where it does worse than random, as sentences.
    """

    name: str
    label: str
    description: str
    paper: str
    score_range: str
    query: Callable[..., Any]
    explain: Explain
    utility: Utility | None = None
    needs_model: bool = True
    max_pool: int | None = None
    max_queue: int | None = None
    shortlist: MakeShortlist | None = None
    for_: For = "single"
    small_pools_only: bool = False
    assumes: str = ""
    fails_when: str = ""

    def __call__(self, learner: Any, X_pool: Any, *args: Any, **kwargs: Any) -> Any:
        return self.query(learner, X_pool, *args, **kwargs)


def pick_by(
    utility: Utility,
    learner: Any,
    X_pool: Any,
    n_instances: int,
    *,
    rng: np.random.Generator,
    **predict_proba_kwargs: Any,
) -> tuple[Ints, NDArray[np.float64]]:
    """The query of every strategy that scores rows one by one with a trained model."""
    require_model(learner, X_pool)
    if X_pool.shape[0] == 0:  # scikit-learn refuses to predict nothing
        return np.empty(0, np.int64), np.empty(0)
    # Checked here as well as by `ask`: a NaN compares false, so its row would vanish unseen.
    scores = finite_scores(utility(learner, X_pool, **predict_proba_kwargs))
    return best_rows(scores, X_pool, n_instances, rng=rng)


def worded(template: str, values: Sequence[float] | Floats) -> list[str]:
    """`template` filled with each value."""
    return [template.format(float(value)) for value in values]
