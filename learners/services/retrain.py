""" "Retrain now": a fit that somebody asked for, whatever the batch says."""

from datetime import datetime

from django.db import transaction

from labeler.sending import send
from learners.models import FitRequest
from learners.selectors.status import worker_is_alive
from learners.services.due_work import can_train, is_running, newest_attempt
from projects.models import Project


class CannotFit(ValueError):
    """Why no fit can be started now, in a sentence for the page."""


def request_fit(*, project_id: int, now: datetime) -> None:
    """Have a worker train a model now, also right after a failed fit.

    The wish is a row: with the broker away, the beat starts it.

    Raises:
        CannotFit: a fit is running, labels are of fewer than two classes, or no worker is there.
    """
    newest = newest_attempt(project_id)
    if newest and is_running(newest, now):
        raise CannotFit("A model is being trained right now. Its result appears by itself.")
    if not can_train(Project.objects.get(pk=project_id)):
        raise CannotFit(
            "A model needs labels of at least two classes. Label a text of a second class first."
        )
    if not worker_is_alive(now):
        raise CannotFit(
            "No worker is running, so nothing can be trained now. Start it (`make run` does), "
            "then try again."
        )
    with transaction.atomic():
        FitRequest.objects.update_or_create(project_id=project_id, defaults={"requested_at": now})
        transaction.on_commit(lambda: send("learners.fit", project_id))
