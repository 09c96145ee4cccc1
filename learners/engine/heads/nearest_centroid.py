"""The class whose mean vector is nearest: the least a head can learn, and good with very few labels.

Rocchio 1971, "Relevance feedback in information retrieval", in Salton (ed.), The SMART Retrieval
System; as a softmax over squared distances: Snell, Swersky and Zemel 2017, "Prototypical networks
for few-shot learning", NeurIPS.
"""

import numpy as np

from learners.engine.heads.softmax import Array, LinearScores, SoftmaxHead, TrainingRows

USUAL_SHARE = 0.1  # of the mean squared length: cosines of unlike sentences differ by a few tenths


class NearestCentroid(SoftmaxHead):
    """Scores -|x - mean|² / 2, which differ between classes by a linear function of x."""

    def _scores(self, rows: TrainingRows) -> LinearScores:
        means = rows.means
        coef, intercept = means, -np.square(means).sum(axis=1) / 2
        left_out = rows.X @ coef.T + intercept
        left_out[np.arange(len(rows.X)), rows.codes] = _own_scores(rows, means)
        length = float(np.square(rows.X).sum(axis=1).mean()) or 1.0
        return LinearScores(coef, intercept, left_out, USUAL_SHARE * length)


def _own_scores(rows: TrainingRows, means: Array) -> Array:
    """The score of each row for its own class, whose mean is taken without the row, (n,)."""
    others = rows.class_weights[rows.codes] - rows.weights
    share = np.where(rows.can_be_left_out, rows.weights / np.where(others > 0, others, 1), 0)
    own = means[rows.codes] - share[:, None] * (rows.X - means[rows.codes])
    scores: Array = (rows.X * own).sum(axis=1) - np.square(own).sum(axis=1) / 2
    return scores
