"""Training a multi-label head on label sets and on the classes' own names."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from learners.engine.arrays import Floats, checked_vectors
from learners.engine.errors import BadVectors, OneClassOnly
from learners.engine.multilabel.logistic import NOT_ASKED, OneVsRestLogistic
from learners.engine.multilabel.thresholds import fitted_thresholds
from learners.engine.training import Names

if TYPE_CHECKING:
    from learners.engine.learner import ActiveLearner


def check_label_sets(X: Any, Y: Any) -> None:
    """Raises OneClassOnly or BadVectors on what no multi-label model can be trained on."""
    rows = checked_vectors(X)
    sets = np.asarray(Y)
    if sets.ndim != 2 or len(sets) != len(rows):
        raise BadVectors(
            f"{len(rows)} vectors have label sets of shape {sets.shape}; needed: (n_rows, n_classes)"
        )
    if not np.isin(sets, (0, 1, NOT_ASKED)).all():
        raise BadVectors(f"label sets hold other values than 0, 1 and {NOT_ASKED}")
    if sets.shape[1] < 2:
        raise OneClassOnly("training needs two classes at least; add another one")
    if not tells_apart(sets):
        raise OneClassOnly(
            "training needs a class that some labelled texts have and others do not; "
            f"the {len(sets)} labels so far have none"
        )


def tells_apart(Y: NDArray[Any]) -> bool:
    """Whether some class of Y (n, k) has a yes and a no."""
    return bool(((Y == 1).any(axis=0) & (Y == 0).any(axis=0)).any())


def with_names(
    X: Floats, Y: NDArray[np.int8], class_ids: Sequence[int], names: Names | None
) -> tuple[NDArray[np.float64], NDArray[np.int8], int]:
    """The names in front: X (n, d), Y (n, k), and how many rows are names.

    A name is an example of its class and of no other.
    """
    rows, sets = np.asarray(X, dtype=np.float64), np.asarray(Y, dtype=np.int8)
    if names is None or not len(names):
        return rows, sets, 0
    own = (np.asarray(names.class_ids)[:, None] == np.asarray(class_ids)[None, :]).astype(np.int8)
    vectors = np.asarray(names.vectors, dtype=np.float64)
    if not len(rows):
        return vectors, own, len(names)
    if rows.shape[1] != vectors.shape[1]:
        raise BadVectors(f"the names have {vectors.shape[1]} columns, the examples {rows.shape[1]}")
    return np.concatenate([vectors, rows]), np.concatenate([own, sets]), len(names)


def sets_said(
    *,
    X: Floats,
    Y: NDArray[np.int8],
    class_ids: Sequence[int],
    X_new: Floats,
    rng: np.random.Generator,
    names: Names | None = None,
) -> NDArray[np.int8]:
    """Train on X (n, d), Y (n, k) and the names, choose thresholds on the same, and say which classes
    the rows of X_new (m, d) have: 0 or 1, (m, k); `NOT_ASKED` throughout without anything to train on.
    """
    rows, sets, n_names = with_names(X, Y, class_ids, names)
    if not len(rows):
        return np.full((len(X_new), len(class_ids)), NOT_ASKED, np.int8)
    model = OneVsRestLogistic().fit(rows, sets)
    thresholds = fitted_thresholds(model, rows, sets, n_prior=n_names, rng=rng)
    return (model.predict_proba(X_new) >= thresholds).astype(np.int8)


def train_multilabel(
    *,
    X: Floats,
    Y: NDArray[np.int8],
    class_ids: Sequence[int],
    names: Names | None = None,
    query_strategy: Callable[..., Any] | None = None,
) -> "ActiveLearner":
    """A trained `ActiveLearner` whose `predict_proba` gives (n, k) and whose `y_training` is (n, k).

    Its attribute `n_prior` is the number of name rows at the front of `X_training`. With names
    alone, at zero labels, it is trained too.

    Args:
        X: (n_labels, d). Y: (n_labels, k) of 0, 1 and `NOT_ASKED`. class_ids: (k,).

    Raises:
        OneClassOnly: no class that some texts have and others do not.
        BadVectors: shapes that do not agree, NaN or infinite values.
    """
    from learners.engine.learner import ActiveLearner  # noqa: PLC0415  modAL imports torch

    rows, sets, n_prior = with_names(X, Y, class_ids, names)
    check_label_sets(rows, sets)
    strategy: dict[str, Any] = {} if query_strategy is None else {"query_strategy": query_strategy}
    learner = ActiveLearner(OneVsRestLogistic(), X_training=rows, y_training=sets, **strategy)
    learner.n_prior = n_prior
    return learner
