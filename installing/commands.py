"""The commands behind the Makefile: each installs what it needs, then runs in that environment."""

import os
import sys
from pathlib import Path
from typing import NoReturn

from installing.environment import DEVELOPMENT, RUNTIME, Environment
from installing.system import InstallProblem, require_supported_system

ROOT = Path(__file__).resolve().parent.parent
# What is installed, and what runs then; further arguments are handed on.
COMMANDS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "run": (RUNTIME, ("-m", "labeler.starter", "run")),
    "demo": (RUNTIME, ("-m", "labeler.starter", "demo")),
    "rehearse": (DEVELOPMENT, ("-m", "labeler.starter", "rehearse")),
    "backup": (RUNTIME, ("-m", "labeler.starter", "backup")),
    "restore": (RUNTIME, ("-m", "labeler.starter", "restore")),
    "manage": (RUNTIME, ("manage.py",)),
    "lock": (DEVELOPMENT, ("installing/locking.py",)),
    "bench-labels": (DEVELOPMENT, ("-m", "benchmarks.labels")),
    "test": (DEVELOPMENT, ("-m", "tests.suite")),
}


def run_command(arguments: list[str]) -> int:
    """Install, then become the Python of the environment. Returns only when that fails."""
    os.chdir(ROOT)
    name = arguments[0] if arguments else ""
    if name not in COMMANDS:
        print(f"Unknown command {name!r}; known are: {', '.join(COMMANDS)}.", file=sys.stderr)
        return 2
    locks, then = COMMANDS[name]
    try:
        require_supported_system()
        python = Environment(ROOT).ensure(locks)
    except InstallProblem as problem:
        print(problem, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped while installing; the next start goes on from there.", file=sys.stderr)
        return 130
    return hand_over(python, [*then, *arguments[1:]])


def hand_over(python: Path, arguments: list[str]) -> NoReturn:
    """Go on as `python` in this very process, so that signals and the exit status need no relay."""
    sys.stdout.flush()
    os.execv(python, [str(python), *arguments])  # noqa: S606  no shell is wanted
