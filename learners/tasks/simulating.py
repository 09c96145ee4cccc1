"""Simulations, a few seconds at a time, so that fits and embedding get in between."""

import time
from uuid import uuid4

from celery import shared_task
from django.utils import timezone

from labeler.sending import send
from learners.tasks.lifecycle import pin_threads

SECONDS_AT_A_TIME = 10.0


@shared_task(name="learners.simulate")
def simulate(simulation_id: int) -> None:
    """Do some runs and ask for the next; without a broker to ask, go on here."""
    pin_threads()
    # Not at the top: it loads torch, by way of modAL, which beat has no use for.
    from learners.services.simulation_work import work_on  # noqa: PLC0415

    begun = time.monotonic()
    while work_on(simulation_id=simulation_id, token=uuid4(), clock=timezone.now):
        late = time.monotonic() - begun > SECONDS_AT_A_TIME
        if late and send("learners.simulate", simulation_id):
            return
