"""The virtual environment `.venv`: made, filled with exact versions, checked, made again if broken."""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from installing.explaining import explain
from installing.system import InstallProblem
from installing.whole import damage, pinned

NEEDED_BYTES = 4 * 1024**3
SMALLEST_BYTES = 200 * 1024**2
STAMP = "labeler-installed.json"
# torch after the lock, where all that its CPU build needs stands already.
RUNTIME = ("runtime.txt", "torch.txt")
DEVELOPMENT = (*RUNTIME, "dev.txt")
PROOF = (
    "import django, celery, psycopg, redis, numpy, scipy, sklearn, onnxruntime, torch, vl_convert"
)
PROOF_DEVELOPMENT = f"{PROOF}, pytest, pytest_django, playwright, mypy"


class Environment:
    """`.venv` in the folder `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = root / ".venv"
        self.python = self.folder / "bin" / "python"
        self.log = root / ".venv" / "install.log"

    def ensure(self, locks: Sequence[str]) -> Path:
        """The environment's Python, after installing what `locks` pin where it is not yet whole.

        Raises:
            InstallProblem: with what to do about it.
        """
        try:
            with self._alone():
                if not self._whole(locks):
                    self._install(locks)
        except OSError as error:
            raise InstallProblem(
                f"Labeler could not be installed into {self.folder}: {error.strerror}. "
                "Make room or make the folder writable, then run `make run` again."
            ) from error
        return self.python

    def _whole(self, locks: Sequence[str]) -> bool:
        if not self._stamped(locks):
            return False
        if lost := damage(self.folder, self._pins(locks)):
            say(f"The installation in {self.folder} is broken: {lost}. Making it anew.")
            self._remove()
        return not lost

    def _stamped(self, locks: Sequence[str]) -> bool:
        """Whether an installation of just these locks was finished here, and its Python starts."""
        try:
            stamp = json.loads((self.folder / STAMP).read_text("utf-8"))
        except (OSError, ValueError):
            return False
        wanted = self._digests(locks)
        fits = stamp.get("folder") == str(self.folder) and self._starts()
        return fits and all(
            stamp.get("locks", {}).get(name) == value for name, value in wanted.items()
        )

    def _digests(self, locks: Sequence[str]) -> dict[str, str]:
        return {
            name: hashlib.sha256((self.root / "requirements" / name).read_bytes()).hexdigest()
            for name in locks
        }

    def _pins(self, locks: Sequence[str]) -> dict[str, str]:
        texts = [(self.root / "requirements" / name).read_text("utf-8") for name in locks]
        return {name: version for text in texts for name, version in pinned(text).items()}

    def _starts(self) -> bool:
        version = f"import sys; sys.exit(sys.version_info[:2] != {sys.version_info[:2]!r})"
        return os.access(self.python, os.X_OK) and self._run([self.python, "-c", version]) == 0

    def _install(self, locks: Sequence[str]) -> None:
        new = not self._starts()
        self._require_space(NEEDED_BYTES if new else SMALLEST_BYTES)
        if new:
            self._remove()
            self._make()
        (self.folder / STAMP).unlink(missing_ok=True)
        self._install_locks(locks)
        self._prove(locks)
        self._write_stamp(locks)

    def _make(self) -> None:
        say(f"Making a virtual environment in {self.folder} ...")
        self.root.joinpath(".venv").mkdir()
        if self._run([sys.executable, "-m", "venv", self.folder]) == 0:
            return
        # Debian keeps `ensurepip` in a package of its own; another pip can stand in.
        bare = self._run([sys.executable, "-m", "venv", "--without-pip", self.folder]) == 0
        if not bare or self._run([sys.executable, "-m", "pip", "--version"]) != 0:
            version = f"{sys.version_info[0]}.{sys.version_info[1]}"
            raise InstallProblem(
                "Python cannot make a virtual environment here: its modules venv and ensurepip are "
                f"missing. On Debian and Ubuntu: apt-get install python{version}-venv"
            )

    def _pip(self) -> list[str | Path]:
        if self._run([self.python, "-m", "pip", "--version"]) == 0:
            return [self.python, "-m", "pip"]
        return [sys.executable, "-m", "pip", "--python", self.python]

    def _install_locks(self, locks: Sequence[str]) -> None:
        pip = [*self._pip(), "install", "--no-input", "--disable-pip-version-check"]
        pip += ["--progress-bar", "off", "--root-user-action", "ignore"]
        for lock in locks:
            path = self.root / "requirements" / lock
            options = ["--require-hashes", "--no-deps"]
            if lock == "torch.txt":
                options = torch_options(os.environ)
            n = len(pinned(path.read_text("utf-8")))
            say(f"Installing {n} package{'s' * (n != 1)} of {path.relative_to(self.root)} ...")
            if self._run([*pip, *options, "-r", path], patient=True) != 0:
                raise InstallProblem(explain(self._tail(), self.log))

    def _prove(self, locks: Sequence[str]) -> None:
        """Import what matters: a package whose file is there may still not load."""
        say("Checking the installation ...")
        lost = damage(self.folder, self._pins(locks))
        proof = PROOF_DEVELOPMENT if "dev.txt" in locks else PROOF
        if lost or self._run([self.python, "-c", proof]) != 0:
            reason = lost or self._tail().strip().splitlines()[-1]
            raise InstallProblem(
                f"The installation is broken: {reason}. Remove the folder {self.folder} and run "
                f"`make run` again; what was tried stands in {self.log}."
            )

    def _write_stamp(self, locks: Sequence[str]) -> None:
        stamp = {"folder": str(self.folder), "locks": self._digests(locks)}
        fresh = self.folder / f"{STAMP}.new"
        fresh.write_text(json.dumps(stamp), "utf-8")
        fresh.replace(self.folder / STAMP)

    def _require_space(self, n_bytes: int) -> None:
        free = shutil.disk_usage(self.root).free
        if free < n_bytes:
            raise InstallProblem(
                f"The disk that holds {self.root} has {free // 2**20} MB left; installing Labeler "
                f"needs about {n_bytes // 2**20} MB. Free some space and run `make run` again."
            )

    def _remove(self) -> None:
        if self.folder.is_symlink() or self.folder.is_file():
            self.folder.unlink()
        elif self.folder.exists():
            shutil.rmtree(self.folder)

    def _run(self, command: Sequence[str | Path], *, patient: bool = False) -> int:
        """Run with all output in the log; `patient` tells every 15 s what it is at."""
        self.log.parent.mkdir(exist_ok=True)
        with self.log.open("a", encoding="utf-8") as log:
            process = subprocess.Popen(
                [str(part) for part in command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
            try:
                return self._wait(process, patient=patient)
            except BaseException:  # Ctrl-C: the next start goes on from here
                process.kill()
                process.wait()
                raise

    def _wait(self, process: "subprocess.Popen[bytes]", *, patient: bool) -> int:
        told = time.monotonic()
        while process.poll() is None:
            time.sleep(0.02)
            if patient and time.monotonic() - told > 15:
                told = time.monotonic()
                say(f"  {last_step(self._tail())}")
        return process.returncode

    def _tail(self) -> str:
        return self.log.read_text("utf-8", errors="replace")[-6000:] or "nothing yet"

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Two installations into one folder would spoil each other: the second waits."""
        folder = os.open(self.root, os.O_RDONLY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)


def last_step(output: str) -> str:
    """What pip is at: its last line that names a step, for instance `Collecting numpy`."""
    steps = ("Collecting", "Downloading", "Using cached", "Installing", "Building")
    lines = [line.strip() for line in output.splitlines()]
    return next((line[:90] for line in reversed(lines) if line.startswith(steps)), "working")


def torch_options(environ: "os._Environ[str] | dict[str, str]") -> list[str]:
    """Where pip looks for torch: where it always looks, or at `TORCH_INDEX`."""
    index = environ.get("TORCH_INDEX")
    return ["--index-url", index] if index else []


def say(text: str) -> None:
    """One line for the person at the terminal."""
    print(text, flush=True)
