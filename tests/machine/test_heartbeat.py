"""Signs of life while work goes on, and their end."""

import threading

import pytest

from learners.models import WorkerHeartbeat
from learners.services.heartbeat import Heartbeat, leave, show_life
from tests.factories import NOW


class Counted:
    """Counts calls, and tells when there were `n`."""

    def __init__(self, n: int) -> None:
        self.n = n
        self.calls = 0
        self.enough = threading.Event()

    def __call__(self) -> None:
        self.calls += 1
        if self.calls >= self.n:
            self.enough.set()


def test_it_beats_while_the_work_goes_on_and_not_after() -> None:
    beat = Counted(3)
    with Heartbeat(beat, seconds=0.01):
        assert beat.enough.wait(10)
    calls = beat.calls
    assert not threading.Event().wait(0.05)
    assert beat.calls == calls


def test_work_that_hangs_stops_showing_life() -> None:
    beat = Counted(4)
    with Heartbeat(beat, seconds=0.01, longest_seconds=0.03):
        assert not beat.enough.wait(0.2)
    assert beat.calls == 3


@pytest.mark.django_db
def test_a_process_shows_life_and_leaves() -> None:
    show_life(name="worker a:1", kind="worker", now=NOW)
    show_life(name="worker a:1", kind="worker", now=NOW)
    assert WorkerHeartbeat.objects.get().seen_at == NOW
    leave("worker a:1")
    assert not WorkerHeartbeat.objects.exists()
