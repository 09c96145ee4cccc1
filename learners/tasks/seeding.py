"""The first questions of one project, ranked."""

from uuid import uuid4

from celery import shared_task
from django.utils import timezone

from learners.services.seeds_due import seeds_are_due
from learners.tasks.lifecycle import pin_threads


@shared_task(name="learners.rank_first")
def rank_first(project_id: int) -> None:
    """Rank what is asked until there can be a model, if that is due."""
    if not seeds_are_due(project_id, timezone.now()):
        return
    pin_threads()
    from learners.services import seeding  # noqa: PLC0415  loads torch, by way of modAL

    seeding.rank_first(project_id=project_id, token=uuid4(), clock=timezone.now)
