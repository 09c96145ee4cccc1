"""Asking a teacher, a few seconds at a time, so that other work gets in between."""

import time
from uuid import UUID, uuid4

from celery import shared_task
from django.utils import timezone

from labeler.sending import send
from labeler.teacher_rate import seconds_to_wait
from projects.services.teacher.work import due_runs, release, work_on

SECONDS_AT_A_TIME = 10.0
LONGEST_NAP = 5.0  # what waits longer is left to the beat


@shared_task(name="projects.teach")
def teach(run_id: int) -> None:
    """Make some of the run's requests and ask for the next; without a broker to ask, go on here."""
    token, begun = uuid4(), time.monotonic()
    try:
        while (wait := _next(run_id, token)) is not None:
            if wait > LONGEST_NAP:
                return
            time.sleep(wait)
            if time.monotonic() - begun > SECONDS_AT_A_TIME:
                release(run_id=run_id, token=token)
                if send("projects.teach", run_id):
                    return
        send("learners.start_due_work")  # what follows from the answers
    finally:
        release(run_id=run_id, token=token)


def _next(run_id: int, token: UUID) -> float | None:
    return work_on(run_id=run_id, token=token, clock=timezone.now, rate=seconds_to_wait)


@shared_task(name="projects.resume_teachers")
def resume_teachers() -> None:
    """Take runs up whose worker died, whose message was lost, or whose wait is over."""
    for run_id in due_runs(timezone.now()):
        send("projects.teach", run_id)
