"""Worker and beat show that they live, from their main processes, whatever their tasks do."""

import atexit
import threading
from functools import cache, partial
from typing import Any

from celery.signals import beat_init, worker_process_init, worker_ready, worker_shutdown
from django.utils import timezone

from labeler.threads import threads_per_process
from learners.engine.threads import set_threads
from learners.services.heartbeat import Heartbeat, leave, process_name, show_life

WARM_UP_AFTER_SECONDS = 5.0

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
    atexit.register(_leave, "beat")  # Celery has no signal for a beat that ends


@worker_shutdown.connect
def _worker_leaves(**_: Any) -> None:
    _leave("worker")


def _leave(kind: str) -> None:
    for heartbeat in _alive:
        heartbeat.stop()
    leave(f"{kind} {process_name()}")


@worker_process_init.connect
def _warm_up_later(**_: Any) -> None:
    """Import what fits need before the first one is due, yet out of the way of the start."""
    timer = threading.Timer(WARM_UP_AFTER_SECONDS, _warm_up)
    timer.daemon = True
    timer.start()


def _warm_up() -> None:
    pin_threads()
    import learners.services.fitting  # noqa: F401, PLC0415


@cache
def pin_threads() -> None:
    """Limit this process, once: it imports torch, which takes seconds."""
    set_threads(threads_per_process())
