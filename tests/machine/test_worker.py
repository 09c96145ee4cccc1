"""The real worker, from labels to a served queue, and after a kill -9."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from django.utils import timezone

from labeler.embedded.processes import end, spawn
from labeler.sending import send
from learners.models import EmbeddingSet, Fit, RankedExample, SeedQueue, WorkerHeartbeat
from learners.selectors.status import project_status
from learners.services.prediction import predict
from projects.models import Example
from tests.live_worker import LiveWorker, worker_environment
from tests.machine.worlds import label, make_world

pytestmark = [pytest.mark.worker, pytest.mark.slow]


def wait_for(found: Callable[[], object], *, seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not found():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.2)


def published() -> bool:
    return Fit.objects.filter(status=Fit.Status.PUBLISHED).exists()


def embedded() -> bool:
    return EmbeddingSet.objects.filter(finished_at__isnull=False).exists()


def test_the_worker_embeds_fits_and_serves_the_strategys_order(live_worker: LiveWorker) -> None:
    project, examples, user = make_world(60)
    send("learners.embed", project.pk)
    wait_for(embedded)
    label(examples[10:22], user, now=timezone.now())
    send("learners.fit", project.pk)
    wait_for(published)
    fit = Fit.objects.get()
    queue = list(RankedExample.objects.filter(fit=fit).select_related("example"))
    probabilities = predict(fit=fit, texts=[row.example.text for row in queue]).probabilities
    margins = np.abs(probabilities[:, 0] - probabilities[:, 1])
    assert len(queue) == 38
    assert (np.diff(margins) > -2e-3).all()  # stored vectors are float16
    ids = [row.example_id for row in queue]
    assert ids != sorted(ids)


def test_the_beat_task_starts_what_no_message_asked_for(live_worker: LiveWorker) -> None:
    project, examples, user = make_world(40)
    label(examples[10:20], user, now=timezone.now())
    send("learners.start_due_work")
    wait_for(lambda: published() and embedded())
    assert EmbeddingSet.objects.get(project=project).n_done == 40
    assert Fit.objects.count() == 1


def test_the_first_questions_are_ranked_as_soon_as_texts_are_read(live_worker: LiveWorker) -> None:
    project, _, _ = make_world(40)
    send("learners.embed", project.pk)
    wait_for(lambda: SeedQueue.objects.filter(n_read=40, ranked_at__isnull=False).exists())
    row = SeedQueue.objects.get(project=project)
    assert (row.error, row.strategy, row.n_ranked_from) == ("", "kmeans_seed", 30)
    assert row.ranked.count() == 30
    assert not Fit.objects.exists()


def test_the_page_sees_that_the_worker_lives(live_worker: LiveWorker) -> None:
    project, _, _ = make_world(10)
    wait_for(lambda: project_status(project, timezone.now(), ask_broker=True).worker_alive)
    assert WorkerHeartbeat.objects.get(kind="worker").name.startswith("worker ")


SLOW = """
import time
from tests.machine.fakes import TinyEmbedder

class Slow(TinyEmbedder):
    def embed(self, texts):
        if not {flag!r} or __import__("os").path.exists({flag!r}):
            time.sleep(600)
        return super().embed(texts)

def make():
    return Slow(name="slow")
"""


class Mortal:
    """A worker of its own, whose embedder hangs while a flag file exists."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.flag = folder / "hang"
        (folder / "slow_embedder.py").write_text(SLOW.format(flag=str(self.flag)))
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        paths = os.pathsep.join([str(self.folder), os.getcwd()])
        environment = {
            **worker_environment(),
            "PYTHONPATH": paths,
            "LABELER_EMBEDDER": "slow_embedder.make",
        }
        command = [sys.executable, "-m", "celery", "-A", "labeler", "worker", "-Q", "fast,slow"]
        self.process = spawn(
            [*command, "--concurrency", "2"], log=self.folder / "log", environment=environment
        )

    def kill(self) -> None:
        if self.process:
            end(self.process, signal.SIGKILL, patience_seconds=5)
            self.process = None


@pytest.fixture
def mortal(
    transactional_db: None, tmp_path: Path, settings: object, worker_process: LiveWorker
) -> Iterator[Mortal]:
    worker_process.stop()
    settings.LABELER_EMBEDDER = "slow_embedder.make"  # type: ignore[attr-defined]
    worker = Mortal(tmp_path)
    yield worker
    worker.kill()


def let_time_pass() -> None:
    """As if the heartbeats of the dead were half a minute old."""
    long_ago = timezone.now() - timedelta(seconds=60)
    Fit.objects.filter(status=Fit.Status.RUNNING).update(heartbeat_at=long_ago)
    EmbeddingSet.objects.update(heartbeat_at=long_ago)


def test_a_worker_killed_while_it_embeds_is_replaced_without_loss(mortal: Mortal) -> None:
    project, _, _ = make_world(40)
    mortal.flag.touch()
    mortal.start()
    send("learners.embed", project.pk)
    wait_for(lambda: EmbeddingSet.objects.filter(running_token__isnull=False).exists())
    mortal.kill()
    mortal.flag.unlink()
    let_time_pass()
    mortal.start()
    send("learners.start_due_work")
    wait_for(embedded)
    assert EmbeddingSet.objects.get(project=project).n_done == 40


def test_a_worker_killed_while_it_fits_is_named_and_the_fit_is_run_again(mortal: Mortal) -> None:
    project, examples, user = make_world(40)
    label(examples[10:20], user, now=timezone.now())
    mortal.flag.touch()
    mortal.start()
    send("learners.fit", project.pk)
    wait_for(lambda: Fit.objects.filter(status=Fit.Status.RUNNING).exists())
    mortal.kill()
    mortal.flag.unlink()
    let_time_pass()
    mortal.start()
    send("learners.start_due_work")
    wait_for(published)
    died, again = Fit.objects.order_by("pk")
    assert (died.status, died.error) == (
        Fit.Status.FAILED,
        "The worker died while it trained this model.",
    )
    assert (again.attempt, again.n_labels) == (2, 10)
    assert Example.objects.filter(settled=True).count() == 10
