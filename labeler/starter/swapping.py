"""Restored data in the place of the present: whole, or not at all, however the process ends."""

import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from labeler.embedded.folders import write_private
from labeler.embedded.problems import StartProblem

NAMES = ("postgres", "postgres.password", "storage", "secret_key")


def fresh_folder(var: Path) -> Path:
    """Where restored data is made before it takes the place of what is there."""
    return var / "restoring"


def marker(var: Path) -> Path:
    """There from before the first move until after the last: a start that finds it goes on."""
    return var / "restoring.json"


def swap(var: Path) -> Path | None:
    """Move the present data aside and the fresh ones in place; return where the former are kept.

    Raises:
        OSError: a move failed; everything is where it was.
    """
    kept = var / f"before-restore-{datetime.now(UTC):%Y-%m-%dT%H-%M-%SZ}"
    kept.mkdir(mode=0o711)
    write_private(marker(var), json.dumps({"kept": kept.name}))
    try:
        for name in NAMES:
            _forward(var, kept, name)
    except BaseException:
        for name in reversed(NAMES):
            _back(var, kept, name)
        kept.rmdir()
        marker(var).unlink()
        raise
    return _end(var, kept)


def _forward(var: Path, kept: Path, name: str) -> None:
    """As long as the fresh one waits, what stands in its place is the old one.

    Unless the old one is kept already: then an interrupted start has made it, empty.
    """
    fresh, here, old = fresh_folder(var) / name, var / name, kept / name
    if not fresh.exists():
        return
    if here.exists() and not old.exists():
        here.replace(old)
    fresh.replace(here)


def _back(var: Path, kept: Path, name: str) -> None:
    fresh, here, old = fresh_folder(var) / name, var / name, kept / name
    if not fresh.exists() and here.exists():
        here.replace(fresh)
    if old.exists():
        old.replace(here)


def _end(var: Path, kept: Path) -> Path | None:
    shutil.rmtree(var / "valkey", ignore_errors=True)  # messages about rows that are no more
    shutil.rmtree(fresh_folder(var), ignore_errors=True)
    marker(var).unlink()
    if any(kept.iterdir()):
        return kept
    kept.rmdir()
    return None


def finish_swap(var: Path, say: Callable[[str], None]) -> None:
    """Go on with a restore that was killed between its moves. Does nothing where there is none.

    Raises:
        StartProblem: it cannot be finished; nothing may start on half of the data.
    """
    if not marker(var).exists():
        return
    kept = var / str(json.loads(marker(var).read_text("utf-8"))["kept"])
    try:
        for name in NAMES:
            _forward(var, kept, name)
        left = _end(var, kept)
    except OSError as error:
        raise StartProblem(
            f"A restore was interrupted and cannot be finished: {error.strerror}. Its data are in "
            f"{fresh_folder(var)}, what was there before is in {kept}: remove neither, make both "
            "writable, then start Labeler again."
        ) from error
    say("Finished a restore that had been interrupted.")
    if left:
        say(f"What was there before is kept in {left}; remove it when you no longer need it.")
