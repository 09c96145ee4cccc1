"""What every head on vectors keeps to, whatever it is inside."""

import io
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.base import clone

from learners.engine.errors import BadVectors, OneClassOnly
from learners.engine.heads import HEADS, Head, HeadKind, get_head
from tests.engine.worlds import make_vectors

VECTOR_HEADS = [head for head in HEADS if head.kind == "vectors"]
OWN_HEADS = [head for head in VECTOR_HEADS if head.name not in {"logistic", "self_trained"}]

every_head = pytest.mark.parametrize("kind", VECTOR_HEADS, ids=lambda kind: kind.name)
own_head = pytest.mark.parametrize("kind", OWN_HEADS, ids=lambda kind: kind.name)


def made(kind: HeadKind, *, n_dimensions: int = 6) -> Any:
    estimator = kind.make()
    if kind.learns_from_pool:
        estimator.pool = np.empty((0, n_dimensions))
    return estimator


def many_classes() -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """77 classes in 100 dimensions: 70 with three rows, seven with one."""
    rng = np.random.default_rng(3)
    y = np.concatenate([np.repeat(np.arange(70), 3), np.arange(70, 77)])
    X = rng.normal(size=(77, 100))[y] + rng.normal(scale=0.6, size=(len(y), 100))
    return X / np.linalg.norm(X, axis=1, keepdims=True), y


@every_head
def test_probabilities_sum_to_one_and_are_right_more_often_than_chance(kind: HeadKind) -> None:
    estimator = made(kind).fit(*make_vectors(60))
    X, y = make_vectors(300, seed=1)
    probabilities = estimator.predict_proba(X)
    assert probabilities.shape == (300, 3)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    assert np.mean(estimator.predict(X) == y) > 0.6  # by chance: 0.33


@every_head
def test_two_classes_and_many_become_the_same_softmax(kind: HeadKind) -> None:
    X, y = make_vectors(30)
    for labels in (y, np.where(y == 10, 3, 8)):
        estimator = made(kind).fit(X, labels)
        head = Head.from_estimator(estimator)
        assert head.class_ids == tuple(np.unique(labels))
        np.testing.assert_allclose(head.predict_proba(X), estimator.predict_proba(X), atol=1e-9)
        assert estimator.predict(X).tolist() == head.predict(X).tolist()


@every_head
def test_77_classes_some_with_one_row(kind: HeadKind) -> None:
    X, y = many_classes()
    estimator = made(kind, n_dimensions=100).fit(X, y)
    assert Head.from_estimator(estimator).coef.shape == (77, 100)
    assert np.mean(estimator.predict(X) == y) > 0.5


@every_head
def test_a_stored_head_predicts_alike(kind: HeadKind) -> None:
    X, y = make_vectors(30)
    head = Head.from_estimator(made(kind).fit(X, y))
    again = Head.load(io.BytesIO(head.to_bytes()))
    np.testing.assert_array_equal(again.predict_proba(X), head.predict_proba(X))


@every_head
def test_more_classes_than_repeated_labels(kind: HeadKind) -> None:
    X, _ = make_vectors(5)
    estimator = made(kind).fit(X, np.arange(5))
    assert np.isfinite(estimator.predict_proba(X)).all()
    assert estimator.predict(X).tolist() == [0, 1, 2, 3, 4]


@every_head
@pytest.mark.parametrize("n_rows", [2, 3])
def test_two_labels_are_enough(kind: HeadKind, n_rows: int) -> None:
    X, _ = make_vectors(n_rows)
    estimator = made(kind).fit(X, np.arange(n_rows) % 2)
    assert np.isfinite(estimator.predict_proba(X)).all()
    assert estimator.predict(X[:2]).tolist() == [0, 1]


@every_head
def test_constant_columns_and_equal_rows_do_no_harm(kind: HeadKind) -> None:
    X, y = make_vectors(30)
    wide = np.hstack([X, np.ones((30, 1)), np.zeros((30, 2))])
    estimator = made(kind, n_dimensions=9).fit(np.vstack([wide, wide]), np.append(y, y))
    assert np.isfinite(estimator.predict_proba(wide)).all()


