"""Real servers for one test, in folders of their own."""

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from labeler.embedded.folders import Folders, prepare_folders
from labeler.embedded.postgres import Postgres
from labeler.embedded.services import Services, start_services
from labeler.embedded.valkey import Valkey

Start = Callable[[], Services]


@pytest.fixture
def var(tmp_path: Path) -> Path:
    return tmp_path / "var"


@pytest.fixture
def folders(var: Path) -> Folders:
    return prepare_folders(var)


@pytest.fixture
def no_other_services(monkeypatch: pytest.MonkeyPatch) -> None:
    """The addresses of the test run's own services must not stand in for those under test."""
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("CELERY_BROKER_URL", raising=False)


@pytest.fixture
def postgres(folders: Folders) -> Iterator[Postgres]:
    """A PostgreSQL that is not started yet."""
    server = Postgres(folders, say=lambda _: None, durable=False)
    yield server
    server.stop()


@pytest.fixture
def valkey(folders: Folders) -> Iterator[Valkey]:
    """A Valkey that is not started yet."""
    server = Valkey(folders, say=lambda _: None)
    yield server
    server.stop()


@pytest.fixture
def start(var: Path, no_other_services: None) -> Iterator[Start]:
    """Start both services; stopped after the test."""
    started: list[Services] = []

    def start_both() -> Services:
        started.append(start_services(var, say=lambda _: None, durable=False))
        return started[-1]

    yield start_both
    for services in started:
        services.stop()


def kill(process: "subprocess.Popen[bytes] | None") -> None:
    """`kill -9` of the process alone."""
    assert process
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
