"""After an answer: let a worker know of a fit that fell due, or of a confirmation to check."""

from datetime import datetime

from labeler.sending import send
from learners.services.due_work import fit_is_due
from projects.models import AnnotationEvent, Project
from projects.models.annotation import Draw
from projects.selectors.confirming import running_confirmation


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


def start_check_if_asked(event: AnnotationEvent) -> None:
    """Call it on commit. A hint alone, for answers that a confirmation asked for."""
    if event.draw == Draw.CONFIRM and (running := running_confirmation(event.project_id)):
        send("learners.confirm", running.pk)
