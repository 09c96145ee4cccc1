"""Embedding, a few seconds at a time, so that fits get in between."""

from uuid import uuid4

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from labeler.sending import send
from learners.services.due_work import embedding_is_due, queue_to_rank_again
from learners.tasks.lifecycle import pin_threads


@shared_task(name="learners.embed")
def embed(project_id: int) -> None:
    """Embed one chunk and ask for the next; without a broker to ask, go on here."""
    if not embedding_is_due(project_id, timezone.now(), settings.LABELER_EMBEDDER):
        return
    pin_threads()
    # Not at the top: it loads torch, which beat and the worker's main process have no use for.
    from learners.services.embedding import embed_chunk  # noqa: PLC0415

    more = True
    while more:
        more = embed_chunk(project_id=project_id, token=uuid4(), clock=timezone.now)
        if queue_to_rank_again(project_id, timezone.now()):
            send("learners.fit", project_id)
        if more and send("learners.embed", project_id):
            return
