"""Imports, and those that were lost on the way."""

from celery import shared_task
from django.utils import timezone

from labeler.sending import send
from projects.services.importing import imports_to_restart, run_import


@shared_task(name="projects.import")
def import_texts(data_import_id: int) -> None:
    """Run one import; then whatever became due by its texts."""
    run_import(data_import_id=data_import_id, clock=timezone.now)
    send("learners.start_due_work")


@shared_task(name="projects.restart_imports")
def restart_imports() -> None:
    """Begin imports again whose worker died or whose message was lost."""
    for data_import_id in imports_to_restart(now=timezone.now()):
        send("projects.import", data_import_id)
