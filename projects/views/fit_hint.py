"""After an answer: let a worker know that a fit fell due, without waiting for it."""

from datetime import datetime

from labeler.sending import send
from learners.services.due_work import fit_is_due


def start_fit_if_due(project_id: int, now: datetime) -> None:
    """Call it on commit. A hint alone: the beat finds due work without it."""
    if fit_is_due(project_id, now):
        send("learners.fit", project_id)
