"""Running a query strategy once, and believing nothing it returns before it was checked."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import NotFittedError

from learners.engine.arrays import Ints
from learners.engine.errors import BadAnswer, NotFitted, OneClassOnly


def require_model(learner: Any, X_pool: Any) -> None:
    """Refuse a learner that cannot tell classes apart, by asking it about one row.

    modAL's uncertainty functions answer an unfitted model with constants, and the "best" rows are
    then a block of neighbours; here that is an error.

    Raises:
        NotFitted: the model was never trained.
        OneClassOnly: it knows a single class, so that every row scores alike.
        BadAnswer: it gives no probabilities, or some that are not finite.
    """
    if X_pool.shape[0] == 0:
        return
    try:
        answer = learner.predict_proba(X_pool[:1])
    except NotFittedError as error:
        raise NotFitted(
            "this strategy needs a trained model; train it on labels of two classes first"
        ) from error
    except AttributeError as error:
        raise BadAnswer(
            f"the model gives no probabilities ({error}); needed: a classifier with predict_proba"
        ) from error
    if isinstance(answer, list):  # one pair for each class: a multi-label forest
        answer = np.column_stack([np.asarray(part)[:, -1] for part in answer])
    probabilities = np.asarray(answer)
    if probabilities.ndim != 2 or probabilities.shape[1] < 2:
        raise OneClassOnly("the model knows one class only; label an example of a second class")
    if not np.isfinite(probabilities).all():
        raise BadAnswer("the model's probabilities are NaN or infinite; needed: finite numbers")


def ask(
    strategy: Callable[..., Any], learner: Any, X_pool: Any, *args: Any, **kwargs: Any
) -> tuple[Ints, NDArray[np.float64]]:
    """Run `strategy` exactly once on `X_pool` and return its checked (indices, scores).

    Strategies marked `needs_model = False` may run on an untrained learner, no other.

    Raises:
        NotFitted, OneClassOnly: see `require_model`.
        BadAnswer: not a pair; indices not whole, distinct and inside the pool; scores not finite.
    """
    if getattr(strategy, "needs_model", True):
        require_model(learner, X_pool)
    return checked_answer(strategy(learner, X_pool, *args, **kwargs), n_rows=X_pool.shape[0])


def checked_answer(answer: Any, *, n_rows: int) -> tuple[Ints, NDArray[np.float64]]:
    """The pair a strategy returned, as int64 (n,) and float64 (n,). Raises `BadAnswer`."""
    if not isinstance(answer, tuple) or len(answer) != 2:
        raise BadAnswer(
            f"the strategy returned {_described(answer)}; needed: a tuple (indices, scores)"
        )
    indices, scores = np.asarray(answer[0]), np.asarray(answer[1])
    if indices.ndim != 1 or indices.shape != scores.shape:
        raise BadAnswer(
            f"indices have shape {indices.shape} and scores {scores.shape}; needed: (n,) both"
        )
    if not len(indices):
        return np.empty(0, np.int64), np.empty(0)
    _check_indices(indices, n_rows)
    return indices.astype(np.int64), finite_scores(scores)


def finite_scores(scores: NDArray[Any]) -> NDArray[np.float64]:
    """The same scores as float64. Raises `BadAnswer` on one that is no finite number."""
    if not (np.issubdtype(scores.dtype, np.floating) or np.issubdtype(scores.dtype, np.integer)):
        raise BadAnswer(f"scores are {scores.dtype}; needed: numbers")
    if not np.isfinite(scores).all():
        raise BadAnswer("a score is NaN or infinite; needed: finite numbers")
    return scores.astype(np.float64)


def check_best_first(scores: NDArray[np.float64]) -> None:
    """Raises `BadAnswer` unless `scores` never rise: rank 1 must be the highest."""
    rises = np.flatnonzero(np.diff(scores) > 1e-9)
    if len(rises):
        at = int(rises[0])
        raise BadAnswer(
            f"place {at + 2} has score {scores[at + 1]:.6g}, above place {at + 1} with "
            f"{scores[at]:.6g}; needed: best first, higher is asked sooner"
        )


def _check_indices(indices: NDArray[Any], n_rows: int) -> None:
    if not np.issubdtype(indices.dtype, np.integer):
        raise BadAnswer(f"indices are {indices.dtype}; needed: whole numbers")
    if indices.min() < 0 or indices.max() >= n_rows:
        raise BadAnswer(
            f"indices run from {indices.min()} to {indices.max()}; the pool has rows 0 to {n_rows - 1}"
        )
    if len(np.unique(indices)) != len(indices):
        raise BadAnswer("an index is named twice; needed: distinct rows")


def _described(answer: Any) -> str:
    if isinstance(answer, tuple):
        return f"a tuple of {len(answer)}"
    return f"a bare {type(answer).__name__}"
