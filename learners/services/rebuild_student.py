"""What a version learned from, gathered again; for a student, from its teacher, made again before it."""

from dataclasses import dataclass
from typing import Any

from learners.engine.errors import UnknownRung
from learners.engine.rungs import RungKind, Surroundings, get_rung
from learners.engine.runtime import load_runtime
from learners.models import Ladder
from learners.models.ladder import TEACHER
from learners.services.ladder_data import LadderData, manifest_of, with_recipe
from learners.services.student_data import (
    Lessons,
    TeacherModel,
    taught_by_answers,
    taught_by_model,
    taught_by_written,
)
from learners.services.students import kind_name
from learners.services.teacher_answers import StandingAnswers
from projects.models import ModelVersion


class CannotRebuild(ValueError):
    """Why this version cannot be made again; the message says it."""


@dataclass(frozen=True, eq=False)
class LessonsAgain:
    """`reproducible`: nobody who taught it is of a kind that never comes out twice."""

    lessons: Lessons
    reproducible: bool = True


def kind_of(name: str) -> RungKind:
    """The kind of model that a rung, or a student, is of. Raises CannotRebuild."""
    try:
        return get_rung(kind_name(name))
    except UnknownRung as error:
        raise CannotRebuild(
            f"“{name}” is a kind of model that this release does not train. Train a ladder to make a "
            "new one."
        ) from error


def lessons_again(
    *, version: ModelVersion, ladder: Ladder, data: LadderData, surroundings: Surroundings
) -> LessonsAgain:
    """What `student_data.lessons_of` gathered for this version, by the settings in its manifest.

    Raises:
        CannotRebuild: it was made before those settings said enough.
        EngineError: what it learned from is not there any more.
    """
    given = version.manifest.get("settings") or {}
    student = given.get("student")
    if not student:
        return LessonsAgain(Lessons(with_recipe(data.training, given), given))
    if "synthetic" in student:
        return LessonsAgain(taught_by_written(ladder, data.training, student["synthetic"]))
    if student["teacher"] == TEACHER:
        answers = StandingAnswers.from_facts(_kept(student, "answers"))
        return LessonsAgain(
            taught_by_answers(ladder, data, answers, surroundings, float(given["weight"]))
        )
    kind, teacher = _teacher_again(ladder, data, student, surroundings)
    lessons = taught_by_model(ladder, data, teacher, surroundings, float(given["weight"]))
    return LessonsAgain(lessons, kind.reproducible)


MISSING = {
    "answers": "which of the outside teacher's answers taught it",
    "settings": "which model taught it, and with which settings that one was trained",
}


def _kept(student: dict[str, Any], name: str) -> Any:
    """What the manifest keeps of the teacher. Raises CannotRebuild where it does not yet."""
    if name not in student:
        raise CannotRebuild(
            f"its manifest does not say {MISSING[name]}: it was made before that was kept. A student "
            "that is taught today can be made again."
        )
    return student[name]


def _teacher_again(
    ladder: Ladder, data: LadderData, student: dict[str, Any], surroundings: Surroundings
) -> tuple[RungKind, TeacherModel]:
    """The model that taught, trained anew from the same ledger; never its files, which may be gone."""
    settings, kind = _kept(student, "settings"), kind_of(student["teacher"])
    surroundings.report(f"making the teacher, “{kind.label}”", 0.0)
    manifest = manifest_of(ladder, data, kind.name, more=settings)
    files = kind.train(with_recipe(data.training, settings), surroundings)
    model = TeacherModel(
        name=kind.name,
        label=kind.label,
        manifest_digest=manifest.digest,
        settings=settings,
        runtime=load_runtime(files, n_threads=surroundings.n_threads),
    )
    return kind, model
