"""Fits of one project."""

from uuid import uuid4

from celery import shared_task
from django.utils import timezone

from learners.services.due_work import fit_is_due, queue_to_rank_again
from learners.tasks.lifecycle import pin_threads


@shared_task(name="learners.fit")
def fit(project_id: int) -> None:
    """Fit if it is due, and again when the next batch filled up meanwhile; then rank again what
    was ranked before enough of the pool had been read.
    """
    while fit_is_due(project_id, timezone.now()):
        pin_threads()
        from learners.services.fitting import run_fit  # noqa: PLC0415  loads torch, by way of modAL

        if run_fit(project_id=project_id, token=uuid4(), clock=timezone.now) is None:
            return
    if queue_to_rank_again(project_id, timezone.now()):
        pin_threads()
        from learners.services.reranking import rank_again  # noqa: PLC0415  loads torch as well

        rank_again(project_id=project_id, now=timezone.now())
