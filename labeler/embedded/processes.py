"""Child processes that die with their parent, and the search for those that did not."""

import contextlib
import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class SystemUser:
    """The unprivileged user that PostgreSQL runs as when Labeler was started by root."""

    uid: int
    gid: int
    name: str


def dying_with_parent(death_signal: signal.Signals, parent: int) -> Callable[[], None]:
    """A `preexec_fn`: the kernel sends `death_signal` to the child when its parent dies.

    `subprocess` calls it after the change of user, which would clear the setting.
    """

    def set_death_signal() -> None:
        _libc.prctl(PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
        if os.getppid() != parent:  # the parent died before the line above
            os._exit(1)

    return set_death_signal


def spawn(
    command: Sequence[str | Path],
    *,
    log: Path,
    environment: Mapping[str, str],
    death_signal: signal.Signals = signal.SIGTERM,
    folder: Path | None = None,
    user: SystemUser | None = None,
) -> subprocess.Popen[bytes]:
    """Start `command` in a session of its own (Ctrl-C at the terminal reaches only the starter).

    Call it from the main thread: the death signal follows the thread, not the process.
    """
    with log.open("ab") as output:
        return subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(environment),
            cwd=folder,
            start_new_session=True,
            user=user.uid if user else None,
            group=user.gid if user else None,
            extra_groups=[] if user else None,
            preexec_fn=dying_with_parent(death_signal, os.getpid()),  # noqa: PLW1509  no threads yet
        )


def end(
    process: subprocess.Popen[bytes], first: signal.Signals, *, patience_seconds: float
) -> None:
    """Ask `process` to stop with `first`; after `patience_seconds` kill its whole session."""
    if process.poll() is None:
        process.send_signal(first)
    finish(process, patience_seconds=patience_seconds)


def finish(process: subprocess.Popen[bytes], *, patience_seconds: float) -> None:
    """Wait for `process`, which was told to stop; then kill it and whatever is left of its session."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(patience_seconds)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def process_ids() -> list[int]:
    """Every process that /proc shows."""
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def working_in(folder: Path, program: str) -> list[int]:
    """Processes named `program` whose current folder is `folder`, as a database server's is."""
    wanted = str(folder.resolve())
    return [pid for pid in process_ids() if _cwd(pid) == wanted and program in _program(pid)]


def carrying(variable: str, value: str) -> list[int]:
    """Processes other than this one whose environment has `variable` set to `value`."""
    wanted = os.fsencode(f"{variable}={value}")
    return [
        pid
        for pid in process_ids()
        if pid != os.getpid() and wanted in _read(pid, "environ").split(b"\0")
    ]


def end_all(
    find: Callable[[], list[int]], first: signal.Signals, *, patience_seconds: float = 10
) -> int:
    """End every process that `find` names: `first`, then SIGKILL. Returns how many there were.

    Found again before the kill, so that a process number used anew meanwhile is not hit.
    """
    pids = find()
    _signal_all(pids, first)
    deadline = time.monotonic() + patience_seconds
    while find() and time.monotonic() < deadline:
        time.sleep(0.05)
    while left := find():
        _signal_all(left, signal.SIGKILL)
        time.sleep(0.05)
    return len(pids)


def _signal_all(pids: Sequence[int], number: signal.Signals) -> None:
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue


def _cwd(pid: int) -> str:
    try:
        return os.readlink(f"/proc/{pid}/cwd")
    except OSError:  # gone, or someone else's
        return ""


def _program(pid: int) -> str:
    return os.fsdecode(_read(pid, "comm"))


def _read(pid: int, name: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except OSError:  # gone, or someone else's
        return b""
