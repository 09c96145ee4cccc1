"""Texts with any number of classes: one yes or no a class, each with a threshold of its own."""

from learners.engine.multilabel.audit import CrossFittedSets, cross_fitted_sets
from learners.engine.multilabel.calibration import Pooled, pooled_calibration
from learners.engine.multilabel.heads import HEAD_NAME, MultiLabelHead
from learners.engine.multilabel.logistic import NOT_ASKED, OneVsRestLogistic
from learners.engine.multilabel.measures import SetMeasures, measure_sets
from learners.engine.multilabel.thresholds import choose_thresholds, fitted_thresholds
from learners.engine.multilabel.training import (
    check_label_sets,
    sets_said,
    train_multilabel,
)

__all__ = [
    "HEAD_NAME",
    "NOT_ASKED",
    "CrossFittedSets",
    "MultiLabelHead",
    "OneVsRestLogistic",
    "Pooled",
    "SetMeasures",
    "check_label_sets",
    "choose_thresholds",
    "cross_fitted_sets",
    "fitted_thresholds",
    "measure_sets",
    "pooled_calibration",
    "sets_said",
    "train_multilabel",
]
