"""Linear discriminant analysis with a shrunken covariance and equal priors.

Fisher 1936, "The use of multiple measurements in taxonomic problems", Annals of Eugenics 7(2);
the shrinkage towards a multiple of the identity is Ledoit and Wolf 2004, "A well-conditioned estimator
for large-dimensional covariance matrices", Journal of Multivariate Analysis 88(2). Rows are left out
by rank-one updates: Lachenbruch and Mickey 1968, "Estimation of error rates in discriminant
analysis", Technometrics 10(1).
"""

from dataclasses import dataclass

import numpy as np

from learners.engine.heads.softmax import Array, LinearScores, SoftmaxHead, TrainingRows

LEAST_SHRINKAGE = 1e-3


class ShrinkageLDA(SoftmaxHead):
    """Scores -(x - mean)' S⁻¹ (x - mean) / 2, with one covariance S for all classes.

    Attributes:
        shrinkage_: weight of the identity in S, in [0.001, 1].
    """

    def _scores(self, rows: TrainingRows) -> LinearScores:
        means = rows.means
        residuals = rows.X - means[rows.codes]
        inverse, self.shrinkage_ = _inverse_covariance(rows, residuals)
        turned = inverse.times(means)
        intercept = -(turned * means).sum(axis=1) / 2
        return LinearScores(turned, intercept, _left_out(rows, means, residuals, inverse), 1.0)


@dataclass(frozen=True, eq=False)
class _Inverse:
    """(floor * I + weight * R'R)⁻¹, kept as floor, weight and R = U s V'.

    Attributes:
        axes: V', (r, d). shrink: (r,), 1 / (floor + weight s²) - 1 / floor.
    """

    floor: float
    weight: float
    axes: Array
    shrink: Array

    def times(self, vectors: Array) -> Array:
        """Each row of `vectors` (m, d) times the inverse."""
        product: Array = vectors / self.floor + ((vectors @ self.axes.T) * self.shrink) @ self.axes
        return product


def _inverse_covariance(rows: TrainingRows, residuals: Array) -> tuple[_Inverse, float]:
    from sklearn.covariance import ledoit_wolf_shrinkage  # noqa: PLC0415

    n, n_dimensions = residuals.shape
    weighted = residuals * np.sqrt(rows.weights)[:, None]
    scatter = float(np.square(weighted).sum())
    n_free = max(n - rows.n_classes, 1)
    if scatter <= 1e-12 * max(float(np.square(rows.X).sum()), 1e-300):
        # Every class is one point, so nothing is known of its spread.
        return _Inverse(1.0, 0.0, np.zeros((0, n_dimensions)), np.zeros(0)), 1.0
    seen = weighted[rows.can_be_left_out]
    shrinkage = float(
        np.clip(ledoit_wolf_shrinkage(seen, assume_centered=True), LEAST_SHRINKAGE, 1)
    )
    floor = shrinkage * scatter / (n_free * n_dimensions)
    weight = (1 - shrinkage) / n_free
    _, strengths, axes = np.linalg.svd(weighted, full_matrices=False)
    shrink = 1 / (floor + weight * strengths**2) - 1 / floor
    return _Inverse(floor, weight, axes, shrink), shrinkage


def _left_out(rows: TrainingRows, means: Array, residuals: Array, inverse: _Inverse) -> Array:
    """The scores of each row from means and a covariance without it, (n, k); the shrinkage stays.

    With Q the inverse, r the row's residual, f = W / (W - w) for its class's weight W: the mean moves
    to mean - (f - 1) r, the scatter loses w f r r', and by Sherman and Morrison the inverse becomes
    Q + g Q r r' Q with g = b w f / (1 - b w f r'Qr), b the scatter's weight.
    """
    own = (np.arange(len(residuals)), rows.codes)
    totals = rows.class_weights[rows.codes]
    others = np.where(rows.can_be_left_out, totals - rows.weights, totals)
    factor = totals / others
    turned_means, turned_residuals = inverse.times(means), inverse.times(residuals)
    own_length = (turned_residuals * residuals).sum(axis=1)
    along = (turned_residuals * rows.X).sum(axis=1)[:, None] - turned_residuals @ means.T
    distances = (
        (inverse.times(rows.X) * rows.X).sum(axis=1)[:, None]
        - 2 * rows.X @ turned_means.T
        + (turned_means * means).sum(axis=1)
    )
    along[own] = factor * own_length
    distances[own] = factor**2 * own_length
    lost = inverse.weight * rows.weights * factor
    gain = lost / np.maximum(1 - lost * own_length, 1e-6)
    scores: Array = -(distances + gain[:, None] * along**2) / 2
    return scores
