"""Expected error reduction: ask the text whose answer would leave the fewest doubts elsewhere.

For each candidate and each class that it may have, a model is trained as if it had that class, and
its doubts about the other rows are added up. modAL's version cannot be imported on numpy 2 (it
names `np.float`) and trains a model for each row of the pool and each class; here both are
bounded, the training starts from the learner's own coefficients, and ties are drawn from `rng`.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from learners.engine.arrays import Floats, Ints, as_rows
from learners.engine.asking import finite_scores, require_model
from learners.engine.committees import labels_only
from learners.engine.errors import BadAnswer, NotFitted
from learners.engine.rows import Doubles, hash_order, is_multilabel
from learners.engine.strategies.base import Strategy, worded
from learners.engine.ties import best_rows

MAX_POOL = 500  # rows whose doubts are added up, drawn by hash
N_CANDIDATES = 32  # the first of them: each costs up to N_CLASSES trainings
N_CLASSES = 3  # likeliest classes of a candidate that are tried


def expected_error_sampling(
    learner: Any, X_pool: Any, n_instances: int = 1, *, rng: np.random.Generator, **kwargs: Any
) -> tuple[Ints, NDArray[np.float64]]:
    """The rows after whose answer the least error is expected. Roy and McCallum 2001.

    The error of a model is its mean 1 − P(likeliest class) over the other rows (the paper's 0/1
    loss); a candidate's is the mean over its `N_CLASSES` likeliest classes, by their probability.
    With three classes or fewer that is the exact definition.

    Returns:
        Indices (n,) and scores (n,) in [−1, 0]: minus the expected error.

    Raises:
        NotFitted, OneClassOnly: no model that tells classes apart, or none that keeps its rows.
        BadAnswer: a multi-label learner.
    """
    require_model(learner, X_pool)
    if X_pool.shape[0] == 0 or n_instances < 1:
        return np.empty(0, np.int64), np.empty(0)
    if getattr(learner, "X_training", None) is None:
        raise NotFitted("this strategy needs the labelled rows: train through the ActiveLearner")
    if is_multilabel(learner):
        raise BadAnswer("the learner gives any number of classes; this strategy tries one each")
    order = hash_order(X_pool, rng)
    order = order[: max(MAX_POOL, n_instances)]
    rows = as_rows(X_pool[order])
    n_tried = min(len(order), max(N_CANDIDATES, n_instances))
    scores = -np.array([_expected_error(learner, rows, row, kwargs) for row in range(n_tried)])
    picks, best = best_rows(finite_scores(scores), rows[:n_tried], n_instances, rng=rng)
    return order[picks], best


def _expected_error(learner: Any, rows: Any, row: int, kwargs: dict[str, Any]) -> float:
    """The mean error on the other rows once `row` is labelled."""
    candidate = rows[row : row + 1]
    probabilities = np.asarray(learner.predict_proba(candidate, **kwargs))[0]
    likeliest = np.argsort(-probabilities, kind="stable")[:N_CLASSES]
    weights = probabilities[likeliest] / probabilities[likeliest].sum()
    others = rows[np.arange(rows.shape[0]) != row]
    if not others.shape[0]:
        return 0.0
    classes = _classes(learner)
    errors = [
        _error(_retrained(learner, candidate, classes[place]), others, kwargs)
        for place in likeliest
    ]
    return float(weights @ errors)


def _classes(learner: Any) -> NDArray[Any]:
    """Class labels in the order of the probabilities' columns."""
    known = getattr(learner.estimator, "classes_", None)
    return np.unique(learner.y_training) if known is None else np.asarray(known)


def _retrained(learner: Any, candidate: Any, label: Any) -> Any:
    """A copy of the learner's model, trained on one example more, on labels alone."""
    model = labels_only(learner.estimator)
    if hasattr(model, "warm_start"):
        model.warm_start = True  # one row more moves it little: few steps
    X = np.concatenate([_dense(as_rows(learner.X_training)), _dense(candidate)])
    return model.fit(X, np.append(np.asarray(learner.y_training), label))


def _dense(rows: Any) -> Doubles:
    return np.asarray(rows.todense() if hasattr(rows, "todense") else rows)


def _error(model: Any, rows: Any, kwargs: dict[str, Any]) -> float:
    likeliest: Floats = np.asarray(model.predict_proba(rows, **kwargs)).max(axis=1)
    return float(np.mean(1 - likeliest))


def explain(learner: Any, X_picked: Any, scores: Floats) -> list[str]:
    return worded("its answer should leave a mean doubt of {:.3f} on other texts", -scores)


STRATEGY = Strategy(
    name="expected_error",
    label="Expected error reduction",
    description=(
        "Texts whose answer should make the model surer of all others. Trains a model for each "
        f"possible answer to {N_CANDIDATES} texts drawn at random, which takes many seconds."
    ),
    paper=(
        "Roy and McCallum 2001, Toward optimal active learning through sampling estimation of "
        "error reduction, ICML"
    ),
    score_range="minus the expected mean 1 − P(likeliest class) on other texts, from −1 to 0",
    query=expected_error_sampling,
    explain=explain,
    max_pool=MAX_POOL,
    max_queue=N_CANDIDATES,
    small_pools_only=True,
    assumes="The model's own doubt is a fair estimate of its error.",
    fails_when=(
        "The model is sure and wrong, or the pool is large: it looks at few texts, and a random "
        "few may hold none worth asking."
    ),
)
