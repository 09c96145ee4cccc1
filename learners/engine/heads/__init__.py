"""The heads Labeler offers: one file per idea, one explicit tuple. Importing this loads no scikit-learn."""

import importlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from learners.engine.arrays import Floats
from learners.engine.errors import UnknownHead
from learners.engine.heads.base import Head, HeadKind, check_training_set
from learners.engine.named import one_named

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
    HeadKind(
        name="logistic_loo",
        label="Logistic regression, its strength chosen",
        description="C is the one of 1, 10 and 100 that predicts each label best from the others.",
        paper="Rad and Maleki 2020, A scalable estimate of the out-of-sample prediction error",
        make=_maker("logistic_loo", "LeaveOneOutLogistic"),
    ),
    HeadKind(
        name="lda",
        label="Linear discriminant analysis (shrinkage)",
        description="Classes as clouds of one shape around their means; the shape is drawn towards a "
        "ball as far as the labels are few.",
        paper="Ledoit and Wolf 2004, A well-conditioned estimator for large-dimensional covariance matrices",
        make=_maker("lda", "ShrinkageLDA"),
    ),
    HeadKind(
        name="nearest_centroid",
        label="Nearest centroid",
        description="The class whose mean is nearest. Learns little from many labels, and something "
        "from very few.",
        paper="Snell, Swersky and Zemel 2017, Prototypical networks for few-shot learning",
        make=_maker("nearest_centroid", "NearestCentroid"),
    ),
    HeadKind(
        name="linear_svm",
        label="Linear support vector machine (calibrated)",
        description="Looks at the examples near the borders alone; its margins are turned into "
        "probabilities afterwards.",
        paper="Cortes and Vapnik 1995, Support-vector networks",
        make=_maker("linear_svm", "CalibratedLinearSVM"),
    ),
    HeadKind(
        name="ridge",
        label="Ridge regression (calibrated)",
        description="Trained in closed form, with the penalty that predicts each label best from the "
        "others.",
        paper="Rifkin and Lippert 2007, Notes on regularized least squares",
        make=_maker("ridge", "RidgeHead"),
    ),
    HeadKind(
        name="auto",
        label="Whichever predicts the labels best",
        description="Trains the five before, and keeps the one that predicts each label best from the "
        "others. No audit answer is looked at.",
        paper="Stone 1974, Cross-validatory choice and assessment of statistical predictions",
        make=_maker("auto", "AutoHead"),
    ),
    HeadKind(
        name="tree",
        label="Small decision tree",
        description="At most sixteen rules over the columns of a table, for people to read. Depth is "
        "chosen by the labels; other heads are usually more accurate.",
        paper="Breiman, Friedman, Olshen and Stone 1984, Classification and regression trees",
        make=_maker("tree", "SmallTree"),
        kind="table",
    ),
    HeadKind(
        name="one_vs_rest",
        label="One logistic regression a class (C=10, balanced)",
        description="For texts with any number of classes: a yes or no for each class by itself, from a "
        "probability on that is chosen for it.",
        paper="Boutell, Luo, Shen and Brown 2004, Learning multi-label scene classification",
        make=_maker("one_vs_rest", "OneVsRestLogistic"),
        kind="multilabel",
    ),
)

HEAD_NAME = HEADS[0].label


def get_head(name: str) -> HeadKind:
    """The head of this name.

    Raises:
        UnknownHead: there is none; says what there is.
    """
    return one_named(HEADS, name, noun="head", unknown=UnknownHead)


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
