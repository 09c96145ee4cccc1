"""Strategies for examples with any number of classes, each an independent yes or no.

They are the ones of `modAL.multilabel`, written anew from the papers, because that module
(modAL 0.4.2.1) is wrong without an error; `learners.engine.learner` lists how.
"""

from learners.engine.strategies.multilabel.decisions import confidence

__all__ = ["confidence"]
