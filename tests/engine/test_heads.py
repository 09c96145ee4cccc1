"""The head gives scikit-learn's probabilities without scikit-learn, and refuses what it cannot learn."""

import io
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from learners.engine.errors import BadFile, BadVectors, OneClassOnly
from learners.engine.heads import Head, fit_head, make_head
from tests.engine.worlds import make_vectors, make_wide


def make_known_head() -> Head:
    return Head(np.array([[1.0, 0.0], [0.0, 1.0]]), np.zeros(2), (4, 9))


@settings(max_examples=20)
@given(n_classes=st.integers(2, 6), seed=st.integers(0, 1000))
def test_probabilities_are_scikit_learns(n_classes: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    X, y = rng.normal(size=(40, 5)), np.arange(40) % n_classes
    estimator = make_head().fit(X, y)
    head = Head.from_estimator(estimator)
    np.testing.assert_allclose(head.predict_proba(X), estimator.predict_proba(X), atol=1e-6)


def test_two_classes_have_two_rows() -> None:
    X, y = make_vectors(30)
    head = fit_head(X, np.where(y == 10, 3, 8))
    assert head.coef.shape == (2, 6)
    assert head.class_ids == (3, 8)
    np.testing.assert_allclose(head.predict_proba(X).sum(axis=1), 1)


def test_probabilities_by_hand() -> None:
    # softmax(2, 0) = e^2 / (e^2 + 1) = 0.8808
    probabilities = make_known_head().predict_proba(np.array([[2.0, 0.0]]))
    assert probabilities[0].tolist() == pytest.approx([0.8808, 0.1192], abs=1e-4)


def test_predictions_are_class_ids() -> None:
    predicted = make_known_head().predict(np.array([[2.0, 0.0], [0.0, 1.0]], np.float16))
    assert predicted.tolist() == [4, 9]


def test_a_stored_head_is_the_same_head() -> None:
    X, y = make_vectors(30)
    head = fit_head(X, y)
    again = Head.from_bytes(head.to_bytes())
    np.testing.assert_array_equal(again.predict_proba(X), head.predict_proba(X))
    assert again.class_ids == head.class_ids == (10, 11, 12)


def test_nothing_is_unpickled() -> None:
    buffer = io.BytesIO()
    evil = np.array([{"an": "object"}], dtype=object)
    np.savez(buffer, coef=evil, intercept=evil, class_ids=evil)
    for stored in (buffer.getvalue(), pickle.dumps(make_known_head())):
        with pytest.raises(BadFile, match="not a stored head"):
            Head.from_bytes(stored)


@pytest.mark.parametrize("stored", [b"", b"PK\x03\x04", b"not an archive"])
def test_a_damaged_file_is_named(stored: bytes) -> None:
    with pytest.raises(BadFile, match="not a stored head"):
        Head.from_bytes(stored)


def test_a_cut_file_is_named() -> None:
    with pytest.raises(BadFile, match="not a stored head"):
        Head.from_bytes(make_known_head().to_bytes()[:-60])


def test_parts_that_do_not_fit_are_refused() -> None:
    with pytest.raises(BadFile, match="of 3 classes has coefficients"):
        Head(np.zeros((2, 2)), np.zeros(3), (1, 2, 3))
    with pytest.raises(BadFile, match="NaN"):
        Head(np.full((2, 2), np.nan), np.zeros(2), (1, 2))
    with pytest.raises(BadFile, match="class ids"):
        Head(np.zeros((2, 2)), np.zeros(2), (1, 1))


def test_one_class_alone_cannot_be_learned() -> None:
    with pytest.raises(OneClassOnly, match="all 3 are of class 7"):
        fit_head(np.ones((3, 2)), np.array([7, 7, 7]))
    with pytest.raises(OneClassOnly, match="there are none"):
        fit_head(np.ones((0, 2)), np.array([], dtype=int))


def test_vectors_without_numbers_cannot_be_learned_or_predicted() -> None:
    X, y = make_vectors(6)
    X[4, 2] = np.nan
    with pytest.raises(BadVectors, match="row 4"):
        fit_head(X, y)
    with pytest.raises(BadVectors, match="row 4"):
        fit_head(*make_vectors(6)).predict_proba(X)


def test_vectors_of_another_width_are_refused() -> None:
    with pytest.raises(BadVectors, match="3 columns; the model takes 2"):
        make_known_head().predict_proba(np.ones((1, 3)))


def test_labels_must_be_one_per_vector() -> None:
    with pytest.raises(BadVectors, match="labels of shape"):
        fit_head(np.ones((3, 2)), np.array([1, 2]))


def test_going_on_from_a_model_ends_at_the_same_model() -> None:
    X, y = make_vectors(13)
    X, again = make_wide(X), make_head().set_params(tol=1e-8)
    again.fit(X[:-1], y[:-1]).warm_start = True
    fresh = make_head().set_params(tol=1e-8).fit(X, y)
    np.testing.assert_allclose(again.fit(X, y).coef_, fresh.coef_, atol=1e-5)
