"""One logistic regression a class, for texts with any number of classes; see `learners.engine.multilabel`."""

from learners.engine.multilabel.logistic import OneVsRestLogistic

__all__ = ["OneVsRestLogistic"]
