"""What goes by itself after a while: binned projects, uploads that nobody used."""

from celery import shared_task
from django.utils import timezone

from projects.services.api_tokens import forget_receipts
from projects.services.bin import empty_bin
from projects.services.staging import discard_old_uploads
from projects.services.traffic.counting import forget_old_minutes
from projects.services.traffic.keeping import forget_expired


@shared_task(name="projects.empty_bin")
def empty_the_bin() -> None:
    """Delete binned projects whose days are over."""
    empty_bin(now=timezone.now())


@shared_task(name="projects.tend_traffic")
def tend_traffic() -> None:
    """Forget kept predictions whose days are over, and old counts by the minute."""
    forget_expired(now=timezone.now())
    forget_old_minutes(now=timezone.now())


@shared_task(name="projects.discard_uploads")
def discard_uploads() -> None:
    """Forget uploads, and answers of the API kept for repetition, older than a day."""
    discard_old_uploads(now=timezone.now())
    forget_receipts(now=timezone.now())
