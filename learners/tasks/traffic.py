"""Looks at kept predictions: daily, and when a lead asks."""

from uuid import uuid4

from celery import shared_task
from django.utils import timezone

from labeler.sending import send
from learners.services.traffic_check_request import checks_to_work_on


@shared_task(name="learners.check_traffic")
def check_traffic(check_id: int) -> None:
    """Look at the newest kept predictions of one project."""
    from learners.services.traffic_check import run_check  # noqa: PLC0415  loads numpy and more

    run_check(check_id=check_id, token=uuid4(), clock=timezone.now)


@shared_task(name="learners.start_traffic_checks")
def start_traffic_checks() -> None:
    """Begin those that are due or wait."""
    for check_id in checks_to_work_on(timezone.now()):
        send("learners.check_traffic", check_id)
