"""Asking a teacher: a run is started, paused, gone on with, or cancelled. Workers do the work."""

from datetime import datetime

from django.conf import settings
from django.db import transaction

from projects.models import LabelClass, Project, ProjectEvent, Teacher, TeacherRun, User
from projects.selectors.teacher import prompt_of, to_ask
from projects.services.ledger import append_project_event
from projects.services.refusals import Refused
from projects.services.teacher.addresses import address_of

MOST_TEXTS = 1_000_000
MOST_WRITTEN = 500
MOST_SAMPLE_CHARS = 20_000

Status = TeacherRun.Status
Purpose = TeacherRun.Purpose
OPEN = (Status.WAITING, Status.RUNNING)
HALTED = (Status.PAUSED, Status.STOPPED)


def check_may_ask(teacher: Teacher) -> None:
    """Whether a request may be made at all.

    Raises:
        Refused: switched off by the operator, at a host that the operator does not allow (now, not
            when it was set up), not allowed by an owner, no longer in use.
    """
    if not settings.LABELER_OUTSIDE_TEACHER:
        raise Refused("", "Outside teachers are switched off on this site.")
    if teacher.retired_at is not None:
        raise Refused("", "Another teacher has taken its place.")
    if teacher.consent_at is None:
        raise Refused("", "No owner has allowed texts to leave for this teacher.")
    if teacher.project.multilabel or teacher.project.is_table:
        raise Refused("", "A teacher answers texts with one class each.")
    try:
        address_of(teacher.base_url)
    except Refused as refused:  # no form that starts a run has this field
        raise Refused("", refused.message) from refused


@transaction.atomic
def start_run(
    *,
    actor: User,
    teacher: Teacher,
    purpose: str,
    n: int,
    now: datetime,
    sample_text: str = "",
    label_class: LabelClass | None = None,
) -> TeacherRun:
    """Ask for `n` answers (or written texts); it goes into the project's ledger.

    Raises:
        Refused: it may not be asked, another run is open, or there is nothing to ask.
    """
    teacher = (
        Teacher.objects.select_for_update(of=("self",)).select_related("project").get(pk=teacher.pk)
    )
    check_may_ask(teacher)
    if teacher.runs.filter(status__in=(*OPEN, *HALTED)).exists():
        raise Refused("", "It is at work already: wait for it, or cancel that first.")
    prompt = prompt_of(teacher.project)
    if len(prompt.classes) < 2:
        raise Refused("", "A teacher needs at least two classes to choose from.")
    run = TeacherRun.objects.create(
        teacher=teacher,
        purpose=purpose,
        prompt_digest=prompt.digest,
        n_wanted=_wanted(teacher, purpose, n, prompt.digest, label_class),
        sample_text=_sample(purpose, sample_text),
        label_class=label_class,
        created_by=actor,
        created_at=now,
    )
    append_project_event(
        project_id=teacher.project_id,
        kind=ProjectEvent.Kind.TEACHER_ASKED,
        actor=actor,
        payload={
            "teacher": teacher.pk,
            "run": run.pk,
            "purpose": str(purpose),
            "n": run.n_wanted,
            "model": teacher.model,
            "base_url": teacher.base_url,
            "prompt_digest": prompt.digest,
            **({"class": label_class.pk} if label_class else {}),
        },
        now=now,
    )
    return run


def _wanted(
    teacher: Teacher, purpose: str, n: int, digest: str, label_class: LabelClass | None
) -> int:
    if purpose == Purpose.TRIAL:
        return 1
    most = MOST_WRITTEN if purpose == Purpose.SYNTHETIC else MOST_TEXTS
    if not 1 <= n <= most:
        raise Refused("n", f"{n:,}; allowed: 1 to {most:,}.")
    if purpose == Purpose.SYNTHETIC:
        _check_class(teacher.project, label_class)
        return n
    n_left = to_ask(teacher, purpose, digest)[:n].count()
    if not n_left:
        raise Refused("n", NOTHING[Purpose(purpose)])
    return n_left


NOTHING = {
    Purpose.AUDIT: "There is no random text that people have answered and the teacher has not.",
    Purpose.POOL: "There is no open text of the pool that the teacher has not answered.",
}


def _check_class(project: Project, label_class: LabelClass | None) -> None:
    here = label_class is not None and label_class.project_id == project.pk
    if label_class is None or not here or label_class.retired_at is not None:
        raise Refused("label_class", "Choose one of the project’s classes.")


def _sample(purpose: str, text: str) -> str:
    if purpose != Purpose.TRIAL:
        return ""
    text = text.strip().replace("\x00", "")
    if not text or len(text) > MOST_SAMPLE_CHARS:
        raise Refused("sample_text", f"A text of 1 to {MOST_SAMPLE_CHARS:,} characters is needed.")
    return text


def pause(*, run: TeacherRun) -> bool:
    """Make no further request until somebody goes on with it. Returns whether it was open."""
    paused = TeacherRun.objects.filter(pk=run.pk, status__in=OPEN)
    return bool(paused.update(status=Status.PAUSED, token=None, heartbeat_at=None))


def go_on(*, run: TeacherRun) -> bool:
    """Go on where it was. Returns whether it could be.

    Raises:
        Refused: it may not be asked any more, or guideline or classes have changed meanwhile.
    """
    check_may_ask(run.teacher)
    if prompt_of(run.teacher.project).digest != run.prompt_digest:
        raise Refused(
            "", "Guideline or classes have changed since it began: cancel it, start anew."
        )
    halted = TeacherRun.objects.filter(pk=run.pk, status__in=HALTED)
    return bool(halted.update(status=Status.WAITING, troubles=0, error="", not_before=None))


def cancel(*, run: TeacherRun, now: datetime) -> bool:
    """End it; what was answered stays. Returns whether it was not over."""
    going = TeacherRun.objects.filter(pk=run.pk, status__in=(*OPEN, *HALTED))
    return bool(
        going.update(status=Status.CANCELLED, finished_at=now, token=None, heartbeat_at=None)
    )


def cancel_open_runs(teacher: Teacher, now: datetime) -> None:
    """End everything that this teacher does or could go on with."""
    going = TeacherRun.objects.filter(teacher=teacher, status__in=(*OPEN, *HALTED))
    going.update(status=Status.CANCELLED, finished_at=now, token=None, heartbeat_at=None)
