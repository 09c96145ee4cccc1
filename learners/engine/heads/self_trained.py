"""Logistic regression that also learns from the pool's clearest texts: the default.

Self-training (Yarowsky 1995, "Unsupervised word sense disambiguation rivaling supervised methods",
ACL; as "pseudo-label" Lee 2013, ICML workshop): a model trained on the labels says what the texts
nobody labelled are, and those it is surest of train its successor, each for a fraction of a label.
Of every class the same number is taken, or else the common classes would crowd out the rare ones.
"""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from learners.engine.arrays import Floats, Ints, checked_vectors
from learners.engine.errors import BadVectors
from learners.engine.heads.base import check_training_set
from learners.engine.heads.logistic import BalancedLogisticRegression

ROUNDS = 2
PER_CLASS = 30  # of a class, the surest rows that are believed
MAX_BELIEVED = 2_000  # of all classes: what keeps 77 classes as fast as seven
WEIGHT = 0.2  # of a believed row, where a label weighs 1
ROUGH, EXACT = 1e-3, 3e-4  # tolerance of the fits that only choose rows, and of the last one


class SelfTrainedLogisticRegression(BalancedLogisticRegression):
    """`BalancedLogisticRegression` with `ROUNDS` rounds of self-training.

    Attributes:
        pool: (n_pool, d), rows without a label; set by `make_estimator`. No rows: no self-training.
        n_believed_: rows of the pool that the last round believed.
    """

    learns_from_pool = True
    pool: Floats | None = None

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train on vectors (n_rows, d) and class ids (n_rows,), then on them and the pool.

        Raises:
            OneClassOnly: fewer than two classes among `y`.
            BadVectors: shapes that do not agree, NaN or infinite values, or no `pool` was set.
        """
        if self.pool is None:
            raise BadVectors("this head learns from unlabelled texts too, and was given none")
        check_training_set(X, y)
        rows, labels = np.asarray(X, dtype=np.float64), np.asarray(y)
        pool = checked_vectors(self.pool, n_dimensions=rows.shape[1]).astype(np.float64)
        weights = np.ones(len(rows)) if sample_weight is None else np.asarray(sample_weight)
        n_rounds = ROUNDS if len(pool) else 0
        self.tol = ROUGH if n_rounds else EXACT
        super().fit(rows, labels, sample_weight)
        self.n_believed_ = 0
        for n_left in reversed(range(n_rounds)):
            believed, places = self._surest(pool)
            self.n_believed_ = len(believed)
            self.tol = ROUGH if n_left else EXACT
            super().fit(
                np.concatenate([rows, pool[believed]]),
                np.concatenate([labels, self.classes_[places]]),
                np.concatenate([weights, np.full(len(believed), WEIGHT)]),
            )
        return self

    def _surest(self, pool: NDArray[np.float64]) -> tuple[Ints, Ints]:
        """The rows of the pool that are believed, and their classes' places: (n,) each."""
        probabilities = softmax(np.atleast_2d(self._logits(pool)), axis=1)
        places = probabilities.argmax(axis=1)
        two_best = np.partition(probabilities, -2, axis=1)[:, -2:]
        margins = two_best[:, 1] - two_best[:, 0]
        n_classes = probabilities.shape[1]
        n_each = max(1, min(PER_CLASS, MAX_BELIEVED // n_classes))
        surest_first = np.lexsort((np.arange(len(pool)), -margins))
        by_class = [
            surest_first[places[surest_first] == place][:n_each] for place in range(n_classes)
        ]
        believed = np.concatenate(by_class)
        return believed.astype(np.int64), places[believed].astype(np.int64)

    def _logits(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        scores: NDArray[np.float64] = self.decision_function(rows)
        return np.column_stack([-scores / 2, scores / 2]) if scores.ndim == 1 else scores
