"""What goes by itself after a while: binned projects, uploads that nobody used."""

from celery import shared_task
from django.utils import timezone

from projects.services.api_tokens import forget_receipts
from projects.services.bin import empty_bin
from projects.services.staging import discard_old_uploads


@shared_task(name="projects.empty_bin")
def empty_the_bin() -> None:
    """Delete binned projects whose days are over."""
    empty_bin(now=timezone.now())


@shared_task(name="projects.discard_uploads")
def discard_uploads() -> None:
    """Forget uploads, and answers of the API kept for repetition, older than a day."""
    discard_old_uploads(now=timezone.now())
    forget_receipts(now=timezone.now())
