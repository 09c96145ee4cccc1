"""A real worker trains a small ladder of real rungs, and another goes on after a kill -9."""

import time
from collections.abc import Callable

import pytest
from django.utils import timezone

from labeler.sending import send
from learners.engine.runtime import load_runtime
from learners.models import Ladder, Rung
from learners.services.due_work import STALE_AFTER
from learners.services.ladder import request_ladder
from learners.services.model_files import open_folder
from tests.factories import make_user
from tests.ladder.worlds import ladder_project
from tests.live_worker import LiveWorker

SECONDS_BETWEEN = 5.0
pytestmark = [pytest.mark.worker, pytest.mark.slow]


@pytest.fixture(autouse=True)
def _storage() -> None:
    """The storage that the worker has, which is another process."""


def wait_for(found: Callable[[], object], task: str, *args: int, seconds: float = 200) -> None:
    """Sends the task again now and then, as the beat does: a message to a busy broker may be lost."""
    deadline = time.monotonic() + seconds
    next_send = 0.0
    while not found():
        now = time.monotonic()
        assert now < deadline, "it never came"
        if now >= next_send:
            send(task, *args)
            next_send = now + SECONDS_BETWEEN
        time.sleep(0.2)


def begin(*rungs: str) -> Ladder:
    owner = make_user("ada")
    return request_ladder(
        actor=owner, project=ladder_project(owner), rungs=rungs, now=timezone.now()
    )


def is_over(ladder: Ladder) -> bool:
    ladder.refresh_from_db()
    return ladder.is_over


def test_counted_words_are_trained_measured_and_run(live_worker: LiveWorker) -> None:
    ladder = begin("tfidf")
    wait_for(lambda: is_over(ladder), "learners.ladder", ladder.pk)
    rung = ladder.rungs.get()
    assert (ladder.status, rung.status, rung.error) == ("done", "done", "")
    assert (rung.accuracy, rung.n_audit, rung.n_train) == (1.0, 20, 30)
    assert (rung.memory_mb or 0) > 1
    assert (rung.cpu_seconds_per_1000 or 0) > 0
    said = load_runtime(open_folder(rung)).predict_proba(["apple pear", "iron zinc"])
    assert said.argmax(axis=1).tolist() == [0, 1]


def test_another_worker_goes_on_after_a_kill(live_worker: LiveWorker) -> None:
    ladder = begin("tfidf", "minilm_int8")
    at_it = Rung.objects.filter(name="minilm_int8", status="running")
    wait_for(at_it.exists, "learners.ladder", ladder.pk)
    first = ladder.rungs.get(name="tfidf").finished_at
    live_worker.kill()
    # Rather than wait until its silence is long enough, its last sign of life is put back.
    Ladder.objects.update(heartbeat_at=timezone.now() - 2 * STALE_AFTER)
    live_worker.start()
    wait_for(lambda: is_over(ladder), "learners.start_due_work")
    assert ladder.status == "done"
    assert set(ladder.rungs.values_list("status", flat=True)) == {"done"}
    assert ladder.rungs.get(name="tfidf").finished_at == first
    assert ladder.rungs.get(name="minilm_int8").attempts == 2
