"""`make run` as a person lives it: real processes, real kills, real signals."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from labeler.embedded.processes import carrying
from labeler.starter.children import MARK

ROOT = Path(__file__).resolve().parent.parent.parent
START_SECONDS = 240

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


class Starter:
    """One `python -m labeler.starter run`, and what it said."""

    def __init__(self, var: Path, port: int) -> None:
        self.var, self.port = var, port
        self.said = ""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "labeler.starter", "run"],
            cwd=ROOT,
            env=environment(var, port),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.said += line

    def wait_for(self, words: str) -> None:
        """Until it has said `words`."""
        wait_until(lambda: words in self.said or self.process.poll() is not None)
        assert words in self.said, self.said

    def processes(self) -> dict[str, int]:
        """Process number of web, worker, beat and models (their masters) by name."""
        words = {
            "gunicorn": "web",
            "worker": "worker",
            "beat": "beat",
            "learners.engine.serving": "models",
        }
        found = {}
        for pid in carrying(MARK, str(self.var)):
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it ended meanwhile
                line = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
                parent = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
                # Between fork and exec a child still bears the starter's own line: no name yet.
                names = [name for word, name in words.items() if word in line]
                if parent == self.process.pid and names:
                    found[names[0]] = pid
        return found

    def end(self, number: signal.Signals) -> int:
        """Send it a signal and wait for its end."""
        self.process.send_signal(number)
        status = self.process.wait(60)
        self._close()
        return status

    def ended(self) -> int:
        """Its exit status, once it has ended by itself."""
        status = self.process.wait(60)
        self._close()
        return status

    def _close(self) -> None:
        self._reader.join(10)
        assert self.process.stdout
        self.process.stdout.close()


def environment(var: Path, port: int) -> dict[str, str]:
    """A stranger's environment, without network: the demo cannot be fetched."""
    others = {"DATABASE_URL", "CELERY_BROKER_URL", "LABELER_TEST_FOLDER", "DJANGO_SETTINGS_MODULE"}
    own = {
        "LABELER_VAR": str(var),
        "PORT": str(port),
        "PIP_NO_INDEX": "1",
        "PIP_CONFIG_FILE": "/dev/null",
    }
    return {**{k: v for k, v in os.environ.items() if k not in others}, **own}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until(done: Callable[[], object], seconds: float = START_SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.1)


def accounts(var: Path) -> list[str]:
    url = json.loads((var / "services.json").read_text())["database"]
    with psycopg.connect(url) as connection:
        return [name for (name,) in connection.execute("SELECT username FROM projects_user")]


def healthy(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[], Starter]]:
    """Start Labeler on one folder of data and one port, again and again."""
    var, port = tmp_path / "var", free_port()
    started: list[Starter] = []

    def start_once() -> Starter:
        started.append(Starter(var, port))
        return started[-1]

    yield start_once
    for starter in started:
        if starter.process.poll() is None:
            starter.end(signal.SIGTERM)


def run_again(starter: Starter, *arguments: str, **more: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "labeler.starter", *(arguments or ("run",))],
        cwd=ROOT,
        env=environment(starter.var, starter.port) | more,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_the_first_start_goes_on_without_the_demo_and_prints_a_link_that_signs_in_once(
    start: Callable[[], Starter],
) -> None:
    starter = start()
    starter.wait_for("Ctrl-C stops Labeler")
    assert "Labeler starts without it; `make demo` loads it later" in starter.said
    link = re.search(r"http://127\.0\.0\.1:\d+/enter/\S+", starter.said)
    assert link
    with urllib.request.urlopen(link[0], timeout=10) as first:
        assert first.status == 200
    second = run_again(starter)
    assert second.returncode == 1
    assert second.stderr.startswith("Labeler is running already (process")
    refused = run_again(starter, "restore", str(ROOT / "README.md"))
    assert refused.returncode == 1
    assert starter.end(signal.SIGINT) == 0
    assert carrying(MARK, str(starter.var)) == []


def test_killed_processes_are_started_again(start: Callable[[], Starter]) -> None:
    starter = start()
    starter.wait_for("Ctrl-C stops Labeler")
    before = starter.processes()
    assert set(before) == {"web", "worker", "beat", "models"}
    for pid in before.values():
        os.kill(pid, signal.SIGKILL)
    wait_until(
        lambda: (
            len(starter.processes()) == 4
            and not set(starter.processes().values()) & set(before.values())
        )
    )
    wait_until(lambda: healthy(starter.port))
    assert starter.said.count("was ended by SIGKILL; starting it again in 1 s") == 4


def test_a_killed_database_and_broker_are_started_again(start: Callable[[], Starter]) -> None:
    starter = start()
    starter.wait_for("Ctrl-C stops Labeler")
    postmaster = int((starter.var / "postgres" / "postmaster.pid").read_text().split()[0])
    os.kill(postmaster, signal.SIGKILL)
    starter.wait_for("PostgreSQL was ended by SIGKILL; starting it again")
    wait_until(lambda: healthy(starter.port))
    assert accounts(starter.var) == ["owner"]


def test_the_next_start_after_a_killed_starter_has_all_data_and_no_leftovers(
    start: Callable[[], Starter],
) -> None:
    starter = start()
    starter.wait_for("Ctrl-C stops Labeler")
    starter.end(signal.SIGKILL)
    successor = start()
    successor.wait_for("Ctrl-C stops Labeler")
    assert "demo" not in successor.said
    assert accounts(successor.var) == ["owner"]
    assert set(successor.processes()) == {"web", "worker", "beat", "models"}
    assert successor.end(signal.SIGTERM) == 0
    assert carrying(MARK, str(successor.var)) == []


def test_a_port_that_is_taken_is_one_sentence(start: Callable[[], Starter], tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        starter = Starter(tmp_path / "var", other.getsockname()[1])
        assert starter.ended() == 1
    assert re.fullmatch(r"Port \d+ is taken by another program\. Choose .*make run\n", starter.said)


def test_a_folder_that_is_a_file_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("in the way")
    starter = Starter(tmp_path / "var", free_port())
    assert starter.ended() == 1
    assert starter.said.startswith("Labeler cannot write to")
    assert starter.said.count("\n") == 1
