"""modAL's learner, repaired: each test fails on modAL 0.4.2.1 as it comes."""

import pickle
from typing import Any

import numpy as np
import pytest
from modAL.uncertainty import margin_sampling
from scipy import sparse
from sklearn.base import clone

from learners.engine.asking import ask
from learners.engine.errors import BadAnswer, NotFitted, OneClassOnly
from learners.engine.heads import make_head
from learners.engine.learner import ActiveLearner
from learners.engine.strategies import get_strategy
from tests.engine.contract import rng
from tests.engine.worlds import make_learner, make_vectors


def test_fit_trains_and_remembers_its_rows() -> None:
    X, y = make_vectors(30)
    learner = ActiveLearner(make_head(), margin_sampling).fit(X, y)
    assert learner.X_training.shape == (30, 6)
    assert learner.score(X, y) > 0.8


def test_teach_adds_rows_and_trains_on_all_of_them() -> None:
    X, y = make_vectors(30)
    learner = ActiveLearner(make_head(), margin_sampling, X[:20], y[:20])
    learner.teach(X[20:], y[20:])
    expected = make_head().fit(X, y).predict_proba(X)
    np.testing.assert_allclose(learner.predict_proba(X), expected)
    assert len(learner.y_training) == 30


def test_teaching_only_new_rows_leaves_the_training_set_alone() -> None:
    X, y = make_vectors(30)
    learner = ActiveLearner(make_head(), margin_sampling, X[:20], y[:20])
    learner.teach(X[20:], y[20:], only_new=True)
    assert len(learner.X_training) == 20


def test_a_failed_teach_leaves_the_training_set_unchanged() -> None:
    X, y = make_vectors(30)
    learner = ActiveLearner(make_head(), margin_sampling, X[:20], y[:20])
    with pytest.raises(ValueError):
        learner.teach(np.full((3, 6), np.nan), y[:3])
    with pytest.raises(ValueError):
        learner.teach(np.ones((3, 5)), y[:3])
    assert learner.X_training.shape == (20, 6)
    assert learner.y_training.shape == (20,)


def test_teaching_an_empty_learner_starts_its_training_set() -> None:
    X, y = make_vectors(30)
    learner = ActiveLearner(make_head(), margin_sampling)
    learner.teach(X, y)
    assert learner.X_training.shape == (30, 6)


def test_sparse_rows_can_be_taught() -> None:
    X, y = make_vectors(30)
    learner = ActiveLearner(make_head(), get_strategy("margin"))
    learner.teach(sparse.csr_matrix(X[:20]), y[:20])
    learner.teach(sparse.csr_matrix(X[20:]), y[20:])
    indices, rows = learner.query(sparse.csr_matrix(X), n_instances=5, rng=rng())
    assert learner.X_training.shape == (30, 6)
    assert rows.shape == (5, 6)
    assert len(set(indices)) == 5


def test_repr_get_params_and_pickle_work() -> None:
    learner = ActiveLearner(make_head(), margin_sampling)
    assert "LogisticRegression" in repr(learner)
    assert learner.get_params()["estimator__C"] == 10
    assert isinstance(pickle.loads(pickle.dumps(learner)), ActiveLearner)


def test_a_clone_has_the_same_settings_and_its_own_estimator() -> None:
    learner = make_learner(get_strategy("margin"))
    copy = clone(learner)
    assert copy.estimator is not learner.estimator
    assert copy.get_params()["estimator__C"] == 10
    np.testing.assert_allclose(copy.X_training, learner.X_training)


def test_a_strategy_runs_exactly_once() -> None:
    calls = []

    def counting(learner: Any, X: Any, n_instances: int = 1) -> Any:
        calls.append(n_instances)
        return np.arange(n_instances), np.zeros(n_instances)

    make_learner(counting).query(make_vectors(9)[0], n_instances=3)
    assert calls == [3]


@pytest.mark.parametrize("error", [KeyboardInterrupt, ZeroDivisionError, KeyError])
def test_a_strategys_error_is_passed_on_and_nothing_is_tried_again(
    error: type[BaseException],
) -> None:
    calls = []

    def failing(learner: Any, X: Any) -> Any:
        calls.append(1)
        raise error

    with pytest.raises(error):
        make_learner(failing).query(make_vectors(9)[0])
    assert len(calls) == 1


@pytest.mark.parametrize("n", [1, 2, 3])
def test_a_bare_array_is_refused_and_never_unpacked(n: int) -> None:
    learner = make_learner(lambda learner, X: np.arange(n))
    with pytest.raises(BadAnswer, match="a bare ndarray; needed: a tuple"):
        learner.query(make_vectors(9)[0])


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        (([0, 1], [0.5]), r"shape \(2,\) and scores \(1,\)"),
        (([0, 0], [0.5, 0.4]), "named twice"),
        (([0, 9], [0.5, 0.4]), "the pool has rows 0 to 8"),
        (([-1], [0.5]), "from -1 to -1"),
        (([0.0], [0.5]), "indices are float64"),
        (([0], [np.nan]), "NaN"),
        (([0], [np.inf]), "infinite"),
        (([0], ["high"]), "scores are <U4"),
        (([0], [0.5], [1]), "a tuple of 3"),
    ],
)
def test_a_wrong_answer_is_named(answer: Any, complaint: str) -> None:
    learner = make_learner(lambda learner, X: tuple(np.array(part) for part in answer))
    with pytest.raises(BadAnswer, match=complaint):
        learner.query(make_vectors(9)[0])


def test_an_untrained_learner_is_refused_even_for_modals_own_strategies() -> None:
    learner = ActiveLearner(make_head(), margin_sampling)
    with pytest.raises(NotFitted, match="train it on labels of two classes"):
        learner.query(make_vectors(9)[0])


def test_a_learner_of_one_class_is_refused() -> None:
    from sklearn.dummy import DummyClassifier

    X, y = make_vectors(9)
    learner = ActiveLearner(DummyClassifier(), margin_sampling, X, np.zeros_like(y))
    with pytest.raises(OneClassOnly):
        learner.query(X)


def test_scores_come_back_when_asked_for() -> None:
    learner = make_learner(get_strategy("margin"))
    X, _ = make_vectors(20)
    indices, rows, scores = learner.query(X, n_instances=4, rng=rng(), return_metrics=True)
    np.testing.assert_array_equal(rows, X[indices])
    assert scores.tolist() == sorted(scores, reverse=True)


def test_modals_margin_sampling_still_runs() -> None:
    X, _ = make_vectors(20)
    indices, _ = make_learner(margin_sampling).query(X, n_instances=4)
    ours, _ = ask(get_strategy("margin"), make_learner(margin_sampling), X, 4, rng=rng())
    assert set(indices) == set(ours)


def test_a_committee_of_repaired_learners_can_be_taught() -> None:
    from modAL.disagreement import vote_entropy_sampling
    from modAL.models import Committee

    X, y = make_vectors(30)
    learners = [ActiveLearner(make_head(), margin_sampling, X[:20], y[:20]) for _ in range(2)]
    Committee(learners, vote_entropy_sampling).teach(X[20:], y[20:])
    assert [len(learner.X_training) for learner in learners] == [30, 30]
