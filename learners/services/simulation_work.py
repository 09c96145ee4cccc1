"""The work of simulations, decided from rows: freeze the labels, then run after run.

However often `work_on` is called and wherever it dies, every run is done once, or fails with its
reason after `MAX_ATTEMPTS`.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from learners.engine.errors import EngineError
from learners.engine.recipes import Recipe
from learners.engine.simulation.as_json import run_as_json, run_from_json, summary_as_json
from learners.engine.simulation.data import check_plan, plan_notes
from learners.engine.simulation.loop import Run, simulate
from learners.engine.simulation.parts import Parts
from learners.engine.simulation.processes import Work
from learners.engine.simulation.summary import summarise
from learners.models import Simulation, SimulationRun, WorkerHeartbeat
from learners.services.due_work import STALE_AFTER
from learners.services.heartbeat import Heartbeat
from learners.services.ladder import n_ladders_at_work
from learners.services.simulation_data import freeze, known_vectors, read_source, thaw
from learners.services.simulation_vectors import prepare
from projects.reading import BadInput

logger = logging.getLogger(__name__)

MAX_ATTEMPTS = 3
LONGEST_RUN_SECONDS = 3_600.0
DIED = "Its worker died, three times in a row. Too little memory, perhaps."
WORKERS_SEEN = timedelta(seconds=60)

Clock = Callable[[], datetime]
Status = Simulation.Status
RunStatus = SimulationRun.Status


class Cancelled(Exception):
    """The simulation is over, or this run was given to another worker."""


def simulations_to_work_on(now: datetime) -> list[int]:
    """Simulations with work that no live task has, oldest first."""
    fresh = now - STALE_AFTER
    free_run = SimulationRun.objects.filter(simulation=OuterRef("pk")).filter(
        Q(status=RunStatus.WAITING) | Q(status=RunStatus.RUNNING, heartbeat_at__lte=fresh)
    )
    unprepared = Q(status=Status.WAITING) & (
        Q(heartbeat_at__isnull=True) | Q(heartbeat_at__lte=fresh)
    )
    rows = Simulation.objects.filter(
        unprepared | (Q(status=Status.RUNNING) & Exists(free_run)), project__binned_at__isnull=True
    )
    return list(rows.order_by("pk").values_list("pk", flat=True))


def work_on(*, simulation_id: int, token: UUID, clock: Clock) -> bool:
    """Do one piece of work, if there is one to do and a worker may: prepare, or one run.

    Returns:
        Whether something was done, so that asking again makes sense.
    """
    simulation = _take_preparation(simulation_id, token, clock())
    if simulation is not None:
        _prepare(simulation, clock)
        return True
    run = _take_run(simulation_id, token, clock())
    if run is not None:
        _run(run, clock)
        return True
    return False


# ---- preparing ----


def _take_preparation(simulation_id: int, token: UUID, now: datetime) -> Simulation | None:
    with transaction.atomic():
        row = (
            Simulation.objects.select_for_update(no_key=True)
            .filter(pk=simulation_id, status=Status.WAITING, project__binned_at__isnull=True)
            .first()
        )
        if row is None or (row.heartbeat_at and row.heartbeat_at > now - STALE_AFTER):
            return None
        if row.attempts >= MAX_ATTEMPTS:
            _end(row, Status.FAILED, now, error=DIED)
            return None
        row.token, row.heartbeat_at, row.attempts = token, now, row.attempts + 1
        row.save(update_fields=["token", "heartbeat_at", "attempts"])
    return row


def _prepare(simulation: Simulation, clock: Clock) -> None:
    mine = Simulation.objects.filter(
        pk=simulation.pk, token=simulation.token, status=Status.WAITING
    )
    with Heartbeat(lambda: mine.update(heartbeat_at=clock()), longest_seconds=LONGEST_RUN_SECONDS):
        try:
            _freeze(simulation, mine, clock)
        except Cancelled:
            logger.info("%s was cancelled while its texts were read", simulation)
        except (EngineError, BadInput) as error:
            _end(simulation, Status.FAILED, clock(), error=_sentence(str(error)))
        except Exception as error:
            logger.exception("%s could not be prepared", simulation)
            _end(simulation, Status.FAILED, clock(), error=f"{type(error).__name__}: {error}")


def _freeze(simulation: Simulation, mine: QuerySet[Simulation], clock: Clock) -> None:
    data = read_source(simulation)
    check_plan(data, budget=simulation.budget, batch=simulation.batch)

    def progress(n_read: int, n_to_read: int) -> None:
        if not mine.update(n_read=n_read, n_to_read=n_to_read):
            raise Cancelled

    prepare(
        data=data,
        recipes=_recipes(simulation),
        budget=simulation.budget,
        batch=simulation.batch,
        progress=progress,
        known=lambda digest: known_vectors(simulation, digest, data.texts),
    )
    mine.update(
        status=Status.RUNNING,
        data_file=freeze(simulation, data),
        notes=[
            *data.notes,
            *plan_notes(data, budget=simulation.budget, batch=simulation.batch),
        ],
        facts={
            "n_pool": data.n_pool,
            "n_test": len(data.test_rows),
            "n_classes": len(data.class_names),
        },
        started_at=clock(),
        token=None,
    )


# ---- running ----


def _take_run(simulation_id: int, token: UUID, now: datetime) -> SimulationRun | None:
    with transaction.atomic():
        simulation = (
            Simulation.objects.select_for_update(no_key=True)
            .filter(pk=simulation_id, status=Status.RUNNING, project__binned_at__isnull=True)
            .first()
        )
        if simulation is None:
            return None
        _give_up_runs(simulation, now)
        stale = Q(status=RunStatus.RUNNING, heartbeat_at__lte=now - STALE_AFTER)
        free = simulation.runs.filter(Q(status=RunStatus.WAITING) | stale)
        run = free.order_by("seed", "pk").first()
        if run is None or _n_at_work(now) >= _n_allowed(now):
            return None
        run.status, run.token, run.heartbeat_at = RunStatus.RUNNING, token, now
        run.attempts += 1
        run.save(update_fields=["status", "token", "heartbeat_at", "attempts"])
    return run


def _give_up_runs(simulation: Simulation, now: datetime) -> None:
    """Runs whose workers died too often are failures; the simulation goes on without them."""
    given_up = simulation.runs.filter(
        status=RunStatus.RUNNING,
        heartbeat_at__lte=now - STALE_AFTER,
        attempts__gte=MAX_ATTEMPTS,
    ).update(status=RunStatus.FAILED, error=DIED, finished_at=now, token=None)
    if given_up:
        _count(simulation, now)


def _n_at_work(now: datetime) -> int:
    """Simulations and ladders, which go first: both together leave a process to the fits."""
    runs = SimulationRun.objects.filter(
        status=RunStatus.RUNNING, heartbeat_at__gt=now - STALE_AFTER
    )
    return runs.count() + n_ladders_at_work(now)


def _n_allowed(now: datetime) -> int:
    """One run for each worker: its other process stays free for the fits that people wait for."""
    alive = WorkerHeartbeat.objects.filter(kind="worker", seen_at__gt=now - WORKERS_SEEN)
    return max(1, alive.count())


def _run(run: SimulationRun, clock: Clock) -> None:
    mine = SimulationRun.objects.filter(
        pk=run.pk, token=run.token, status=RunStatus.RUNNING, simulation__status=Status.RUNNING
    )

    def pulse(n_labels: int) -> None:
        if not mine.exists():
            raise Cancelled

    with Heartbeat(lambda: mine.update(heartbeat_at=clock()), longest_seconds=LONGEST_RUN_SECONDS):
        try:
            found = _simulated(run, pulse)
        except Cancelled:
            SimulationRun.objects.filter(pk=run.pk, token=run.token).update(
                status=RunStatus.WAITING, token=None
            )
            return
        except EngineError as error:
            _store(run, clock(), error=_sentence(str(error)))
        except Exception as error:
            logger.exception("%s of %s failed", run, run.simulation)
            _store(run, clock(), error=f"{type(error).__name__}: {error}")
        else:
            _store(run, clock(), found=found)


def _simulated(run: SimulationRun, pulse: Callable[[int], None]) -> Run:
    opened = _opened(run.simulation_id, run.simulation.data_file)
    return simulate(
        data=opened.work.data,
        parts=opened.parts,
        recipe=_recipes(run.simulation)[run.place],
        budget=run.simulation.budget,
        batch=run.simulation.batch,
        seed=run.seed,
        pulse=pulse,
    )


@dataclass(frozen=True, eq=False)
class _Opened:
    work: Work
    parts: Parts


@lru_cache(
    maxsize=1
)  # of this process: runs of one seed follow each other and share what is fitted
def _opened(simulation_id: int, data_file: str) -> _Opened:
    simulation = Simulation.objects.get(pk=simulation_id)
    data = thaw(data_file)
    work = prepare(
        data=data,
        recipes=_recipes(simulation),
        budget=simulation.budget,
        batch=simulation.batch,
        progress=lambda done, total: None,
        known=lambda digest: known_vectors(simulation, digest, data.texts),
    )
    return _Opened(work, work.parts())


def _store(run: SimulationRun, now: datetime, *, found: Run | None = None, error: str = "") -> None:
    with transaction.atomic():
        simulation = Simulation.objects.select_for_update(no_key=True).get(pk=run.simulation_id)
        stored = SimulationRun.objects.filter(
            pk=run.pk, token=run.token, status=RunStatus.RUNNING
        ).update(
            status=RunStatus.FAILED if found is None else RunStatus.DONE,
            result=None if found is None else run_as_json(found),
            error=error,
            finished_at=now,
            token=None,
        )
        if stored:
            _count(simulation, now)


def _count(simulation: Simulation, now: datetime) -> None:
    """Under the simulation's lock: how many runs ended, what they say, and whether that is all."""
    ended = simulation.runs.filter(status__in=(RunStatus.DONE, RunStatus.FAILED))
    simulation.n_ended = ended.count()
    simulation.results = results_of(simulation)
    simulation.save(update_fields=["n_ended", "results"])
    if simulation.status == Status.RUNNING and simulation.n_ended == simulation.n_runs:
        runs = simulation.runs.filter(status=RunStatus.DONE)
        error = "" if runs.exists() else "Every run failed."
        _end(simulation, Status.FAILED if error else Status.DONE, now, error=error)


