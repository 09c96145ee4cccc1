"""What a student learns from: the labels of its ladder, and what its teacher says of open texts."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from learners.engine.errors import EngineError
from learners.engine.rungs.base import Surroundings, TrainingData
from learners.engine.rungs.distilling import with_teaching
from learners.engine.runtime import load_runtime
from learners.models import Ladder, Rung
from learners.models.ladder import TEACHER
from learners.selectors.training import training_set_from_ledger
from learners.services.ladder_data import (
    LadderData,
    texts_of,
    with_recipe,
    with_written,
    written_examples,
)
from learners.services.model_files import open_folder
from learners.services.teacher_answers import soft_answers, standing_answers
from projects.selectors.teacher import prompt_of, teacher_of

LEAST_SHARE = 1e-6  # of a text's soft label that must lie on classes which labels have

Ask = Callable[[Sequence[str]], NDArray[np.float64]]


@dataclass(frozen=True, eq=False)
class Lessons:
    """`training`: what the student learns from; `settings`: for its manifest; `note`: for the page."""

    training: TrainingData
    settings: dict[str, object]
    note: str = ""


@dataclass(frozen=True, eq=False)
class _Teacher:
    """`ask` knows `texts`, and its columns are `class_ids`; `words` say where its answers come from."""

    ask: Ask
    texts: Sequence[str]
    class_ids: Sequence[int]
    words: str


def lessons_of(rung: Rung, data: LadderData, surroundings: Surroundings) -> Lessons:
    """What a rung of a ladder learns from: the ladder's labels alone, unless it is a student.

    Raises:
        EngineError: its teacher has gone, or has nothing to say.
    """
    student = rung.manifest.get("student")
    if not student:
        own = {name: rung.manifest[name] for name in ("recipe",) if name in rung.manifest}
        return Lessons(with_recipe(data.training, own), own, _beside(data.n_written))
    if "synthetic" in student:
        return _with_written(rung.ladder, data.training, student["synthetic"])
    teacher = (
        _outside(rung.ladder, data.training)
        if student["teacher"] == TEACHER
        else _of_ladder(rung.ladder, student["teacher"], data, surroundings.n_threads)
    )
    training = with_teaching(
        teacher=teacher.ask,
        teacher_class_ids=teacher.class_ids,
        data=replace(data.training, pool_texts=teacher.texts),
        surroundings=surroundings.part(0.0, 0.6),
    )
    n = len(data.training.texts)
    words = f"Learned from {n:,} labels and {len(training.texts) - n:,} open texts. {teacher.words}"
    return Lessons(training, {"student": student, "taught": _digest(training, n)}, words)


def _beside(n_written: int) -> str:
    return f"Trained with {n_written:,} texts beside that a teacher wrote." if n_written else ""


def _outside(ladder: Ladder, data: TrainingData) -> _Teacher:
    """The outside teacher's answers on texts that were open when the ladder began."""
    teacher = teacher_of(ladder.project_id)
    if teacher is None:
        raise EngineError("the outside teacher has been taken away")
    answers = standing_answers(teacher, prompt_of(ladder.project))
    labels = training_set_from_ledger(ladder.project_id, ladder.upto_seq or 0)
    ids, soft, words = soft_answers(answers, labels)
    known = soft[:, np.isin(answers.class_ids, data.classes)].sum(axis=1) > LEAST_SHARE
    texts = texts_of(ids.tolist())
    said = {texts[pk]: row for pk, row in zip(ids[known].tolist(), soft[known], strict=True)}

    def ask(asked: Sequence[str]) -> NDArray[np.float64]:
        return np.array([said[text] for text in asked])

    return _Teacher(ask, list(said), answers.class_ids, words)


def _of_ladder(ladder: Ladder, name: str, data: LadderData, n_threads: int) -> _Teacher:
    row = ladder.rungs.filter(name=name, status=Rung.Status.DONE).exclude(folder="").first()
    if row is None:
        raise EngineError("the model that should teach has been taken away; train the ladder again")
    runtime = load_runtime(open_folder(row), n_threads=n_threads)

    def ask(asked: Sequence[str]) -> NDArray[np.float64]:
        return np.asarray(runtime.predict_proba(asked), np.float64)

    words = f"The teacher is “{row.label}” of this ladder."
    return _Teacher(ask, data.training.pool_texts, runtime.class_ids, words)


def _with_written(ladder: Ladder, data: TrainingData, numbers: Sequence[int]) -> Lessons:
    rows = written_examples(ladder, numbers)
    written = [row for row in rows if row.label_class_id in data.class_names]
    if not written:
        raise EngineError(
            "no written text is left to learn from: their classes came after this ladder, or they are "
            "among its random texts; train the ladder again"
        )
    training, n = with_written(data, written), len(data.texts)
    settings: dict[str, object] = {
        "student": {"synthetic": list(numbers)},
        "taught": _digest(training, n),
    }
    words = f"Learned from {n:,} labels and {len(written):,} texts that a teacher wrote."
    return Lessons(training, settings, f"{words}{_without(len(numbers) - len(written))}")


def _without(n_left_out: int) -> str:
    if not n_left_out:
        return ""
    return (
        f" {n_left_out:,} more were left out: of a class that came after this ladder, or among its "
        "random texts."
    )


def _digest(training: TrainingData, n_labels: int) -> str:
    """SHA-256 of what the student was told beyond the labels: texts, and classes or soft labels."""
    found = hashlib.sha256()
    for text in training.texts[n_labels:]:
        found.update(hashlib.sha256(text.encode()).digest())
    found.update(np.asarray(training.targets[n_labels:]).round(6).tobytes())
    return found.hexdigest()
