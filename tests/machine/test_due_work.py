"""What the beat finds to do, from rows alone, and "retrain now"."""

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from learners.models import EmbeddingSet, Fit, FitRequest, WorkerHeartbeat
from learners.services import due_work
from learners.services.fitting import start_fit
from learners.services.heartbeat import show_life
from learners.services.retrain import CannotFit, request_fit
from learners.services.simulation_vectors import folder
from learners.tasks.due_work import start_due_work
from projects.models import Lease, Project
from tests.factories import NOW, make_examples
from tests.machine.worlds import Clock, embed_all, fit, is_bird, label, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def worker() -> None:
    show_life(name="worker a:1", kind="worker", now=NOW)


def to_embed(**later: float) -> list[int]:
    return due_work.projects_to_embed(NOW + timedelta(**later))


def test_a_project_with_texts_is_to_be_embedded_until_it_is_complete() -> None:
    project, _, _ = make_world(10)
    assert to_embed() == [project.pk]
    embed_all(project)
    assert to_embed() == []


def test_an_import_makes_a_project_due_again() -> None:
    project, _, _ = make_world(10)
    embed_all(project)
    make_examples(project, ["one more"], seed=3)
    assert to_embed() == [project.pk]


def test_a_set_that_a_live_task_writes_is_left_alone_and_a_dead_ones_is_due() -> None:
    project, _, _ = make_world(10)
    embed_all(project)
    EmbeddingSet.objects.update(running_token=uuid4(), heartbeat_at=NOW, finished_at=None)
    assert to_embed(seconds=29) == []
    assert to_embed(seconds=31) == [project.pk]


def test_projects_in_the_bin_are_left_alone() -> None:
    project, examples, user = make_world()
    label(examples[10:20], user)
    Project.objects.update(binned_at=NOW)
    assert to_embed() == []
    assert due_work.projects_to_fit(NOW) == []
    assert fit(project) is None


def test_the_beat_sends_what_is_due(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[tuple[object, ...]] = []
    monkeypatch.setattr("learners.tasks.due_work.send", lambda *args: sent.append(args))
    project, examples, user = make_world()
    label(examples[10:20], user)
    start_due_work()
    assert sent == [("learners.fit", project.pk), ("learners.embed", project.pk)]


def test_the_beat_calls_a_dead_fit_failed() -> None:
    project, examples, user = make_world()
    label(examples[10:20], user)
    start_fit(project_id=project.pk, token=uuid4(), now=NOW)
    start_due_work()
    assert Fit.objects.get().status == Fit.Status.FAILED


def test_the_beat_forgets_vectors_that_no_simulation_used_for_a_month(
    settings: Any, tmp_path: Path
) -> None:
    settings.VAR_DIR = tmp_path
    folder().mkdir()
    old, new = folder() / "old.npy", folder() / "new.npy"
    for path in (old, new):
        path.touch()
    os.utime(old, (0, 0))
    start_due_work()
    assert (old.exists(), new.exists()) == (False, True)


def test_leases_long_over_and_processes_long_gone_are_tidied_away(worker: None) -> None:
    project, examples, user = make_world()
    for place, ended in enumerate((NOW - timedelta(hours=2), NOW)):
        Lease.objects.create(
            project=project,
            example=examples[place],
            annotator=user,
            tab=uuid4(),
            claimed_at=NOW,
            expires_at=ended,
            draw="random",
        )
    due_work.tidy(NOW)
    assert Lease.objects.get().example == examples[1]
    due_work.tidy(NOW + timedelta(days=8))
    assert not WorkerHeartbeat.objects.exists()


def test_retrain_now_needs_no_batch(worker: None) -> None:
    project, examples, user = make_world()
    label(examples[10:13], user)
    request_fit(project_id=project.pk, now=NOW)
    published = fit(project)
    assert published is not None
    assert (published.forced, published.n_labels) == (True, 3)
    assert not FitRequest.objects.exists()
    assert fit(project) is None


def test_retrain_now_does_not_wait_for_a_failed_fits_next_try(worker: None) -> None:
    project, examples, user = make_world()
    label(examples[10:20], user)
    Project.objects.update(strategy="no_such_strategy")
    fit(project)
    Project.objects.update(strategy="margin")
    request_fit(project_id=project.pk, now=NOW)
    again = fit(project)
    assert again is not None
    assert again.status == Fit.Status.PUBLISHED


def test_retrain_now_says_that_a_fit_is_running(worker: None) -> None:
    project, examples, user = make_world()
    label(examples[10:20], user)
    start_fit(project_id=project.pk, token=uuid4(), now=NOW)
    with pytest.raises(CannotFit, match="being trained right now"):
        request_fit(project_id=project.pk, now=NOW)


def test_retrain_now_says_that_a_second_class_is_missing(worker: None) -> None:
    project, examples, user = make_world()
    label([e for e in examples if is_bird(e)], user)
    with pytest.raises(CannotFit, match="at least two classes"):
        request_fit(project_id=project.pk, now=NOW)


def test_retrain_now_says_that_the_worker_is_away() -> None:
    project, examples, user = make_world()
    label(examples[10:13], user)
    with pytest.raises(CannotFit, match="No worker is running"):
        request_fit(project_id=project.pk, now=NOW)


def test_a_wish_for_one_class_only_waits_and_does_not_fail(worker: None) -> None:
    project, examples, user = make_world()
    label([e for e in examples if is_bird(e)][:3], user)
    FitRequest.objects.create(project=project, requested_at=NOW)
    assert fit(project, Clock()) is None
    assert FitRequest.objects.exists()


def test_a_message_about_a_project_that_is_gone_does_nothing() -> None:
    assert not due_work.fit_is_due(12345, NOW)


def test_registering_the_tasks_loads_no_numeric_library() -> None:
    look = "import django; django.setup(); import learners.tasks, sys; print(*sys.modules)"
    found = subprocess.run(
        [sys.executable, "-c", look], capture_output=True, text=True, check=True
    ).stdout.split()
    assert "learners.tasks.fitting" in found
    assert not {"torch", "sklearn", "modAL"} & set(found)
