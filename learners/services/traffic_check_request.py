"""Asking for a look at kept predictions, and finding those that are due. Imports nothing heavy: pages call it."""

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Max, Q

from learners.models import TrafficCheck
from projects.models import Project, User

EVERY = timedelta(days=1)
DEAD_AFTER = timedelta(minutes=5)
STOPPED = "The look stopped without a word: its worker was killed, or ran out of memory. Try again."

Status = TrafficCheck.Status


def request_check(*, project: Project, user: User | None, now: datetime) -> TrafficCheck | None:
    """Ask for a look; None while one is open."""
    try:
        with transaction.atomic():
            return TrafficCheck.objects.create(project=project, requested_by=user, requested_at=now)
    except IntegrityError:
        return None


def checks_to_work_on(now: datetime) -> list[int]:
    """Looks that wait, after asking for those that are due by themselves, once a day, and after
    those whose worker died are given up."""
    dead = TrafficCheck.objects.filter(status=Status.RUNNING, heartbeat_at__lt=now - DEAD_AFTER)
    dead.update(status=Status.FAILED, error=STOPPED, finished_at=now)
    for project in _due(now):
        request_check(project=project, user=None, now=now)
    waiting = TrafficCheck.objects.filter(status=Status.WAITING)
    return list(waiting.order_by("pk").values_list("pk", flat=True))


def _due(now: datetime) -> list[Project]:
    """Projects that keep predictions, with some that no look of the last day saw."""
    projects = Project.objects.filter(traffic_kept=True, binned_at__isnull=True).annotate(
        newest=Max("kept_predictions__asked_at"), looked=Max("traffic_checks__requested_at")
    )
    return list(
        projects.filter(newest__isnull=False).filter(
            Q(looked__isnull=True) | Q(looked__lt=now - EVERY)
        )
    )
