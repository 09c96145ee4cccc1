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


@shared_task(name="learners.export_rung")
def export_rung(export_id: int) -> None:
    """Make one file of a rung or a version, check it, and offer it."""
    pin_threads()
    from learners.services.rung_export import make_export  # noqa: PLC0415  loads scikit-learn

    make_export(export_id=export_id, clock=timezone.now)
