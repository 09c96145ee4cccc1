"""The product's own processes: what they are called with, and how they are kept alive."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from labeler.embedded.folders import socket_folder, start_log
from labeler.embedded.processes import carrying, end_all, finish, spawn
from labeler.starter.addresses import Address

MARK = "LABELER_STARTED_FOR"  # in the environment of every process that belongs to a folder of data
LONGEST_DELAY_SECONDS = 30.0
STEADY_SECONDS = 60.0
PATIENCE_SECONDS = 8.0


class Watched(Protocol):
    """Something that runs as a process and can be launched again."""

    process: "subprocess.Popen[bytes] | None"

    @property
    def log(self) -> Path: ...

    def launch(self) -> None: ...


@dataclass
class Child:
    """One process of the product: web, worker, beat or models."""

    name: str
    command: list[str]
    log: Path
    environment: dict[str, str]
    process: "subprocess.Popen[bytes] | None" = None

    def launch(self) -> None:
        start_log(self.log)
        if self.process:  # its own children outlive a killed master and would keep the port
            finish(self.process, patience_seconds=0)
        self.process = spawn(self.command, log=self.log, environment=self.environment)


def children(var: Path, address: Address) -> list[Child]:
    """Web, worker, beat and models, as docker-compose.yml starts them too; no models where
    LABELER_MODELS_URL names those of somebody else.
    """
    others = {"models"} if os.environ.get("LABELER_MODELS_URL") else set()
    return [
        Child(name, command, var / "log" / f"{name}.log", child_environment(var, name))
        for name, command in commands(address.bind).items()
        if name not in others
    ]


def commands(bind: str) -> dict[str, list[str]]:
    """The command line of each process."""
    celery = [sys.executable, "-m", "celery", "-A", "labeler"]
    shared_memory = "/dev/shm"  # noqa: S108  gunicorn's own sign of life must not wait for a disk
    gunicorn = [sys.executable, "-m", "gunicorn", "labeler.wsgi:application", "--bind", bind]
    gunicorn += ["--worker-class", "gthread", "--workers", "2", "--threads", "4"]
    gunicorn += ["--graceful-timeout", "5", "--no-control-socket"]
    if os.access(shared_memory, os.W_OK):
        gunicorn += ["--worker-tmp-dir", shared_memory]
    worker = [*celery, "worker", "-Q", "fast,slow", "--concurrency", "2", "--loglevel", "INFO"]
    return {
        "web": gunicorn,
        "worker": [*worker, "--without-mingle", "--without-gossip"],
        "beat": [*celery, "beat", "--loglevel", "INFO", "--pidfile="],
        "models": [sys.executable, "-m", "learners.engine.serving"],
    }


def child_environment(var: Path, name: str) -> dict[str, str]:
    """Ours, plus where the data lie and which part the process plays.

    Two worker processes with all cores each slow each other down by an order of magnitude, so each
    gets its share of threads.
    """
    threads = str(max(1, (os.cpu_count() or 1) // 2))
    defaults = {
        "DJANGO_SETTINGS_MODULE": "labeler.settings",
        "OMP_NUM_THREADS": threads,
        "OPENBLAS_NUM_THREADS": threads,
        "MKL_NUM_THREADS": threads,
        "HF_HUB_OFFLINE": "1",
        "TOKENIZERS_PARALLELISM": "false",
        "PYTHONUNBUFFERED": "1",
        "LABELER_MODELS_URL": f"unix://{socket_folder(var)}/models.sock",
    }
    return {
        **defaults,
        **os.environ,
        "LABELER_VAR": str(var),
        "LABELER_PROCESS": name,
        MARK: str(var),
    }


def end_leftovers(var: Path) -> int:
    """End what an earlier starter left behind when it was killed. Returns how many there were.

    At once: the database is gone for them, and what they were at is due again by the rows.
    """
    return end_all(lambda: carrying(MARK, str(var)), signal.SIGKILL)


@dataclass
class Watch:
    """Starts again what dies, ever more slowly while it keeps dying."""

    name: str
    watched: Watched
    say: Callable[[str], None]
    delay_seconds: float = 1.0
    deaths: int = 0
    _again_at: float | None = None
    _since: float = field(default_factory=time.monotonic)

    def look(self) -> None:
        """Once: notice a death, or end the wait after one."""
        process = self.watched.process
        if process is None or process.poll() is None:
            return
        now = time.monotonic()
        if self._again_at is None:
            self._note_death(now, process.returncode)
        elif now >= self._again_at:
            self._again_at, self._since = None, now
            self.watched.launch()

    def _note_death(self, now: float, status: int) -> None:
        if now - self._since > STEADY_SECONDS:
            self.delay_seconds, self.deaths = 1.0, 0
        self.deaths += 1
        self._again_at = now + self.delay_seconds
        self.say(
            f"{self.name} {how_it_ended(status)}; starting it again in {self.delay_seconds:.0f} s. "
            f"Its log: {self.watched.log}"
        )
        self.delay_seconds = min(2 * self.delay_seconds, LONGEST_DELAY_SECONDS)


def how_it_ended(status: int) -> str:
    """An exit status in words."""
    if status < 0:
        return f"was ended by {signal.Signals(-status).name}"
    return f"ended with status {status}"


def stop_children(running: list[Child]) -> None:
    """Ask all at once, wait for all, kill who does not hear, and the sessions they leave."""
    for child in running:
        if child.process and child.process.poll() is None:
            child.process.terminate()
    deadline = time.monotonic() + PATIENCE_SECONDS
    for child in running:
        if child.process:
            finish(child.process, patience_seconds=max(0.0, deadline - time.monotonic()))
