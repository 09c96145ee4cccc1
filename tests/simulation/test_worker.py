"""A real worker runs a simulation, and another one goes on with it after a kill -9."""

import time
from collections.abc import Callable

import pytest
from django.utils import timezone

from labeler.sending import send
from learners.models import Simulation, SimulationRun
from learners.services.due_work import STALE_AFTER
from learners.services.simulating import Plan, start_simulation
from tests.factories import make_user
from tests.live_worker import LiveWorker
from tests.simulation.test_work import gold_project

pytestmark = [pytest.mark.worker, pytest.mark.slow]
PLAN = Plan(budget=16, n_seeds=2)


def wait_for(found: Callable[[], object], *, seconds: float = 200) -> None:
    deadline = time.monotonic() + seconds
    while not found():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.2)


def begin() -> Simulation:
    owner = make_user("ada")
    return start_simulation(
        actor=owner, project=gold_project(owner), source="gold", plan=PLAN, now=timezone.now()
    )


def state(simulation: Simulation) -> str:
    simulation.refresh_from_db()
    return simulation.status


def test_the_presets_are_run_on_the_real_embedder(live_worker: LiveWorker) -> None:
    simulation = begin()
    send("learners.simulate", simulation.pk)
    wait_for(lambda: state(simulation) not in {"waiting", "running"})
    assert (simulation.status, simulation.error) == ("done", "")
    names = {found["name"] for found in simulation.results["summaries"]}
    assert names == {"default", "reference", "margin"}
    assert simulation.results["failed"] == []


def test_another_worker_goes_on_after_a_kill(live_worker: LiveWorker) -> None:
    simulation = begin()
    send("learners.simulate", simulation.pk)
    wait_for(lambda: SimulationRun.objects.filter(status="running").exists())
    live_worker.kill()
    # Rather than wait until its silence is long enough, its last sign of life is put back.
    long_ago = timezone.now() - 2 * STALE_AFTER
    SimulationRun.objects.filter(status="running").update(heartbeat_at=long_ago)
    live_worker.start()
    send("learners.start_due_work")
    wait_for(lambda: state(simulation) not in {"waiting", "running"})
    assert (simulation.status, simulation.n_ended) == ("done", 6)