@every_head
def test_rows_that_are_all_alike_leave_it_undecided(kind: HeadKind) -> None:
    estimator = made(kind).fit(np.ones((12, 6)), np.arange(12) % 3)
    np.testing.assert_allclose(estimator.predict_proba(np.ones((1, 6))), 1 / 3, atol=0.02)


@every_head
def test_zero_vectors_do_no_harm(kind: HeadKind) -> None:
    X, y = make_vectors(12)
    estimator = made(kind).fit(np.vstack([X, np.zeros((3, 6))]), np.append(y, [10, 11, 12]))
    assert np.isfinite(estimator.predict_proba(np.zeros((1, 6)))).all()


@every_head
def test_one_class_alone_is_refused(kind: HeadKind) -> None:
    with pytest.raises(OneClassOnly, match="all 3 are of class 7"):
        made(kind).fit(np.ones((3, 6)), np.array([7, 7, 7]))


@every_head
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_no_numbers_are_refused(kind: HeadKind, value: float) -> None:
    X, y = make_vectors(6)
    X[4, 2] = value
    with pytest.raises(BadVectors, match="row 4"):
        made(kind).fit(X, y)


@every_head
def test_the_same_rows_give_the_same_head(kind: HeadKind) -> None:
    X, y = make_vectors(40)
    one, other = (made(kind).fit(X, y) for _ in range(2))
    np.testing.assert_array_equal(one.coef_, other.coef_)


@every_head
def test_half_and_single_precision_rows_are_taken(kind: HeadKind) -> None:
    X, y = make_vectors(40)
    estimator = made(kind).fit(X.astype(np.float16), y)
    expected = made(kind).fit(X.astype(np.float16).astype(np.float64), y)
    np.testing.assert_allclose(estimator.coef_, expected.coef_, rtol=1e-6)


@every_head
def test_a_clone_is_unfitted_and_alike(kind: HeadKind) -> None:
    X, y = make_vectors(30)
    estimator = made(kind).fit(X, y)
    copy = clone(estimator)
    assert not hasattr(copy, "coef_")
    assert copy.get_params() == estimator.get_params()


@every_head
def test_common_classes_are_not_preferred(kind: HeadKind) -> None:
    X, y = make_vectors(90)
    few = np.r_[np.flatnonzero(y == 10)[:4], np.flatnonzero(y == 11)[:4], np.flatnonzero(y == 12)]
    estimator = made(kind).fit(X[few], y[few])
    probabilities = estimator.predict_proba(make_vectors(300, seed=5)[0]).mean(axis=0)
    assert probabilities.max() < 0.45


@own_head
def test_a_row_of_weight_two_is_a_row_twice_in_the_means(kind: HeadKind) -> None:
    X, y = make_vectors(30)
    assert made(kind).fit(X, y, np.r_[np.zeros(3), np.ones(27)]).coef_ == pytest.approx(
        made(kind).fit(X[3:], y[3:]).coef_
    )


@own_head
@pytest.mark.parametrize("weights", [np.ones(3), np.full(30, -1.0), np.full(30, np.nan)])
def test_weights_that_are_none_are_refused(kind: HeadKind, weights: Any) -> None:
    with pytest.raises(BadVectors, match="needed: one each, from 0 up"):
        made(kind).fit(*make_vectors(30), weights)


@own_head
def test_probabilities_mean_what_they_say(kind: HeadKind) -> None:
    X, y = make_vectors(120)
    fresh, truth = make_vectors(3_000, seed=7)
    probabilities = made(kind).fit(X, y).predict_proba(fresh)
    right = probabilities.argmax(axis=1) + 10 == truth
    assert abs(probabilities.max(axis=1).mean() - right.mean()) < 0.06


def test_a_head_without_a_calibration_would_be_caught() -> None:
    """The same scores, twenty times as steep, do not mean what they say."""
    fresh, truth = make_vectors(3_000, seed=7)
    head = Head.from_estimator(made(get_head("ridge")).fit(*make_vectors(120)))
    steep = Head(head.coef * 20, head.intercept * 20, head.class_ids).predict_proba(fresh)
    right = steep.argmax(axis=1) + 10 == truth
    assert abs(steep.max(axis=1).mean() - right.mean()) > 0.06
