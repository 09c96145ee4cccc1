"""After an answer: let a worker know that a fit fell due, without waiting for it."""

from datetime import datetime

from labeler.sending import send
from learners.services.due_work import fit_is_due
from projects.models import Project


def start_fit_if_batch_full(project: Project, n_waiting: int, now: datetime) -> None:
    """Call it on commit. `n_waiting`: label changes since the newest attempt. Other reasons for a
    fit do not come from an answer; the beat finds them.
    """
    if n_waiting >= project.batch_size:
        start_fit_if_due(project.pk, now)


def start_fit_if_due(project_id: int, now: datetime) -> None:
    """Call it on commit. A hint alone: the beat finds due work without it."""
    if fit_is_due(project_id, now):
        send("learners.fit", project_id)
