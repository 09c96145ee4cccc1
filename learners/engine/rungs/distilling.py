"""A teacher's probabilities of the pool train a smaller student (Hinton, Vinyals and Dean 2015).

Students are the linear rungs and those with a frozen embedding model. The labels train as they are;
each text of the pool trains with what the teacher says of it, and weighs as much as a label does (set by
`weight`). No text that measures may be in the pool: whoever calls sees to that.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from learners.engine.errors import BadTrainingData
from learners.engine.rungs.base import Files, RungKind, Surroundings, TrainingData
from learners.engine.rungs.on_trunk import sample_of

Teacher = Callable[[Sequence[str]], NDArray[Any]]
"""Texts to probabilities, (n_texts, k), columns as `teacher_class_ids`; a `Runtime.predict_proba` is one."""

POOL_TAUGHT = 2_000
POOL_WEIGHT = 1.0
TEXTS_AT_ONCE = 128


def distil(
    *,
    teacher: Teacher,
    teacher_class_ids: Sequence[int],
    data: TrainingData,
    student: RungKind,
    surroundings: Surroundings,
    weight: float = POOL_WEIGHT,
) -> Files:
    """The files of a student trained on the labels and on what the teacher says of the pool.

    Args:
        teacher: was trained on no audit answer.
        data: with `pool_texts`, of which `POOL_TAUGHT` are drawn.
        student: a rung for texts that does not train the embedding model.
        weight: of a text of the pool, where a label weighs 1; above 0.

    Raises:
        BadTrainingData: no pool, a student that cannot learn so, or a teacher that knows none of the
            classes or gives no probabilities.
    """
    taught = with_teaching(
        teacher=teacher,
        teacher_class_ids=teacher_class_ids,
        data=data,
        surroundings=surroundings.part(0.0, 0.5),
        weight=weight,
    )
    if student.input_kind != "text" or student.trains_trunk:
        raise BadTrainingData(f"“{student.label}” does not learn from soft labels")
    return student.train(taught, surroundings.part(0.5, 1.0))


def with_teaching(
    *,
    teacher: Teacher,
    teacher_class_ids: Sequence[int],
    data: TrainingData,
    surroundings: Surroundings,
    weight: float = POOL_WEIGHT,
) -> TrainingData:
    """The labels, and behind them texts of the pool with the teacher's soft labels.

    Classes count alike among the labels, as they do where there is no teacher.

    Raises:
        BadTrainingData: as `distil`.
    """
    rng = np.random.default_rng(surroundings.seed)
    labelled = set(data.texts)
    pool = sample_of([t for t in data.pool_texts if t not in labelled], POOL_TAUGHT, rng)
    if not pool:
        raise BadTrainingData("there is no text without a label that a teacher could tell of")
    soft = _taught(teacher, teacher_class_ids, pool, data.classes, surroundings)
    return replace(
        data,
        texts=[*data.texts, *pool],
        y=np.append(data.y, np.array(data.classes)[soft.argmax(axis=1)]).astype(np.int64),
        soft=np.concatenate([data.targets, soft]).astype(np.float32),
        weights=np.append(_balanced(data), np.full(len(pool), weight)),
        class_ids=data.classes,
    )


def _taught(
    teacher: Teacher,
    class_ids: Sequence[int],
    pool: Sequence[str],
    classes: Sequence[int],
    surroundings: Surroundings,
) -> NDArray[np.float64]:
    """What the teacher says of the pool, (n_pool, k), over the student's classes; rows sum to 1."""
    found = []
    for start in range(0, len(pool), TEXTS_AT_ONCE):
        surroundings.go_on("asking the teacher", start / len(pool))
        found.append(np.asarray(teacher(pool[start : start + TEXTS_AT_ONCE]), np.float64))
    said = np.concatenate(found)
    if said.shape != (len(pool), len(class_ids)) or not np.isfinite(said).all() or said.min() < 0:
        raise BadTrainingData(
            f"the teacher gave {said.shape} for {len(pool)} texts and {len(class_ids)} classes; "
            "needed: a probability of each class of each text"
        )
    soft = np.zeros((len(pool), len(classes)))
    for column, class_id in enumerate(class_ids):
        if class_id in classes:
            soft[:, list(classes).index(class_id)] = said[:, column]
    sums = soft.sum(axis=1, keepdims=True)
    if not (sums > 0).all():
        raise BadTrainingData("the teacher knows none of the classes that the labels have")
    shares: NDArray[np.float64] = soft / sums
    return shares


def _balanced(data: TrainingData) -> NDArray[np.float64]:
    """Weights of the labels at which each class that has any sums to the same, (n,)."""
    of_class = data.targets.T @ data.row_weights
    has_any = of_class > 0
    factors = np.zeros_like(of_class)
    factors[has_any] = data.row_weights.sum() / (has_any.sum() * of_class[has_any])
    weights: NDArray[np.float64] = data.row_weights * (data.targets @ factors)
    return weights