def results_of(simulation: Simulation) -> dict[str, object]:
    """Summaries against the reference, and of the best recipe against each other one."""
    stored = _done(simulation).values_list("result", flat=True)
    runs = [run_from_json(result) for result in stored if result]
    summaries = [summary_as_json(summary) for summary in summarise(runs)]
    best = max(summaries, key=lambda summary: summary["aubc"], default=None)
    against = summarise(runs, reference=best["name"]) if best else []
    return {
        "summaries": summaries,
        "best": best["name"] if best else None,
        "against_best": {
            summary.name: [
                summary.difference.value,
                summary.difference.low,
                summary.difference.high,
            ]
            for summary in against
            if summary.difference
        },
        "failed": [
            {"name": simulation.recipes[place]["name"], "seed": seed, "error": error}
            for place, seed, error in simulation.runs.filter(status=RunStatus.FAILED).values_list(
                "place", "seed", "error"
            )
        ],
    }


def _done(simulation: Simulation) -> QuerySet[SimulationRun]:
    return simulation.runs.filter(status=RunStatus.DONE).order_by("place", "seed")


def _end(simulation: Simulation, status: str, now: datetime, *, error: str = "") -> None:
    Simulation.objects.filter(pk=simulation.pk, status__in=(Status.WAITING, Status.RUNNING)).update(
        status=status, error=error, finished_at=now, token=None
    )


def _recipes(simulation: Simulation) -> list[Recipe]:
    return [Recipe(**recipe) for recipe in simulation.recipes]


def _sentence(words: str) -> str:
    said = words[:1].upper() + words[1:]
    return said if said.endswith((".", "!", "?")) else f"{said}."
