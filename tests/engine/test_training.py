"""Training on labels and on the classes' own names, which makes a model at zero labels."""

import numpy as np
import pytest

from learners.engine.errors import BadVectors, OneClassOnly, UnknownHead
from learners.engine.training import Names, name_texts, train_learner
from tests.engine.contract import rng
from tests.engine.worlds import make_vectors

NAMES = Names(np.eye(3, 6), np.array([10, 11, 12]))


def test_names_alone_make_a_model() -> None:
    X, y = make_vectors(60)
    learner = train_learner(
        head="logistic", X=np.empty((0, 6)), y=np.empty(0, int), names=NAMES, rng=rng()
    )
    assert learner.score(X, y) > 0.6  # by chance: 0.33
    assert learner.n_prior == 3


def test_names_stand_in_front_of_the_labels() -> None:
    X, y = make_vectors(9)
    learner = train_learner(head="logistic", X=X, y=y, names=NAMES, rng=rng())
    np.testing.assert_array_equal(learner.X_training[: learner.n_prior], NAMES.vectors)
    np.testing.assert_array_equal(learner.X_training[learner.n_prior :], X)
    assert learner.y_training.tolist() == [10, 11, 12, *y.tolist()]


@pytest.mark.parametrize("names", [None, Names(np.empty((0, 6)), np.empty(0, np.int64))])
def test_without_names_the_labels_alone_are_trained_on(names: Names | None) -> None:
    X, y = make_vectors(9)
    learner = train_learner(head="logistic", X=X, y=y, names=names, rng=rng())
    assert learner.n_prior == 0
    assert len(learner.X_training) == 9


def test_a_name_brings_in_a_class_that_nobody_has_labelled() -> None:
    X, y = make_vectors(9)
    learner = train_learner(head="logistic", X=X[y < 12], y=y[y < 12], names=NAMES, rng=rng())
    assert learner.estimator.classes_.tolist() == [10, 11, 12]


def test_neither_names_nor_two_classes_is_refused() -> None:
    with pytest.raises(OneClassOnly, match="there are none"):
        train_learner(head="logistic", X=np.empty((0, 6)), y=np.empty(0), rng=rng())


def test_names_of_another_width_are_refused() -> None:
    X, y = make_vectors(9)
    with pytest.raises(BadVectors, match="the names have 6 columns"):
        train_learner(head="logistic", X=X[:, :4], y=y, names=NAMES, rng=rng())


def test_names_without_a_class_each_are_refused() -> None:
    with pytest.raises(BadVectors, match="needed: one each"):
        Names(np.eye(3), np.array([1, 2]))


def test_an_unknown_head_is_answered_with_those_there_are() -> None:
    with pytest.raises(UnknownHead, match="no head 'forest'; there are logistic"):
        train_learner(head="forest", X=make_vectors(9)[0], y=make_vectors(9)[1], rng=rng())


def test_names_are_read_as_words() -> None:
    texts = name_texts(["add_to_playlist", "BookRestaurant", "HTTPError", "card-arrival", "ham"])
    assert texts == [
        ("add to playlist", 0),
        ("Book Restaurant", 1),
        ("HTTP Error", 2),
        ("card arrival", 3),
        ("ham", 4),
    ]


def test_names_without_a_letter_say_nothing() -> None:
    assert name_texts(["0", "1", "?", "", "数"]) == [("数", 4)]


def test_descriptions_follow_the_names_and_repetitions_are_dropped() -> None:
    texts = name_texts(["spam", "ham"], ["Unwanted\n mail.", "Ham"])
    assert texts == [("spam", 0), ("ham", 1), ("Unwanted mail.", 0)]


def test_two_classes_may_share_a_name() -> None:
    assert name_texts(["other", "Other"]) == [("other", 0), ("Other", 1)]
