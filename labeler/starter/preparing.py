"""What the site needs before its processes start, done by `manage.py prepare` in a process of its own."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from labeler.embedded.problems import StartProblem
from labeler.embedded.processes import dying_with_parent
from labeler.starter.children import child_environment
from labeler.starter.protocol import ENTRY


def prepare_site(var: Path, say: Callable[[str], None]) -> str:
    """Migrate, build static files, make the first account, load the demo.

    Returns:
        Path that signs the first account in once, `""` when it has a password.

    Raises:
        StartProblem: the database could not be brought up to date.
    """
    log = var / "log" / "prepare.log"
    root = Path(__file__).resolve().parent.parent.parent
    entry = ""
    with log.open("wb") as errors:
        process = subprocess.Popen(
            [sys.executable, str(root / "manage.py"), "prepare"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            cwd=root,
            env=child_environment(var, "prepare"),
            start_new_session=True,
            preexec_fn=dying_with_parent(signal.SIGTERM, os.getpid()),  # noqa: PLW1509  no threads yet
        )
        try:
            assert process.stdout
            for line in process.stdout:
                if line.startswith(ENTRY):
                    entry = line.removeprefix(ENTRY).strip()
                else:
                    say(line.rstrip())
            process.wait()
        except BaseException:
            process.terminate()
            process.wait()
            raise
    if process.returncode:
        raise StartProblem(_reason(log))
    return entry


def _reason(log: Path) -> str:
    lines = log.read_text("utf-8", errors="replace").strip().splitlines()
    last = lines[-1].removeprefix("CommandError: ") if lines else "it gave no reason"
    if any("No space left on device" in line for line in lines):
        last = "the disk is full: free some space and start again"
    return f"Labeler's database or files could not be prepared: {last}. Log: {log}"
