"""What a student learns from: the labels of its ladder, and what its teacher says of open texts."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from learners.engine.errors import EngineError
from learners.engine.rungs.base import Surroundings, TrainingData
from learners.engine.rungs.distilling import POOL_WEIGHT, with_teaching
from learners.engine.runtime import Runtime, load_runtime
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
from learners.services.teacher_answers import StandingAnswers, soft_answers, standing_answers
from projects.selectors.teacher import prompt_of, teacher_of

LEAST_SHARE = 1e-6  # of a text's soft label that must lie on classes which labels have


@dataclass(frozen=True, eq=False)
class Lessons:
    """`training`: what the student learns from; `settings`: for its manifest; `note`: for the page.

    The settings are enough to gather the same lessons again: see `rebuild_student`.
    """

    training: TrainingData
    settings: dict[str, object]
    note: str = ""


@dataclass(frozen=True, eq=False)
class TeacherModel:
    """A model of the same ladder that teaches.

    Attributes:
        name, label: of its rung.
        manifest_digest, settings: of its manifest.
    """

    name: str
    label: str
    manifest_digest: str
    settings: Mapping[str, Any]
    runtime: Runtime

    def ask(self, texts: Sequence[str]) -> NDArray[np.float64]:
        return np.asarray(self.runtime.predict_proba(texts), np.float64)


def lessons_of(rung: Rung, data: LadderData, surroundings: Surroundings) -> Lessons:
    """What a rung of a ladder learns from: the ladder's labels alone, unless it is a student.

    Raises:
        EngineError: its teacher has gone, or has nothing to say.
    """
    student = rung.manifest.get("student")
    if not student:
        own = {name: rung.manifest[name] for name in ("recipe",) if name in rung.manifest}
        settings = own | _written_beside(rung.ladder)
        return Lessons(with_recipe(data.training, own), settings, _beside(data.n_written))
    if "synthetic" in student:
        return taught_by_written(rung.ladder, data.training, student["synthetic"])
    if student["teacher"] == TEACHER:
        return taught_by_answers(rung.ladder, data, _answers_now(rung.ladder), surroundings)
    model = _model_of(rung.ladder, student["teacher"], surroundings.n_threads)
    return taught_by_model(rung.ladder, data, model, surroundings)


def _written_beside(ladder: Ladder) -> dict[str, object]:
    """Numbers of the written texts that every model of the ladder learns from, if there are any."""
    return {"written": list(ladder.synthetic)} if ladder.synthetic else {}


def _beside(n_written: int) -> str:
    return f"Trained with {n_written:,} texts beside that a teacher wrote." if n_written else ""


def _answers_now(ladder: Ladder) -> StandingAnswers:
    teacher = teacher_of(ladder.project_id)
    if teacher is None:
        raise EngineError("the outside teacher has been taken away")
    return standing_answers(teacher, prompt_of(ladder.project))


def taught_by_answers(
    ladder: Ladder,
    data: LadderData,
    answers: StandingAnswers,
    surroundings: Surroundings,
    weight: float = POOL_WEIGHT,
) -> Lessons:
    """What an outside teacher's answers teach, on texts that were open when the ladder began.

    Raises:
        EngineError: there are none, or none of a class that labels have.
    """
    labels = training_set_from_ledger(ladder.project_id, ladder.upto_seq or 0)
    ids, soft, words = soft_answers(answers, labels)
    known = soft[:, np.isin(answers.class_ids, data.training.classes)].sum(axis=1) > LEAST_SHARE
    texts = texts_of(ids.tolist())
    said = {texts[pk]: row for pk, row in zip(ids[known].tolist(), soft[known], strict=True)}
    training = with_teaching(
        teacher=lambda asked: np.array([said[text] for text in asked]),
        teacher_class_ids=answers.class_ids,
        data=replace(data.training, pool_texts=list(said)),
        surroundings=surroundings.part(0.0, 0.6),
        weight=weight,
    )
    n = len(data.training.texts)
    settings = {
        "student": {"teacher": TEACHER, "answers": answers.facts()},
        "taught": _digest(training, n),
        "weight": weight,
    }
    return Lessons(training, settings | _written_beside(ladder), _learned(training, n, words))


def taught_by_model(
    ladder: Ladder,
    data: LadderData,
    teacher: TeacherModel,
    surroundings: Surroundings,
    weight: float = POOL_WEIGHT,
) -> Lessons:
    """What another model of the ladder teaches of its open texts. The settings name that model and the
    texts, but not what it said of them: those numbers differ a little from machine to machine.

    Raises:
        EngineError: there is no open text.
    """
    training = with_teaching(
        teacher=teacher.ask,
        teacher_class_ids=teacher.runtime.class_ids,
        data=data.training,
        surroundings=surroundings.part(0.0, 0.6),
        weight=weight,
    )
    n = len(data.training.texts)
    settings = {
        "student": {
            "teacher": teacher.name,
            "manifest_digest": teacher.manifest_digest,
            "settings": dict(teacher.settings),
        },
        "taught": _texts_digest(training, n).hexdigest(),
        "weight": weight,
    }
    words = f"The teacher is “{teacher.label}” of this ladder."
    return Lessons(training, settings | _written_beside(ladder), _learned(training, n, words))


def _learned(training: TrainingData, n_labels: int, words: str) -> str:
    n_taught = len(training.texts) - n_labels
    return f"Learned from {n_labels:,} labels and {n_taught:,} open texts. {words}"


def _model_of(ladder: Ladder, name: str, n_threads: int) -> TeacherModel:
    row = ladder.rungs.filter(name=name, status=Rung.Status.DONE).exclude(folder="").first()
    if row is None:
        raise EngineError("the model that should teach has been taken away; train the ladder again")
    return TeacherModel(
        name=name,
        label=row.label,
        manifest_digest=row.manifest_digest,
        settings=row.manifest.get("settings", {}),
        runtime=load_runtime(open_folder(row), n_threads=n_threads),
    )


def taught_by_written(ladder: Ladder, data: TrainingData, numbers: Sequence[int]) -> Lessons:
    """What the numbered texts teach, which a teacher wrote.

    Raises:
        EngineError: none of them may train a model of this ladder.
    """
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
    found = _texts_digest(training, n_labels)
    found.update(np.asarray(training.targets[n_labels:]).round(6).tobytes())
    return found.hexdigest()


def _texts_digest(training: TrainingData, n_labels: int) -> "hashlib._Hash":
    found = hashlib.sha256()
    for text in training.texts[n_labels:]:
        found.update(hashlib.sha256(text.encode()).digest())
    return found
