"""A teacher's answers and texts as rows, as runs leave them; no server is asked."""

from collections.abc import Mapping
from decimal import Decimal

from projects.models import (
    Example,
    LabelClass,
    Project,
    SyntheticExample,
    Teacher,
    TeacherAnswer,
    TeacherRun,
)
from projects.selectors.teacher import prompt_of
from projects.services.import_plan import content_hash
from tests.factories import NOW
from tests.teacher.worlds import make_teacher


def make_run(
    teacher: Teacher, purpose: str, *, status: str = "done", **columns: object
) -> TeacherRun:
    """A run that is over."""
    return TeacherRun.objects.create(
        teacher=teacher,
        purpose=purpose,
        status=status,
        prompt_digest=prompt_of(teacher.project).digest,
        **{"n_wanted": 1, "n_done": 1, "created_at": NOW, **columns},
    )


def make_answer(
    run: TeacherRun,
    example: Example,
    name: str | None,
    *,
    probabilities: Mapping[str, float] | None = None,
) -> TeacherAnswer:
    """`name` of the class that it named, None for none; `probabilities` by name."""
    classes = {row.name: row for row in LabelClass.objects.filter(project=run.teacher.project)}
    given = {str(classes[each].pk): p for each, p in (probabilities or {}).items()}
    return TeacherAnswer.objects.create(
        teacher=run.teacher,
        run=run,
        example=example,
        label_class=classes[name] if name else None,
        probability=(probabilities or {}).get(name or ""),
        probabilities=given or None,
        prompt_digest=run.prompt_digest,
        cost=Decimal("0.0003"),
        seconds=0.5,
        error="" if name else "The answer names no class: “?”",
        purpose=run.purpose,
        asked_at=NOW,
    )


def make_written(
    run: TeacherRun, text: str, name: str, *, accepted: bool | None = None
) -> SyntheticExample:
    """A text that it wrote."""
    return SyntheticExample.objects.create(
        teacher=run.teacher,
        run=run,
        label_class=LabelClass.objects.get(project=run.teacher.project, name=name),
        text=text,
        content_hash=content_hash(text),
        made_at=NOW,
        accepted=accepted,
    )


def make_teacher_with_answers(project: Project) -> Teacher:
    """One that was measured, tried, and wrote two texts; of a project with classes "yes" and "no"."""
    teacher = make_teacher(project)
    audit = make_run(teacher, "audit")
    for example in project.examples.filter(role="audit"):
        make_answer(audit, example, "yes")
    writing = make_run(
        teacher, "synthetic", label_class=LabelClass.objects.get(project=project, name="no")
    )
    make_written(writing, "certainly not", "no")
    make_written(writing, "never", "no", accepted=True)
    answer = {"class": None, "error": "The answer names no class: “?”", "raw": "?"}
    more = {"probability": None, "seconds": 0.4, "estimated": False}
    make_run(teacher, "trial", sample_text="a text", sample_answer=answer | more)
    return teacher
