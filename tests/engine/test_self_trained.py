"""Self-training learns from the pool what few labels could not say, and says when it has no pool."""

import numpy as np
import pytest
from numpy.typing import NDArray

from learners.engine.errors import BadVectors
from learners.engine.heads.logistic import BalancedLogisticRegression
from learners.engine.heads.self_trained import PER_CLASS, SelfTrainedLogisticRegression
from learners.engine.training import make_estimator, train_learner
from tests.engine.worlds import make_vectors


def self_trained(pool: NDArray[np.float64]) -> SelfTrainedLogisticRegression:
    estimator = SelfTrainedLogisticRegression()
    estimator.pool = pool
    return estimator


def test_the_pool_teaches_what_one_label_a_class_does_not() -> None:
    pool, _ = make_vectors(600, seed=1)
    X, y = make_vectors(2_000, seed=2)
    gains = []
    for seed in range(20):
        few, few_y = make_vectors(3, seed=100 + seed)
        plain = BalancedLogisticRegression().fit(few, few_y).score(X, y)
        gains.append(self_trained(pool).fit(few, few_y).score(X, y) - plain)
    assert np.mean(gains) > 2 * np.std(gains) / np.sqrt(len(gains))


def test_an_empty_pool_leaves_plain_logistic_regression() -> None:
    X, y = make_vectors(30)
    plain = BalancedLogisticRegression().fit(X, y)
    ours = self_trained(X[:0]).fit(X, y).predict_proba(X)
    np.testing.assert_allclose(ours, plain.predict_proba(X), atol=0.01)


def test_without_a_pool_it_refuses() -> None:
    X, y = make_vectors(30)
    with pytest.raises(BadVectors, match="given none"):
        train_learner(head="self_trained", X=X, y=y, rng=np.random.default_rng(0))


def test_as_many_rows_of_each_class_are_believed() -> None:
    X, y = make_vectors(30)
    model = self_trained(make_vectors(600, seed=1)[0]).fit(X, y)
    assert model.n_believed_ == 3 * PER_CLASS


def test_a_pool_of_another_width_is_refused() -> None:
    X, y = make_vectors(30)
    with pytest.raises(BadVectors, match="5 columns"):
        self_trained(np.zeros((4, 5))).fit(X, y)


def test_two_classes_are_told_apart() -> None:
    X, y = make_vectors(30)
    model = self_trained(make_vectors(200, seed=1)[0]).fit(X, y == 10)
    assert model.n_believed_ == 2 * PER_CLASS
    assert model.score(X, y == 10) > 0.9


def test_the_learner_keeps_its_labelled_rows_only() -> None:
    X, y = make_vectors(30)
    pool = make_vectors(200, seed=1)[0]
    learner = train_learner(head="self_trained", X=X, y=y, pool=pool, rng=np.random.default_rng(0))
    assert learner.X_training.shape == X.shape


def test_heads_that_need_no_pool_ignore_it() -> None:
    estimator = make_estimator("logistic", np.random.default_rng(0), pool=np.zeros((2, 6)))
    assert not hasattr(estimator, "pool")
