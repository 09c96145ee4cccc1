"""One starter for each folder of data: the kernel's lock ends with the process, however it ends."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from labeler.embedded.problems import StartProblem, disk_problem


@dataclass(frozen=True)
class Running:
    """The starter that holds the lock."""

    pid: int
    address: str


@contextmanager
def only_starter(var: Path, *, address: str) -> Iterator[None]:
    """Hold the lock of `var`, telling others `address`.

    Raises:
        StartProblem: another starter holds it.
    """
    var.mkdir(parents=True, exist_ok=True)
    try:
        file = os.open(var / "starter.lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise disk_problem(error, var) from error
    try:
        _take(file, var)
        os.truncate(file, 0)
        os.write(file, json.dumps({"pid": os.getpid(), "address": address}).encode())
        yield
    finally:
        os.close(file)


def _take(file: int, var: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        other = running_starter(var)
        who = f" (process {other.pid}) at {other.address}" if other else ""
        stop = f": kill {other.pid}" if other else ""
        raise StartProblem(
            f"Labeler is running already{who} with the data in {var}. Use that one, or stop it first "
            f"with Ctrl-C in its terminal{stop}."
        ) from None


def running_starter(var: Path) -> Running | None:
    """Who holds the lock of `var`, `None` if nobody does."""
    try:
        file = os.open(var / "starter.lock", os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _noted(os.read(file, 1000))
    finally:
        os.close(file)
    return None


def _noted(text: bytes) -> Running:
    """What the holder wrote down; it may be just about to."""
    try:
        return Running(**json.loads(text))
    except ValueError:
        return Running(pid=0, address="")
