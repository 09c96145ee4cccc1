"""The heads Labeler offers: one file per idea, one explicit tuple. Importing this loads no scikit-learn."""

import importlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from learners.engine.arrays import Floats
from learners.engine.errors import UnknownHead
from learners.engine.heads.base import Head, HeadKind, check_training_set

__all__ = [
    "HEADS",
    "HEAD_NAME",
    "Head",
    "HeadKind",
    "check_training_set",
    "fit_head",
    "get_head",
    "make_head",
]


def _maker(module: str, estimator: str) -> Callable[[], Any]:
    """Makes an unfitted estimator of a module beside this one, imported at the first call."""

    def make() -> Any:
        return getattr(importlib.import_module(f"{__name__}.{module}"), estimator)()

    return make


HEADS: tuple[HeadKind, ...] = (
    HeadKind(
        name="logistic",
        label="Logistic regression (C=10, balanced classes)",
        description="One fixed setting that serves normalised vectors well, and the yardstick for the others.",
        paper="Cox 1958, The regression analysis of binary sequences",
        make=_maker("logistic", "BalancedLogisticRegression"),
    ),
    HeadKind(
        name="self_trained",
        label="Logistic regression, self-trained on the pool",
        description="The same, which also learns from the unlabelled texts it is surest of. Best while "
        "labels are few.",
        paper="Yarowsky 1995, Unsupervised word sense disambiguation rivaling supervised methods",
        make=_maker("self_trained", "SelfTrainedLogisticRegression"),
        learns_from_pool=True,
    ),
)

HEAD_NAME = HEADS[0].label


def get_head(name: str) -> HeadKind:
    """The head of this name.

    Raises:
        UnknownHead: there is none; says what there is.
    """
    for head in HEADS:
        if head.name == name:
            return head
    known = ", ".join(head.name for head in HEADS)
    raise UnknownHead(f"no head {name!r}; there are {known}")


def make_head() -> Any:
    """An unfitted reference head: scikit-learn's `LogisticRegression` with C=10 and balanced classes."""
    return HEADS[0].make()


def fit_head(X: Floats, y: Sequence[int] | NDArray[np.int64], *, head: str = "logistic") -> Head:
    """Train the head of this name on vectors (n_rows, d) and class ids (n_rows,).

    Raises:
        UnknownHead: no head has this name.
        OneClassOnly: fewer than two classes among `y`.
        BadVectors: shapes that do not agree, NaN or infinite values.
    """
    check_training_set(X, y)
    estimator = get_head(head).make()
    return Head.from_estimator(estimator.fit(np.asarray(X, dtype=np.float64), np.asarray(y)))
