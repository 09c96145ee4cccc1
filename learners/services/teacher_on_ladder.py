"""The outside teacher as the top rung of the newest ladder: as many answers, on the same random texts.

It has no files, so it can be kept by nobody; it is there to be compared with.
"""

from datetime import datetime
from typing import Any

import numpy as np
from django.db import transaction
from django.db.models import QuerySet

from learners.engine.intervals import macro_f1_bootstrap, wilson
from learners.models import Ladder, Rung
from learners.models.ladder import TEACHER
from learners.services.ladder_choice import choice_of
from learners.services.model_predictions import Predictions, read_predictions, save_predictions
from learners.services.teacher_rung import MILLION, NO_CLASS
from projects.models import Project, Teacher, TeacherAnswer
from projects.selectors.teacher import answers_to, prompt_of
from projects.services.teacher.prompt import Prompt

TOP = 1_000  # its place: after every rung that is trained


def ladders_to_complete() -> list[int]:
    """Newest ladders that are over, have a model to compare with, and do not show what the project's
    teacher has said by now.
    """
    teachers = Teacher.objects.filter(
        retired_at__isnull=True, project__binned_at__isnull=True
    ).select_related("project")
    found = []
    for teacher in teachers:
        ladder = teacher.project.ladders.first()
        if ladder is None or not ladder.is_over or not _measured_rungs(ladder).exists():
            continue
        signature = _signature(teacher, prompt_of(teacher.project))
        if signature and signature != _shown(ladder):
            found.append(ladder.pk)
    return found


def _shown(ladder: Ladder) -> str:
    row = ladder.rungs.filter(name=TEACHER).first()
    return str(row.manifest.get("signature", "")) if row else ""


def _signature(teacher: Teacher, prompt: Prompt) -> str:
    """Changes with every answer on a random text; "" while there is none."""
    n = answers_to(teacher, prompt.digest).filter(purpose="audit").count()
    return f"{teacher.pk}.{prompt.digest[:16]}.{n}" if n else ""


@transaction.atomic
def complete_ladder(*, ladder_id: int, now: datetime) -> Rung | None:
    """Put the project's teacher on the ladder, or bring it up to date; and choose again.

    It takes part in the choosing only when it has answered every random text that the other rungs
    were measured on; before, its row says how many are missing.

    Returns:
        Its rung; None where there is nothing to compare it with.
    """
    ladder = Ladder.objects.select_for_update(no_key=True).get(pk=ladder_id)
    project = ladder.project
    teacher = Teacher.objects.filter(project=project, retired_at__isnull=True).first()
    shared = _shared(ladder)
    if teacher is None or shared is None or not ladder.is_over:
        return None
    columns = _columns(ladder, teacher, prompt_of(project), shared, now)
    rung, _ = Rung.objects.update_or_create(ladder=ladder, name=TEACHER, defaults=columns)
    ladder.choice = choice_of(ladder)
    ladder.save(update_fields=["choice"])
    return rung


def _shared(ladder: Ladder) -> Predictions | None:
    """The random texts that the trained rungs were measured on, with people's classes."""
    row = _measured_rungs(ladder).first()
    return read_predictions(row.predictions_file) if row else None


def _measured_rungs(ladder: Ladder) -> QuerySet[Rung]:
    done = ladder.rungs.filter(status=Rung.Status.DONE)
    return done.exclude(predictions_file="").exclude(name=TEACHER)


def _columns(
    ladder: Ladder, teacher: Teacher, prompt: Prompt, shared: Predictions, now: datetime
) -> dict[str, Any]:
    answers = {
        answer.example_id: answer
        for answer in answers_to(teacher, prompt.digest).filter(
            example_id__in=shared.example_ids.tolist()
        )
    }
    common: dict[str, Any] = {
        "label": f"{teacher.name} (outside)"[:100],
        "place": TOP,
        "finished_at": now,
        "share": 1.0,
        "manifest": {
            "rung": TEACHER,
            "model": teacher.model,
            "base_url": teacher.base_url,
            "prompt_digest": prompt.digest,
            "signature": _signature(teacher, prompt),
        },
    }
    n_missing = len(shared) - len(answers)
    if n_missing:
        return common | {"status": Rung.Status.LEFT_OUT, "note": _missing(n_missing, len(shared))}
    rows = [answers[pk] for pk in shared.example_ids.tolist()]
    common["manifest"] |= _cost(rows, teacher)
    return (
        common
        | {"status": Rung.Status.DONE}
        | _measured(project=ladder.project, ladder=ladder, rows=rows, prompt=prompt, shared=shared)
    )


def _missing(n_missing: int, n: int) -> str:
    return (
        f"It has yet to answer {n_missing:,} of the {n:,} random texts that the others are measured on: "
        "Settings, Teacher, Measure."
    )


def _cost(rows: list[TeacherAnswer], teacher: Teacher) -> dict[str, Any]:
    total = float(sum(row.cost for row in rows))
    return {"cost_per_million": total / len(rows) * MILLION, "currency": teacher.currency}


def _measured(
    *,
    project: Project,
    ladder: Ladder,
    rows: list[TeacherAnswer],
    prompt: Prompt,
    shared: Predictions,
) -> dict[str, Any]:
    predictions = _as_predictions(rows, prompt, shared)
    said, truth, n = predictions.said, shared.y, len(shared)
    accuracy = wilson(int(np.sum(said == truth)), n)
    macro = macro_f1_bootstrap(
        truth=truth,
        predicted=said,
        class_ids=[words.pk for words in prompt.classes],
        rng=np.random.default_rng([ladder.seed or 0, 1]),
    )
    n_none = int(np.sum(said == NO_CLASS))
    columns: dict[str, Any] = {
        "n_audit": n,
        "ms_per_1000": float(np.mean([row.seconds for row in rows])) * MILLION,
        "accuracy": accuracy.value,
        "accuracy_low": accuracy.low,
        "accuracy_high": accuracy.high,
        "predictions_file": save_predictions(project_id=project.pk, predictions=predictions),
        "note": _note(n_none, rows),
    }
    for part in ("", "_low", "_high"):
        value = macro.interval and getattr(macro.interval, part.lstrip("_") or "value")
        columns[f"macro_f1{part}"] = value
    return columns


def _note(n_none: int, rows: list[TeacherAnswer]) -> str:
    """What a reader must know of it, its cost in its own currency included."""
    teacher = rows[0].teacher
    cost = _cost(rows, teacher)["cost_per_million"]
    price = f"; about {cost:,.2f} {teacher.currency} for a million" if cost else ""
    said = f"Asked with a prompt, trained on nothing; texts leave for it{price}."
    return (
        f"{said} {n_none:,} of its answers named no class and count as wrong." if n_none else said
    )


def _as_predictions(rows: list[TeacherAnswer], prompt: Prompt, shared: Predictions) -> Predictions:
    """A one for the class that was named where the server gave no probabilities. The last column,
    class -1, is that no class was named: it is never right.
    """
    class_ids = [*(words.pk for words in prompt.classes), NO_CLASS]
    found = np.zeros((len(rows), len(class_ids)), np.float32)
    for place, row in enumerate(rows):
        named = class_ids.index(row.label_class_id or NO_CLASS)
        given = row.probabilities or {}
        found[place, :-1] = [given.get(str(pk), 0.0) for pk in class_ids[:-1]]
        if found[place].argmax() != named or not given:
            found[place] = np.arange(len(class_ids)) == named
    return Predictions(shared.example_ids, shared.y, found, np.array(class_ids, np.int64))
