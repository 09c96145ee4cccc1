"""Signs of life: of a task while it works, and of the worker and beat processes themselves."""

import logging
import math
import os
import socket
import threading
from collections.abc import Callable
from datetime import datetime
from types import TracebackType
from typing import Self

from django.db import DatabaseError, connection

from learners.models import WorkerHeartbeat
from learners.services.due_work import HEARTBEAT_SECONDS

logger = logging.getLogger(__name__)


class Heartbeat:
    """Calls `beat` every few seconds in a thread with its own database connection, while inside.

    The first call comes after one interval, so that shorter work opens no connection, or `at_once`.
    After `longest_seconds` the calls end although the work has not: work that hangs counts as dead,
    and may be taken over.
    """

    def __init__(
        self,
        beat: Callable[[], object],
        *,
        seconds: float = HEARTBEAT_SECONDS,
        at_once: bool = False,
        longest_seconds: float = math.inf,
    ) -> None:
        self.beat = beat
        self.seconds = seconds
        self.at_once = at_once
        self.n_most = longest_seconds / seconds
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="labeler-heartbeat", daemon=True)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            if self.at_once:
                self._beat_once()
            n_beats = 0
            while n_beats < self.n_most and not self._over.wait(self.seconds):
                self._beat_once()
                n_beats += 1
        finally:
            connection.close()  # this thread's own

    def _beat_once(self) -> None:
        try:
            self.beat()
        except DatabaseError:
            logger.warning("a sign of life was not written; trying again", exc_info=True)
            connection.close()


def show_life(*, name: str, kind: str, now: datetime) -> None:
    """Write that process `name` (kind "worker" or "beat") lives."""
    WorkerHeartbeat.objects.update_or_create(
        name=name,
        defaults={"kind": kind, "seen_at": now},
        create_defaults={"kind": kind, "seen_at": now, "started_at": now},
    )


def leave(name: str) -> None:
    """Take the sign of life away at a clean end."""
    WorkerHeartbeat.objects.filter(name=name).delete()


def process_name() -> str:
    """This process, as fits and heartbeats name it."""
    return f"{socket.gethostname()}:{os.getpid()}"
