"""Each head's own mathematics: leaving a row out by formula is leaving it out in earnest."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import log_softmax
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import NearestCentroid as ScikitNearestCentroid

from learners.engine.heads.auto import CANDIDATES, AutoHead
from learners.engine.heads.lda import ShrinkageLDA, _Inverse, _left_out
from learners.engine.heads.linear_svm import CalibratedLinearSVM
from learners.engine.heads.logistic import BalancedLogisticRegression
from learners.engine.heads.logistic_loo import (
    STRENGTHS,
    LeaveOneOutLogistic,
    approximately_left_out,
    solved,
)
from learners.engine.heads.nearest_centroid import NearestCentroid
from learners.engine.heads.ridge import RidgeHead, _Solver
from learners.engine.heads.softmax import (
    LinearScores,
    SoftmaxHead,
    TrainingRows,
    calibrated,
    training_rows,
)
from tests.engine.worlds import make_vectors

Array = NDArray[np.float64]


def rows_of(n_rows: int = 24, *, weighted: bool = True) -> TrainingRows:
    X, y = make_vectors(n_rows)
    weights = np.random.default_rng(2).uniform(0.5, 2, n_rows) if weighted else None
    return training_rows(X, y, weights)[1]


def without(rows: TrainingRows, place: int) -> TrainingRows:
    """The same rows and weights but one; classes are not balanced again."""
    others = np.arange(len(rows.X)) != place
    return TrainingRows(rows.X[others], rows.codes[others], rows.n_classes, rows.weights[others])


def differences(scores: Array) -> Array:
    """Scores up to what all classes share, which no softmax sees."""
    centred: Array = scores - scores.mean(axis=-1, keepdims=True)
    return centred


def test_nearest_centroid_leaves_rows_out_exactly() -> None:
    rows = rows_of()
    found = NearestCentroid()._scores(rows).left_out
    for place in range(len(rows.X)):
        rest = NearestCentroid()._scores(without(rows, place))
        expected = rest.coef @ rows.X[place] + rest.intercept
        np.testing.assert_allclose(found[place], expected, atol=1e-10)


def test_nearest_centroid_is_scikit_learns() -> None:
    X, y = make_vectors(30)
    fresh = make_vectors(100, seed=4)[0]
    expected = ScikitNearestCentroid().fit(X, y).predict(fresh)
    assert NearestCentroid().fit(X, y).predict(fresh).tolist() == expected.tolist()


def inverse_of(rows: TrainingRows, floor: float, weight: float) -> _Inverse:
    residuals = (rows.X - rows.means[rows.codes]) * np.sqrt(rows.weights)[:, None]
    _, strengths, axes = np.linalg.svd(residuals, full_matrices=False)
    return _Inverse(floor, weight, axes, 1 / (floor + weight * strengths**2) - 1 / floor)


def test_lda_leaves_rows_out_exactly() -> None:
    rows = rows_of()
    residuals = rows.X - rows.means[rows.codes]
    found = _left_out(rows, rows.means, residuals, inverse_of(rows, 0.3, 0.1))
    for place in range(len(rows.X)):
        rest = without(rows, place)
        away = rows.X[place] - rest.means
        expected = -(inverse_of(rest, 0.3, 0.1).times(away) * away).sum(axis=1) / 2
        np.testing.assert_allclose(found[place], expected, atol=1e-9)


def test_lda_is_scikit_learns_up_to_its_temperature() -> None:
    X, y = make_vectors(60)
    ours = ShrinkageLDA().fit(X, y)
    theirs = LinearDiscriminantAnalysis(
        solver="lsqr", shrinkage=ours.shrinkage_, priors=np.full(3, 1 / 3)
    ).fit(X, y)
    # Theirs divides the scatter by n, ours by n - k, so the scores differ by a factor.
    one, other = (differences(head.coef_.T).ravel() for head in (ours, theirs))
    assert np.corrcoef(one, other)[0, 1] > 0.9999


def test_ridge_leaves_rows_out_exactly() -> None:
    rows = rows_of()
    found = _Solver(rows).solved(0.7).left_out
    for place in range(len(rows.X)):
        rest = without(rows, place)
        model = Ridge(alpha=0.7).fit(rest.X, rest.targets, rest.weights)
        np.testing.assert_allclose(found[place], model.predict(rows.X[[place]])[0], atol=1e-9)


def test_ridge_takes_the_penalty_of_least_loss() -> None:
    X, y = make_vectors(60)
    head = RidgeHead().fit(X, y)
    rows = training_rows(X, y, None)[1]
    losses = {alpha: calibrated(rows, _Solver(rows).solved(alpha))[1] for alpha in (0.1, 1, 30)}
    assert head.left_out_log_loss_ == pytest.approx(
        min(head.left_out_log_loss_ or 0, *[loss or 0 for loss in losses.values()])
    )


def like_sentences(n_classes: int) -> TrainingRows:
    """48 unit vectors of 60 dimensions, more columns than rows, as embeddings of few labels are."""
    rng = np.random.default_rng(1)
    y = np.arange(48) % n_classes
    X = rng.normal(size=(n_classes, 60))[y] + rng.normal(scale=1.8, size=(48, 60))
    return training_rows(X / np.linalg.norm(X, axis=1, keepdims=True), y, None)[1]


@pytest.mark.parametrize("n_classes", [2, 3, 12])
@pytest.mark.parametrize("strength", STRENGTHS)
def test_logistic_leaves_rows_out_nearly(n_classes: int, strength: float) -> None:
    rows = like_sentences(n_classes)
    coef, intercept = solved(rows.X, rows, strength, LogisticRegression(max_iter=2_000))
    logits = rows.X @ coef.T + intercept
    found = approximately_left_out(rows.X @ rows.X.T, logits, rows, strength)
    exact = np.array([left_out_in_earnest(rows, place, strength) for place in range(48)])
    losses = [log_loss(rows, scores) for scores in (found, exact, logits)]
    # The approximation is far nearer to the truth than the fit that saw its rows.
    assert abs(losses[0] - losses[1]) < 0.1 * abs(losses[2] - losses[1])


@pytest.mark.parametrize("n_classes", [2, 3, 12])
def test_logistic_chooses_the_strength_that_is_best_in_earnest(n_classes: int) -> None:
    rows = like_sentences(n_classes)
    losses = {strength: loss_in_earnest(rows, strength) for strength in STRENGTHS}
    chosen = LeaveOneOutLogistic().fit(rows.X, rows.codes).C_
    assert losses[chosen] < min(losses.values()) + 0.01


def loss_in_earnest(rows: TrainingRows, strength: float) -> float:
    exact = np.array([left_out_in_earnest(rows, place, strength) for place in range(len(rows.X))])
    loss = calibrated(rows, LinearScores(exact[:1], exact[0], exact, 1.0))[1]
    assert loss is not None
    return loss


def left_out_in_earnest(rows: TrainingRows, place: int, strength: float) -> Array:
    rest, model = without(rows, place), LogisticRegression(max_iter=2_000)
    coef, intercept = solved(rest.X, rest, strength, model)
    logits: Array = coef @ rows.X[place] + intercept
    return logits


def log_loss(rows: TrainingRows, logits: Array) -> float:
    return float(-log_softmax(logits, axis=1)[np.arange(len(logits)), rows.codes].mean())


def test_a_row_that_is_the_only_one_of_its_class_does_not_calibrate() -> None:
    X, y = make_vectors(31)
    y[30] = 99
    rows = training_rows(X, y, None)[1]
    assert rows.can_be_left_out.tolist() == [True] * 30 + [False]


def test_with_nothing_to_leave_out_the_usual_temperature_stays() -> None:
    rows = training_rows(np.eye(3), np.arange(3), None)[1]
    scores = LinearScores(np.eye(3), np.zeros(3), np.eye(3), 0.4)
    assert calibrated(rows, scores) == (0.4, None)


def test_scores_that_are_always_right_sharpen_and_wrong_ones_flatten() -> None:
    rows = rows_of(30, weighted=False)
    right, wrong = rows.targets, rows.targets[:, [1, 2, 0]]
    temperatures = [
        calibrated(rows, LinearScores(right, right[0], scores, 1.0))[0] for scores in (right, wrong)
    ]
    assert temperatures[0] < 0.5
    assert temperatures[1] > 2


def test_the_svm_calibrates_on_rows_it_did_not_train_on() -> None:
    """On labels without sense it knows that it knows nothing, where its margins say otherwise."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 80)), rng.integers(0, 2, 60)
    assert CalibratedLinearSVM().fit(X, y).predict_proba(X).max(axis=1).mean() < 0.75


