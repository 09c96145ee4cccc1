"""Embedding, a few seconds at a time, so that fits get in between."""

from uuid import uuid4

from celery import shared_task
from django.utils import timezone

from labeler.sending import send
from learners.services.embedding import embed_chunk
from learners.tasks.lifecycle import pin_threads


@shared_task(name="learners.embed")
def embed(project_id: int) -> None:
    """Embed one chunk and ask for the next; without a broker to ask, go on here."""
    pin_threads()
    while embed_chunk(project_id=project_id, token=uuid4(), clock=timezone.now):
        if send("learners.embed", project_id):
            return
