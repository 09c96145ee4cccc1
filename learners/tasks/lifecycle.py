"""Worker and beat show that they live, from their main processes, whatever their tasks do."""

from functools import cache, partial
from typing import Any

from celery.signals import beat_init, worker_ready, worker_shutdown
from django.utils import timezone

from labeler.threads import threads_per_process
from learners.engine.threads import set_threads
from learners.services.fitting import process_name
from learners.services.heartbeat import Heartbeat, leave, show_life

_alive: list[Heartbeat] = []


def _show(kind: str) -> None:
    show_life(name=f"{kind} {process_name()}", kind=kind, now=timezone.now())


def _live(kind: str) -> None:
    heartbeat = Heartbeat(partial(_show, kind), at_once=True)
    heartbeat.start()
    _alive.append(heartbeat)


@worker_ready.connect
def _worker_is_ready(**_: Any) -> None:
    _live("worker")


@beat_init.connect
def _beat_is_ready(**_: Any) -> None:
    _live("beat")


@worker_shutdown.connect
def _worker_leaves(**_: Any) -> None:
    for heartbeat in _alive:
        heartbeat.stop()
    leave(f"worker {process_name()}")


@cache
def pin_threads() -> None:
    """Limit this process once, at its first task that computes: the import of torch takes seconds,
    and a process that only imports files need not pay for it.
    """
    set_threads(threads_per_process())