def test_auto_says_what_it_chose_and_is_that_head() -> None:
    X, y = make_vectors(60)
    head = AutoHead().fit(X, y)
    chosen = CANDIDATES[head.chosen]().fit(X, y)
    np.testing.assert_array_equal(head.coef_, chosen.coef_)
    assert head.left_out_log_loss_ == min(head.log_losses_.values())


def test_auto_has_a_first_choice_where_nothing_can_be_left_out() -> None:
    head = AutoHead().fit(np.eye(3), np.arange(3))
    assert head.chosen == "logistic_loo"
    assert head.log_losses_ == {}


def test_auto_takes_the_means_where_classes_are_balls() -> None:
    """Spheres around their means are the very case that nearest centroid assumes."""
    rng = np.random.default_rng(1)
    y = np.arange(30) % 10
    X = rng.normal(size=(10, 40))[y] + rng.normal(scale=0.9, size=(30, 40))
    assert AutoHead().fit(X, y).chosen in {"nearest_centroid", "lda"}


def test_few_wide_rows_are_trained_on_alike_in_fewer_directions() -> None:
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(12, 100)), np.arange(12) % 3
    ours = BalancedLogisticRegression(tol=1e-9).fit(X, y)
    theirs = LogisticRegression(C=10, class_weight="balanced", tol=1e-9, max_iter=2_000).fit(X, y)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-4)
    fresh: Any = rng.normal(size=(5, 100))
    np.testing.assert_allclose(ours.predict_proba(fresh), theirs.predict_proba(fresh), atol=1e-4)


def test_every_candidate_of_auto_can_be_chosen_alone() -> None:
    assert all(issubclass(head, SoftmaxHead) for head in CANDIDATES.values())
