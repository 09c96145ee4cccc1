"""Students: the static rung once more, taught by a better model, or with texts that a teacher wrote.

A student stands on the ladder of the rung that it is compared with: the same labels, the same random
texts. What taught it is never a random text: it learns from open texts of the pool, and from written
ones. The difference on the random texts is paired, and shown whichever way it goes.
"""

from dataclasses import dataclass
from typing import Any

from django.db import transaction

from labeler.sending import send
from learners.engine.intervals import Interval, paired_difference
from learners.models import Ladder, Rung
from learners.models.ladder import TEACHER
from learners.services.keeping import forget_rung
from learners.services.ladder import OPEN, newest_ladder
from learners.services.ladder_choice import choice_or_before
from learners.services.model_predictions import read_predictions
from projects.models import Project
from projects.selectors.teacher import (
    accepted_synthetic,
    answers_to,
    prompt_of,
    teacher_of,
)
from projects.services.refusals import Refused

BASE = "static"
DISTILLED = "static_distilled"
WITH_WRITTEN = "static_synthetic"
PLACES = {DISTILLED: 900, WITH_WRITTEN: 901}  # after the rungs that are trained, before a teacher
FEW_ANSWERS = 20
RungStatus = Rung.Status


@dataclass(frozen=True)
class TeacherOption:
    """What can teach: a rung that is trained, or the outside teacher with answers on the pool."""

    name: str
    label: str
    note: str


def kind_name(rung_name: str) -> str:
    """The kind of model that a rung is: a student is of its base's."""
    return BASE if rung_name in PLACES else rung_name


def teachers_for(ladder: Ladder) -> list[TeacherOption]:
    """Who can teach the static rung, the most accurate first; [] where that rung is missing. The
    outside teacher only when it was measured, and has answered `FEW_ANSWERS` open texts.
    """
    done = {rung.name: rung for rung in ladder.rungs.filter(status=RungStatus.DONE)}
    if BASE not in done:
        return []
    trained = [
        rung for name, rung in done.items() if name not in {BASE, TEACHER, *PLACES} and rung.folder
    ]
    trained.sort(key=lambda rung: -(rung.accuracy or 0.0))
    found = [TeacherOption(rung.name, rung.label, "its probabilities") for rung in trained]
    n = _n_outside(ladder.project)
    outside = teacher_of(ladder.project_id)
    if outside and n >= FEW_ANSWERS:
        found.insert(0, TeacherOption(TEACHER, f"{outside.name} (outside)", f"{n:,} answers"))
    return found


def _n_outside(project: Project) -> int:
    teacher = teacher_of(project.pk)
    if teacher is None:
        return 0
    answers = answers_to(teacher, prompt_of(project).digest)
    if not answers.filter(purpose="audit").exists():  # nobody has seen what it is worth
        return 0
    return answers.filter(
        example__role="pool", example__settled=False, label_class__isnull=False
    ).count()


@transaction.atomic
def teach(*, project: Project, teacher: str) -> Rung:
    """Ask for a static rung that learns from `teacher`: a rung's name, or "teacher" for the outside one.

    Raises:
        Refused: there is no ladder that is over, no static rung on it, or no such teacher.
    """
    ladder = _ladder_to_extend(project)
    option = next((each for each in teachers_for(ladder) if each.name == teacher), None)
    if option is None:
        raise Refused("teacher", "Choose a model of this ladder, or a teacher that has answered.")
    return _ask(
        ladder, DISTILLED, f"Static vectors, taught by {option.label}", {"teacher": teacher}
    )


@transaction.atomic
def try_written(*, project: Project) -> Rung:
    """Ask for a static rung that learns from the kept written texts as well.

    Raises:
        Refused: no ladder that is over, no static rung on it, no kept text, or a ladder that was
            trained with written texts itself.
    """
    ladder = _ladder_to_extend(project)
    if ladder.synthetic:
        raise Refused(
            "",
            "The newest ladder was trained with written texts, so there is nothing to compare with: "
            "switch them off and train a ladder first.",
        )
    kept = accepted_synthetic(project.pk)
    if not kept:
        raise Refused("", "No written text has been kept.")
    return _ask(ladder, WITH_WRITTEN, "Static vectors, with written texts", {"synthetic": kept})


def _ladder_to_extend(project: Project) -> Ladder:
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    ladder = newest_ladder(project.pk)
    if ladder is None:
        raise Refused("", "Train a ladder first.")
    if ladder.status in OPEN:
        raise Refused("", "A ladder of this project is running; wait for it or cancel it.")
    if not ladder.rungs.filter(name=BASE, status=RungStatus.DONE).exists():
        raise Refused("", "The newest ladder has no static vectors to compare with.")
    return ladder


def _ask(ladder: Ladder, name: str, label: str, student: dict[str, Any]) -> Rung:
    """The ladder goes on with one rung more; workers take it up as they do any.

    A new row also where there was such a student: it is another model, and nothing that was measured,
    kept or prepared of the former one is its own.
    """
    for former in ladder.rungs.filter(name=name):
        forget_rung(former)
    rung = Rung.objects.create(
        ladder=ladder,
        name=name,
        label=label[:100],
        place=PLACES[name],
        manifest={"student": student},
    )
    Ladder.objects.filter(pk=ladder.pk).update(
        status=Ladder.Status.WAITING,
        finished_at=None,
        token=None,
        heartbeat_at=None,
        error="",
        choice=choice_or_before(ladder),
    )
    transaction.on_commit(lambda: send("learners.ladder", ladder.pk))
    return rung


@dataclass(frozen=True)
class Gain:
    """What teaching changed on the same random texts. `difference`: with minus without, in [-1, 1]."""

    rung: Rung
    n: int
    n_right_without: int
    n_right_with: int
    difference: Interval


def gains(ladder: Ladder) -> list[Gain]:
    """Of each student that is measured, against the static rung of the same ladder.

    Raises:
        ModelFilesGone: what a rung said is gone from the storage.
    """
    done = {
        rung.name: rung
        for rung in ladder.rungs.filter(status=RungStatus.DONE).exclude(predictions_file="")
    }
    if BASE not in done:
        return []
    return [_gain(done[BASE], done[name]) for name in PLACES if name in done]


def _gain(base: Rung, student: Rung) -> Gain:
    without, with_it = (read_predictions(row.predictions_file) for row in (base, student))
    before, after = without.said == without.y, with_it.said == with_it.y
    return Gain(
        rung=student,
        n=len(without),
        n_right_without=int(before.sum()),
        n_right_with=int(after.sum()),
        difference=paired_difference(
            int((after & ~before).sum()), int((before & ~after).sum()), len(without)
        ),
    )
