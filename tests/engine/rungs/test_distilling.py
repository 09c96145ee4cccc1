"""A teacher's soft labels train a student."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from learners.engine.errors import BadTrainingData, OneClassOnly
from learners.engine.rungs import Files, Surroundings, TrainingData, get_rung
from learners.engine.rungs.distilling import distil, with_teaching
from learners.engine.rungs.soft import fit_soft
from learners.engine.runtime import load_runtime
from tests.engine.rungs.worlds import TRAINS, make_data, make_texts


def knows_trains(texts: object) -> NDArray[np.float64]:
    """A teacher that is right about every text of the world: P(9), P(7)."""
    assert isinstance(texts, list)
    trains = np.array([any(word in text for word in TRAINS) for text in texts])
    return np.column_stack([np.where(trains, 0.9, 0.1), np.where(trains, 0.1, 0.9)])


def student(data: TrainingData, surroundings: Surroundings, name: str = "tfidf") -> Files:
    return distil(
        teacher=knows_trains,
        teacher_class_ids=(9, 7),
        data=data,
        student=get_rung(name),
        surroundings=surroundings,
    )


def test_the_student_learns_words_that_only_the_teacher_knew(surroundings: Surroundings) -> None:
    """Labels speak of soup and tickets alone."""
    data = replace(make_data(), texts=["soup", "ticket"], y=np.array([7, 9]), names=())
    runtime = load_runtime(student(data, surroundings))
    texts, y = make_texts(60, seed=3)
    assert (np.array(runtime.class_ids)[runtime.predict_proba(texts).argmax(1)] == y).mean() > 0.9


def test_the_teachers_columns_are_put_in_order(surroundings: Surroundings) -> None:
    taught = with_teaching(
        teacher=knows_trains,
        teacher_class_ids=(9, 7),
        data=make_data(),
        surroundings=surroundings,
    )
    assert taught.soft is not None
    assert taught.classes == (7, 9)
    for text, row in zip(taught.texts, taught.soft, strict=True):
        assert row.argmax() == int(any(word in text for word in TRAINS))


def test_labels_stay_what_people_said(surroundings: Surroundings) -> None:
    data = make_data()
    wrong = replace(data, y=16 - data.y)
    taught = with_teaching(
        teacher=knows_trains, teacher_class_ids=(9, 7), data=wrong, surroundings=surroundings
    )
    assert taught.soft is not None
    np.testing.assert_array_equal(taught.soft[: len(data.y)], wrong.targets)


def test_without_a_pool_there_is_nothing_to_teach(surroundings: Surroundings) -> None:
    with pytest.raises(BadTrainingData, match="no text without a label"):
        student(replace(make_data(), pool_texts=()), surroundings)


def test_a_rung_that_trains_the_embedding_model_is_no_student(surroundings: Surroundings) -> None:
    with pytest.raises(BadTrainingData, match="does not learn from soft labels"):
        student(make_data(), surroundings, "tuned")


def test_a_teacher_of_other_classes_is_refused(surroundings: Surroundings) -> None:
    with pytest.raises(BadTrainingData, match="none of the classes"):
        with_teaching(
            teacher=knows_trains,
            teacher_class_ids=(1, 2),
            data=make_data(),
            surroundings=surroundings,
        )


def test_numbers_that_are_no_probabilities_are_refused(surroundings: Surroundings) -> None:
    with pytest.raises(BadTrainingData, match="a probability of each class"):
        with_teaching(
            teacher=lambda texts: np.full((len(texts), 2), np.nan),
            teacher_class_ids=(7, 9),
            data=make_data(),
            surroundings=surroundings,
        )


def test_soft_targets_pull_by_their_share() -> None:
    """One column and no penalty to speak of: the head says back what it was told."""
    X = np.repeat(np.eye(2), 50, axis=0)
    targets = np.repeat([[0.8, 0.2], [0.3, 0.7]], 50, axis=0)
    head = fit_soft(X, targets, np.ones(100), (1, 2), strength=1e4)
    np.testing.assert_allclose(head.predict_proba(np.eye(2)), [[0.8, 0.2], [0.3, 0.7]], atol=5e-3)


def test_soft_targets_of_one_class_are_refused() -> None:
    with pytest.raises(OneClassOnly):
        fit_soft(np.eye(2), np.array([[1.0, 0.0], [1.0, 0.0]]), np.ones(2), (1, 2))


@pytest.mark.parametrize(
    "wrong",
    [
        {"y": np.array([1])},
        {"soft": np.ones((2, 2), np.float32)},
        {"soft": np.ones((1, 2), np.float32)},
        {"weights": np.array([1.0, 0.0])},
        {"weights": np.ones(3)},
        {"class_ids": (1, 3)},
    ],
)
def test_training_data_that_does_not_fit_is_refused(wrong: dict[str, object]) -> None:
    given = {"texts": ["one", "two"], "y": np.array([1, 2]), **wrong}
    with pytest.raises(BadTrainingData):
        TrainingData(**given)  # type: ignore[arg-type]
