"""`make rehearse`: a made-up annotator with an account of its own, against the running Labeler."""

import subprocess
import sys
from pathlib import Path

from labeler import demo
from labeler.embedded.problems import StartProblem
from labeler.starter.alone import running_starter
from labeler.starter.children import child_environment

ROOT = Path(__file__).resolve().parent.parent.parent


def rehearse(var: Path, arguments: list[str]) -> int:
    """Open the account, play, close the account again, however the play ended.

    Raises:
        StartProblem: Labeler is not running, or there are no sentences to play with.
    """
    running = running_starter(var)
    if running is None:
        raise StartProblem(
            "Labeler is not running. Start it with `make run`, then run `make rehearse`."
        )
    sentences = _sentences(var)
    name, enter = _account(var, "open").split()
    command = [sys.executable, "-m", "benchmarks.rehearse", "--url", running.address]
    command += ["--enter", enter, "--sentences", str(sentences), *arguments]
    try:
        return subprocess.run(command, cwd=ROOT, check=False).returncode
    except KeyboardInterrupt:
        return 130
    finally:
        _account(var, "close", name)


def _sentences(var: Path) -> Path:
    table = var / "demo" / demo.CSV_NAME
    if table.exists():
        return table
    try:
        return demo.write_csv(demo.fetch_archive(var / "demo"))
    except demo.DemoProblem as error:
        raise StartProblem(
            f"The demo's sentences are needed and could not be had: {error}."
        ) from error


def _account(var: Path, *act: str) -> str:
    done = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "rehearsal_account", *act],
        env=child_environment(var, "rehearsal"),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or ["it gave no reason"]
        raise StartProblem(f"The rehearsal's account could not be used: {last[0]}")
    return done.stdout.strip()
