"""Packing a fit as a model to take away."""

from celery import shared_task
from django.utils import timezone

from learners.tasks.lifecycle import pin_threads


@shared_task(name="learners.export_model")
def export_model(fit_id: int) -> None:
    """Build the zip of a fit if it was asked for and nobody else is at it."""
    pin_threads()
    from learners.services.exporting import build_export  # noqa: PLC0415  loads torch

    build_export(fit_id=fit_id, clock=timezone.now)
