"""`python -m labeler.starter run | demo | rehearse | backup | restore FILE`."""

import os
import sys
from pathlib import Path

from labeler.embedded.problems import StartProblem
from labeler.starter.demo_later import load_demo_now
from labeler.starter.rehearsing import rehearse
from labeler.starter.running import run
from labeler.starter.saving import backup, restore

ROOT = Path(__file__).resolve().parent.parent.parent


def main(arguments: list[str]) -> int:
    """Run one command. A problem is one sentence on the error stream and a status other than 0."""
    var = Path(os.environ.get("LABELER_VAR") or ROOT / "var").resolve()
    try:
        match arguments:
            case ["run"]:
                return run(var)
            case ["demo"]:
                return load_demo_now(var)
            case ["rehearse", *more]:
                return rehearse(var, more)
            case ["backup"]:
                return backup(var, Path(os.environ.get("BACKUPS") or ROOT / "backups"))
            case ["restore", file] if file:
                return restore(var, Path(file))
            case ["restore", *_]:
                raise StartProblem("Which backup? make restore FILE=backups/labeler-....tar")
            case _:
                raise StartProblem("Known commands: run, demo, rehearse, backup, restore FILE.")
    except StartProblem as problem:
        print(problem, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
