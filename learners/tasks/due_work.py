"""Every 15 s: whatever should be running and is not."""

from datetime import datetime

from celery import shared_task
from django.utils import timezone

from labeler.sending import send
from learners.services import due_work
from learners.services.checking import confirmations_to_check
from learners.services.explain_request import explanations_to_make
from learners.services.rung_export_request import exports_to_make
from learners.services.seeds_due import projects_to_seed, reap_dead_rankings


@shared_task(name="learners.start_due_work")
def start_due_work() -> None:
    """Take dead fits and old rows away, then send every task that is due."""
    now = timezone.now()
    due_work.reap_dead_fits(now)
    reap_dead_rankings(now)
    due_work.tidy(now)
    from learners.services.simulation_vectors import tidy_folder  # noqa: PLC0415  loads sklearn

    tidy_folder(now)
    for project_id in due_work.projects_to_fit(now):
        send("learners.fit", project_id)
    for project_id in projects_to_seed(now):
        send("learners.rank_first", project_id)
    for project_id in due_work.projects_to_embed(now):
        send("learners.embed", project_id)
    _start_exports(now)
    for confirmation_id in confirmations_to_check(now):
        send("learners.confirm", confirmation_id)
    _start_ladders(now)
    _complete_ladders()
    from learners.services.simulation_work import simulations_to_work_on  # noqa: PLC0415  loads sklearn

    for simulation_id in simulations_to_work_on(now):
        send("learners.simulate", simulation_id)
    for explanation_id in explanations_to_make(now):
        send("learners.explain", explanation_id)


def _complete_ladders() -> None:
    from learners.services.teacher_on_ladder import ladders_to_complete  # noqa: PLC0415  loads numpy

    for ladder_id in ladders_to_complete():
        send("learners.complete_ladder", ladder_id)


def _start_exports(now: datetime) -> None:
    for fit_id in due_work.exports_to_build(now):
        send("learners.export_model", fit_id)
    for export_id in exports_to_make(now):
        send("learners.export_rung", export_id)


def _start_ladders(now: datetime) -> None:
    from learners.services.ladder import (  # noqa: PLC0415  loads numpy
        ladders_to_work_on,
        request_due_ladders,
    )

    request_due_ladders(now)
    for ladder_id in ladders_to_work_on(now):
        send("learners.ladder", ladder_id)
