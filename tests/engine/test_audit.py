"""Cross-fitting: no audit row is predicted by a model that saw it."""

from typing import Any

import numpy as np
import pytest

from learners.engine.audit import cross_fitted_predictions
from learners.engine.errors import BadVectors
from learners.engine.heads import make_head
from tests.engine.contract import rng
from tests.engine.worlds import make_vectors


class Memory:
    """A classifier that knows by heart what it saw, and says -1 of everything else."""

    def __init__(self, seen: list[int]) -> None:
        self.seen = seen

    def fit(self, X: Any, y: Any) -> "Memory":
        self.known = dict(zip(X[:, 0].tolist(), y.tolist(), strict=True))
        self.seen.append(len(X))
        return self

    def predict(self, X: Any) -> Any:
        return np.array([self.known.get(value, -1) for value in X[:, 0].tolist()])


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
    result = fitted(20, list(range(0, 20, 2)), make_head=lambda: Memory(seen), y=np.arange(20))
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


def test_shapes_that_do_not_agree_are_named() -> None:
    with pytest.raises(BadVectors, match="10 vectors, 3 labels"):
        fitted(10, [1], y=np.arange(3))
