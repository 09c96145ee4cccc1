"""Embedding, a few seconds at a time, so that fits get in between."""

from uuid import uuid4

from celery import shared_task
from django.utils import timezone

from labeler.sending import send
from learners.services.due_work import fit_is_due, part_to_embed, queue_to_rank_again
from learners.services.seeds_due import seeds_are_due
from learners.tasks.lifecycle import pin_threads


@shared_task(name="learners.embed")
def embed(project_id: int) -> None:
    """Embed one chunk and ask for the next; without a broker to ask, go on here."""
    part = part_to_embed(project_id, timezone.now())
    if part is None:
        return
    pin_threads()
    # Not at the top: it loads torch, which beat and the worker's main process have no use for.
    from learners.services.embedding import embed_chunk  # noqa: PLC0415

    while part is not None:
        more = embed_chunk(project_id=project_id, token=uuid4(), clock=timezone.now, part=part)
        _fit_what_became_possible(project_id)
        done, part = part, part_to_embed(project_id, timezone.now())
        if (part == done and not more) or (part and send("learners.embed", project_id)):
            return


def _fit_what_became_possible(project_id: int) -> None:
    """The first model of names alone waits for texts, and so do the better half of a queue and
    the first questions where no model can be yet.
    """
    now = timezone.now()
    if fit_is_due(project_id, now) or queue_to_rank_again(project_id, now):
        send("learners.fit", project_id)
    elif seeds_are_due(project_id, now):
        send("learners.rank_first", project_id)
