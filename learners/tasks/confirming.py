"""Checking a running confirmation against the answers that came in."""

from collections.abc import Sequence

from celery import shared_task
from django.utils import timezone

from learners.models import Fit
from learners.tasks.lifecycle import pin_threads


@shared_task(name="learners.confirm")
def confirm(confirmation_id: int) -> None:
    """Ask the frozen model about what was answered since, and end it where that decides."""
    pin_threads()
    from learners.services.checking import check_confirmation  # noqa: PLC0415
    from learners.services.prediction import predict  # noqa: PLC0415  loads torch

    def said(fit: Fit, texts: Sequence[str]) -> Sequence[Sequence[int]]:
        return predict(fit=fit, texts=texts).class_sets

    check_confirmation(confirmation_id=confirmation_id, now=timezone.now(), predict=said)
