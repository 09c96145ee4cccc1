"""Cross-fitting: no audit row is predicted by a model that saw it."""

from typing import Any

import numpy as np
import pytest

from learners.engine.audit import cross_fitted_predictions
from learners.engine.errors import BadVectors
from learners.engine.heads import make_head
from learners.engine.training import Names
from tests.engine.contract import rng
from tests.engine.worlds import make_vectors


class Memory:
    """A classifier that knows by heart what it saw, and says -1, class of the row that is never asked, else."""

    def __init__(self, seen: list[int]) -> None:
        self.seen = seen

    def fit(self, X: Any, y: Any) -> "Memory":
        self.known = dict(zip(X[:, 0].tolist(), y.tolist(), strict=True))
        self.classes_ = np.unique(y)
        self.seen.append(len(X))
        return self

    def predict(self, X: Any) -> Any:
        return np.array([self.known.get(value, -1) for value in X[:, 0].tolist()])

    def predict_proba(self, X: Any) -> Any:
        return np.equal.outer(self.predict(X), self.classes_).astype(float)


def fitted(n_rows: int, audit_rows: list[int], **changes: Any) -> Any:
    X = np.arange(n_rows, dtype=float)[:, None]
    is_audit = np.isin(np.arange(n_rows), audit_rows)
    given: dict[str, Any] = {
        "make_head": make_head,
        "X": X,
        "y": np.arange(n_rows) % 2,
        "is_audit": is_audit,
        "rng": rng(),
    } | changes
    return cross_fitted_predictions(**given)


def test_every_audit_row_is_predicted_by_a_model_that_never_saw_it() -> None:
    seen: list[int] = []
    y = np.where(np.arange(20) == 1, -1, np.arange(20))
    result = fitted(20, list(range(0, 20, 2)), make_head=lambda: Memory(seen), y=y)
    assert result.predictions.tolist() == [-1] * 10
    assert seen == [18] * 5


def test_a_leak_would_show() -> None:
    """The same memory, asked about rows it did see, knows them."""
    X = np.arange(4, dtype=float)[:, None]
    assert Memory([]).fit(X, np.arange(4)).predict(X).tolist() == [0, 1, 2, 3]


def test_predictions_stand_in_the_order_of_the_rows() -> None:
    X, y = make_vectors(90)
    result = fitted(90, list(range(5, 60, 3)), X=X, y=y)
    assert result.rows.tolist() == list(range(5, 60, 3))
    assert np.mean(result.predictions == y[result.rows]) > 0.6  # by chance: 0.33


def test_the_same_generator_gives_the_same_folds() -> None:
    X, y = make_vectors(60)
    first, again = (fitted(60, list(range(30)), X=X, y=y, rng=rng(4)) for _ in range(2))
    assert first.predictions.tolist() == again.predictions.tolist()


def test_fewer_audit_rows_than_folds_get_a_fold_each() -> None:
    seen: list[int] = []
    result = fitted(10, [1, 4, 5], make_head=lambda: Memory(seen))
    assert result.n_folds == 3
    assert seen == [9, 9, 9]


def test_no_audit_row_gives_an_empty_result() -> None:
    result = fitted(10, [])
    assert len(result.predictions) == result.n_folds == 0


def test_all_rows_may_be_audit_rows() -> None:
    seen: list[int] = []
    fitted(10, list(range(10)), make_head=lambda: Memory(seen))
    assert seen == [8] * 5


def test_a_fold_that_takes_the_only_row_of_a_class_cannot_be_right_there() -> None:
    X, y = make_vectors(20)
    y[3] = 77
    result = fitted(20, [2, 3, 7], X=X, y=y)
    assert result.predictions[1] != 77
    assert result.n_unseen == 1


def test_a_training_set_of_one_class_predicts_that_class_and_says_so() -> None:
    result = fitted(6, [0, 1], y=np.array([9, 4, 4, 4, 4, 4]), n_folds=2)
    assert result.predictions[0] == 4
    assert result.n_by_constant == 1
    assert result.n_unseen == 1


def test_a_single_label_leaves_nothing_to_train_on() -> None:
    with pytest.raises(BadVectors, match="nothing is left to train"):
        fitted(1, [0])


def test_strict_measuring_trains_on_no_audit_row() -> None:
    seen: list[int] = []
    result = fitted(20, [2, 3, 9], make_head=lambda: Memory(seen), strict=True)
    assert seen == [17]
    assert result.n_folds == 1
    assert result.rows.tolist() == [2, 3, 9]


def test_strict_measuring_without_another_label_is_refused() -> None:
    with pytest.raises(BadVectors, match="nothing is left to train"):
        fitted(4, [0, 1, 2, 3], strict=True)


def test_names_are_always_trained_on_and_never_measured() -> None:
    seen: list[int] = []
    names = Names(np.array([[100.0], [101.0]]), np.array([0, 1]))
    result = fitted(10, list(range(10)), make_head=lambda: Memory(seen), names=names)
    assert seen == [10] * 5  # 8 rows of other folds and 2 names
    assert result.rows.tolist() == list(range(10))


def test_names_alone_measure_every_audit_row_strictly() -> None:
    X, y = make_vectors(30)
    names = Names(np.eye(3, 6), np.array([10, 11, 12]))
    result = fitted(30, list(range(30)), X=X, y=y, names=names, strict=True)
    assert np.mean(result.predictions == y) > 0.6  # by chance: 0.33


def test_probabilities_stand_in_the_order_of_the_class_ids() -> None:
    X, y = make_vectors(90)
    result = fitted(90, list(range(30)), X=X, y=y)
    assert result.class_ids.tolist() == [10, 11, 12]
    np.testing.assert_allclose(result.probabilities.sum(axis=1), 1)
    best = result.class_ids[result.probabilities.argmax(axis=1)]
    assert best.tolist() == result.predictions.tolist()


def test_a_class_that_a_model_never_saw_has_probability_zero() -> None:
    X, y = make_vectors(20)
    y[3] = 77
    result = fitted(20, [2, 3, 7], X=X, y=y)
    assert result.class_ids.tolist() == [10, 11, 12, 77]
    assert result.probabilities[1, 3] == 0


def test_shapes_that_do_not_agree_are_named() -> None:
    with pytest.raises(BadVectors, match="10 vectors, 3 labels"):
        fitted(10, [1], y=np.arange(3))
