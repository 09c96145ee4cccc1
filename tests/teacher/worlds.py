"""A project with a teacher, and workers without a worker."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction

from projects.models import Example, Project, Teacher, TeacherRun, User
from projects.services.teacher.runs import start_run
from projects.services.teacher.setup import allow, set_up, warning_of
from projects.services.teacher.work import work_on
from tests.factories import NOW, make_examples, make_label, make_project, make_user

FIELDS = {
    "name": "Big model",
    "base_url": "http://127.0.0.1:9/v1",
    "model": "big-1",
    "key_variable": "",
    "price_in": "2",
    "price_out": "10",
    "currency": "USD",
    "requests_per_minute": 600,
    "budget": "1",
}


class Clock:
    """A clock that tests move: sleeping is adding."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def texts_project(owner: User | None = None, *, n: int = 12, n_audit: int = 4) -> Project:
    """Texts "yes 0", "no 1", "yes 2" ...; the first `n_audit` reserved, and labelled rightly."""
    owner = owner or make_user("ada")
    project = make_project(owner=owner)
    examples = make_examples(
        project, [f"{'no' if row % 2 else 'yes'} {row}" for row in range(n)], n_audit=n_audit
    )
    for example in examples[:n_audit]:
        label(example, example.text.split()[0], owner)
    project.refresh_from_db()
    return project


def label(example: Example, name: str, owner: User) -> None:
    with transaction.atomic():
        make_label(example, example.project.label_classes.get(name=name), owner)


def make_teacher(project: Project, *, allowed: bool = True, **fields: Any) -> Teacher:
    """Set up, and allowed, by the project's owner."""
    owner = User.objects.get(memberships__project=project, memberships__role="owner")
    teacher = set_up(actor=owner, project=project, fields=FIELDS | fields, now=NOW)
    if allowed:
        allow(actor=owner, teacher=teacher, acknowledged=warning_of(teacher), now=NOW)
        teacher.refresh_from_db()
    return teacher


def start(teacher: Teacher, purpose: str = "audit", n: int = 100, **said: Any) -> TeacherRun:
    owner = User.objects.get(memberships__project=teacher.project, memberships__role="owner")
    return start_run(actor=owner, teacher=teacher, purpose=purpose, n=n, now=NOW, **said)


def at_once(teacher_id: int, a_minute: int) -> float:
    """A rate that is never used up."""
    return 0.0


def waits(run: TeacherRun, clock: Clock, token: UUID | None = None) -> Iterator[float]:
    """What a worker would sleep between requests, till it has nothing more to do."""
    token = token or uuid4()
    while (wait := work_on(run_id=run.pk, token=token, clock=clock, rate=at_once)) is not None:
        yield wait
        clock.sleep(wait)


def work(run: TeacherRun, clock: Clock | None = None) -> TeacherRun:
    """Do all that can be done."""
    for _ in waits(run, clock or Clock()):
        pass
    run.refresh_from_db()
    return run
