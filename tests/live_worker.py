"""A real Celery worker on the test database and the test broker."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import quote

from django.conf import settings
from django.db import connection

from labeler.celery import app
from labeler.embedded.processes import end, spawn

READY_SECONDS = 60


class LiveWorker:
    """`celery -A labeler worker -Q fast,slow --concurrency 2`, as the product starts it."""

    def __init__(self, log: Path) -> None:
        self.log = log
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it takes messages."""
        self.log.write_text("")
        command = [sys.executable, "-m", "celery", "-A", "labeler", "worker", "-Q", "fast,slow"]
        self.process = spawn(
            [*command, "--concurrency", "2", "--loglevel", "INFO"],
            log=self.log,
            environment=worker_environment(),
        )
        self.wait_for(" ready.")

    def wait_for(self, words: str, *, seconds: float = READY_SECONDS) -> None:
        """Wait until `words` stand in its log.

        Raises:
            AssertionError: they do not come, or the worker ended; with the end of its log.
        """
        deadline = time.monotonic() + seconds
        while words not in self.text():
            ended = self.process is None or self.process.poll() is not None
            if ended or time.monotonic() > deadline:
                raise AssertionError(
                    f"{words!r} never came from the worker:\n{self.text()[-3000:]}"
                )
            time.sleep(0.1)

    def text(self) -> str:
        """Its log."""
        return self.log.read_text("utf-8", errors="replace")

    def answers(self) -> bool:
        """Whether it answers within the patience given to starting; one ping may be lost meanwhile."""
        deadline = time.monotonic() + READY_SECONDS
        while self.alive and time.monotonic() < deadline:
            if app.control.ping(timeout=2.0):
                return True
        return False

    def settle(self) -> None:
        """Wait until it runs no task, so that the next test may empty the tables under it."""
        deadline = time.monotonic() + READY_SECONDS
        while self.alive and time.monotonic() < deadline:
            replies = app.control.inspect(timeout=1.0).active()
            if replies is not None and not any(replies.values()):
                return
            time.sleep(0.1)

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def kill(self) -> None:
        """As `kill -9`, its pool with it."""
        if self.process:
            end(self.process, signal.SIGKILL, patience_seconds=5)

    def stop(self) -> None:
        """Let it finish what it does, then end it."""
        if self.process:
            end(self.process, signal.SIGTERM, patience_seconds=15)
            self.process = None


def worker_environment() -> dict[str, str]:
    """The environment of a process that must see the test database, not the developer's."""
    return {
        **os.environ,
        "DATABASE_URL": database_url(),
        "CELERY_BROKER_URL": settings.CELERY_BROKER_URL,
        "LABELER_VAR": str(settings.VAR_DIR),
        "LABELER_PROCESS": "worker",
        "DJANGO_SETTINGS_MODULE": "labeler.settings",
    }


def database_url() -> str:
    """The address of the database that the tests are on."""
    values = connection.settings_dict
    secret = f":{quote(values['PASSWORD'], safe='')}" if values["PASSWORD"] else ""
    port = f":{values['PORT']}" if values["PORT"] else ""
    host = values["HOST"]
    if host.startswith("/"):
        return f"postgresql://{values['USER']}{secret}@{port}/{values['NAME']}?host={quote(host)}"
    return f"postgresql://{values['USER']}{secret}@{host}{port}/{values['NAME']}"


def empty_the_queues() -> None:
    """No message of an earlier test may reach the worker."""
    with app.connection_for_write() as broker:
        for queue in ("fast", "slow"):
            broker.default_channel.queue_purge(queue)  # type: ignore[attr-defined]
