"""What this web process saw of predictions, written in bulk by a thread: no answer waits for it.

Counts and kept predictions of the last `LABELER_TRAFFIC_FLUSH_SECONDS` are lost where a process is
killed; one that ends by itself writes them first.
"""

import atexit
import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from projects.models.traffic import Origin
from projects.services.traffic.counting import write_counts
from projects.services.traffic.keeping import Served, keep_served
from projects.services.traffic.tally import Tally

logger = logging.getLogger(__name__)

PREFIX, ASKED = "/api/", "asked_model"
MAX_WAITING = 20_000


@dataclass
class Asked:
    """A request for predictions of one version, as it goes along; `led_on`: what it asked of versions
    of other projects, whose time is part of this one's.
    """

    project_id: int
    version_number: int
    n_texts: int = 0
    n_deferred: int = 0
    labels: Sequence[str] = ()
    kept: Sequence[Served] = ()
    origin: str = Origin.API
    led_on: list["Asked"] = field(default_factory=list)


def count_traffic(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Measures requests that asked a model: from here to here, so sign-in and limits included."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(PREFIX):
            return get_response(request)
        begun = time.perf_counter()
        response = get_response(request)
        asked: Asked | None = getattr(request, ASKED, None)
        if asked is not None:
            recorder.record(asked, response.status_code, 1_000 * (time.perf_counter() - begun))
        return response

    return middleware


class Recorder:
    """The tally of this process, what waits to be kept, and the thread that writes both."""

    def __init__(self) -> None:
        self.tally = Tally()
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._waiting: list[Served] = []
        self._thread: threading.Thread | None = None

    def record(self, asked: Asked, status: int, milliseconds: float) -> None:
        """Count a request that was answered, or failed on our side; others asked for nothing."""
        at = timezone.now()
        if status >= 500:
            self.tally.failed(
                project_id=asked.project_id, version_number=asked.version_number, at=at
            )
        elif status == 200:
            self._answered(asked, at, milliseconds)
            for other in asked.led_on:
                self._answered(other, at, None)
        self._run()

    def _answered(self, asked: Asked, at: datetime, milliseconds: float | None) -> None:
        self.tally.answered(
            project_id=asked.project_id,
            version_number=asked.version_number,
            at=at,
            milliseconds=milliseconds,
            n_texts=asked.n_texts,
            n_deferred=asked.n_deferred,
            labels=asked.labels,
            origin=asked.origin,
        )
        self._keep_later(asked.kept)

    def _keep_later(self, kept: Sequence[Served]) -> None:
        with self._lock:
            room = max(0, MAX_WAITING - len(self._waiting))
            self._waiting.extend(kept[:room])
        if len(kept) > room:
            logger.warning("%d predictions were not kept: too many wait", len(kept) - room)

    def _run(self) -> None:
        """Begin this process's thread where it is not alive: at first, and after a fork."""
        if not settings.LABELER_TRAFFIC_FLUSH_SECONDS or (self._thread and self._thread.is_alive()):
            return
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                atexit.unregister(self.flush)
                atexit.register(self.flush)
                self._thread = threading.Thread(
                    target=self._go_on, name="labeler-traffic", daemon=True
                )
                self._thread.start()

    def _go_on(self) -> None:
        while True:
            time.sleep(settings.LABELER_TRAFFIC_FLUSH_SECONDS)
            try:
                self.flush()
            finally:
                connection.close()

    def flush(self) -> None:
        """Write what there is. What the database does not take now is tried again the next time."""
        with self._writing:
            self._write_counts()
            self._write_kept()

    def _write_counts(self) -> None:
        taken = self.tally.take()
        if not taken:
            return
        try:
            write_counts(taken)
        except DatabaseError as error:
            self.tally.give_back(taken)
            logger.warning("counts of predictions wait, the database did not take them: %s", error)

    def _write_kept(self) -> None:
        with self._lock:
            waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        try:
            keep_served(waiting)
        except DatabaseError as error:
            self._keep_later(waiting)
            logger.warning("kept predictions wait, the database did not take them: %s", error)

    def forget(self) -> None:
        """Begin anew, as a new process would."""
        self.tally, self._waiting = Tally(), []


recorder = Recorder()
