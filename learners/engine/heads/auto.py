"""The head that predicts its own training rows best when each is left out.

Stone 1974, "Cross-validatory choice and assessment of statistical predictions", Journal of the Royal
Statistical Society B 36(2). Training labels alone decide: no audit answer and no test row is seen.
"""

from typing import Any, Self

from learners.engine.heads.lda import ShrinkageLDA
from learners.engine.heads.linear_svm import CalibratedLinearSVM
from learners.engine.heads.logistic_loo import LeaveOneOutLogistic
from learners.engine.heads.nearest_centroid import NearestCentroid
from learners.engine.heads.ridge import RidgeHead
from learners.engine.heads.softmax import SoftmaxHead

# The first stays when nothing can be left out, or when several predict alike.
CANDIDATES: dict[str, type[SoftmaxHead]] = {
    "logistic_loo": LeaveOneOutLogistic,
    "nearest_centroid": NearestCentroid,
    "lda": ShrinkageLDA,
    "ridge": RidgeHead,
    "linear_svm": CalibratedLinearSVM,
}


class AutoHead(SoftmaxHead):
    """Fits every candidate and keeps the one of least left-out log-loss.

    Attributes:
        chosen: the name of the head kept.
        log_losses_: name -> left-out log-loss, of the heads that have one; the linear SVM's is from
            three folds, so that it stands on fewer rows than the others'.
    """

    chosen: str
    log_losses_: dict[str, float]

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """As `SoftmaxHead.fit`."""
        fitted = {name: make().fit(X, y, sample_weight) for name, make in CANDIDATES.items()}
        losses = {name: head.left_out_log_loss_ for name, head in fitted.items()}
        self.log_losses_ = {name: loss for name, loss in losses.items() if loss is not None}
        self.chosen = min(
            self.log_losses_, key=self.log_losses_.__getitem__, default=next(iter(fitted))
        )
        best = fitted[self.chosen]
        self.classes_, self.coef_, self.intercept_ = best.classes_, best.coef_, best.intercept_
        self.temperature_, self.left_out_log_loss_ = best.temperature_, best.left_out_log_loss_
        self.n_features_in_ = best.n_features_in_
        return self
