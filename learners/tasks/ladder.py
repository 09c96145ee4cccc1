"""Ladders, one rung a message, so that fits and embedding get in between."""

from uuid import uuid4

from celery import shared_task
from django.utils import timezone

from labeler.sending import send
from learners.tasks.lifecycle import pin_threads


@shared_task(name="learners.complete_ladder")
def complete(ladder_id: int) -> None:
    """Put what an outside teacher has said by now on a ladder that is over."""
    from learners.services.teacher_on_ladder import complete_ladder  # noqa: PLC0415  loads numpy

    complete_ladder(ladder_id=ladder_id, now=timezone.now())


@shared_task(name="learners.ladder")
def ladder(ladder_id: int) -> None:
    """Do the next rung and ask for the one after; without a broker to ask, go on here."""
    pin_threads()
    # Not at the top: it loads scikit-learn and onnxruntime, which beat has no use for.
    from learners.services.ladder_work import work_on  # noqa: PLC0415

    while work_on(ladder_id=ladder_id, token=uuid4(), clock=timezone.now):
        if send("learners.ladder", ladder_id):
            return
