"""What strategies that look at more than one row at a time share: which rows, and how far apart."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from learners.engine.arrays import Floats, Ints, as_rows
from learners.engine.asking import require_model
from learners.engine.errors import NotFitted, OneClassOnly
from learners.engine.ties import row_keys, salt

Doubles = NDArray[np.float64]
Singles = NDArray[np.float32]


def hash_order(X: Any, rng: np.random.Generator) -> Ints:
    """All rows of X (n_rows, d), sorted by a hash of their content that `rng` salts, (n_rows,).

    What is computed on rows in this order does not depend on the order they came in. The first n
    are a uniform draw. Rows of equal content stand together, in random order.
    """
    keys = row_keys(X, salt(rng))
    return np.lexsort((rng.permutation(len(keys)), keys)).astype(np.int64)


def seen(learner: Any, X: Any) -> Doubles:
    """Rows as distances are measured on, dense: through the learner's pipeline where it asks so."""
    transformed = getattr(learner, "on_transformed", False)
    rows = learner.transform_without_estimating(X) if transformed else X
    dense: Doubles = as_rows(_dense(rows) if sparse.issparse(rows) else rows)
    return dense


def _dense(rows: Any) -> Any:
    return rows.toarray()


def labelled(learner: Any) -> Doubles | None:
    """The labelled rows, (n_labels, d) as `seen`, without the names of classes that stand before
    them; None when there are none."""
    if n_labels(learner) < 1:
        return None
    return seen(learner, learner.X_training[n_prior(learner) :])


def n_labels(learner: Any) -> int:
    """How many labels of people the learner was trained on; names of classes do not count."""
    X = getattr(learner, "X_training", None)
    return 0 if X is None else max(0, X.shape[0] - n_prior(learner))


def labels(learner: Any) -> NDArray[Any]:
    """Those labels, (n_labels,), or (n_labels, k) for a multi-label learner."""
    if n_labels(learner) < 1:
        return np.empty(0, np.int64)
    return np.asarray(learner.y_training)[n_prior(learner) :]


def n_prior(learner: Any) -> int:
    """How many rows at the front of its training rows are names of classes."""
    return int(getattr(learner, "n_prior", 0))


def is_multilabel(learner: Any) -> bool:
    """Whether the learner's examples have any number of classes: its labels are then (n, k)."""
    y = getattr(learner, "y_training", None)
    return y is not None and np.ndim(y) == 2


def knows_classes(learner: Any, X: Any) -> bool:
    """Whether the learner can tell classes apart; False for an untrained one."""
    try:
        require_model(learner, X)
    except (NotFitted, OneClassOnly):
        return False
    return True


def n_classes(learner: Any) -> int:
    """Classes in the training rows, names included; 0 for an untrained learner."""
    y = getattr(learner, "y_training", None)
    if y is None:
        return 0
    known = np.asarray(y)
    return int(known.shape[1] if known.ndim == 2 else len(np.unique(known)))


def squared_distances(A: Floats, B: Floats) -> Singles:
    """Squared Euclidean distances, (len(A), len(B)), never negative, in single precision.

    Single precision is twice as fast and safe where rows come in hash order: the same pool gives
    the same last bits. Rows are centred first, else nothing would be left of small distances far
    from the origin.
    """
    centre = B.mean(axis=0)
    a, b = (A - centre).astype(np.float32), (B - centre).astype(np.float32)
    distances: Singles = a @ b.T
    distances *= -2
    distances += (a**2).sum(axis=1)[:, None]
    distances += (b**2).sum(axis=1)
    np.maximum(distances, 0, out=distances)
    return distances


def unit_rows(rows: Doubles) -> Doubles:
    """Rows of length 1; a row of zeros stays one."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.where(lengths > 0, lengths, 1)


def mean_squared_distance(X: Floats) -> float:
    """Of two rows of X drawn at random with replacement: twice the total variance."""
    return 2 * float(X.var(axis=0).sum()) if len(X) else 0.0
