"""Where everything that Labeler writes lies, and whether it can be written."""

import hashlib
import os
import re
import shutil
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from labeler.embedded.problems import StartProblem, disk_problem

SOCKET_BYTES = 107  # Linux: sun_path holds 108 bytes, the closing NUL among them
LONGEST_SOCKET = "postgres/.s.PGSQL.5432"
NEEDED_BYTES = 300 * 1024 * 1024
LOG_BYTES = 5 * 1024 * 1024


@dataclass(frozen=True)
class Folders:
    """The folders under `var`."""

    var: Path

    @property
    def postgres(self) -> Path:
        return self.var / "postgres"

    @property
    def valkey(self) -> Path:
        return self.var / "valkey"

    @property
    def log(self) -> Path:
        return self.var / "log"

    @property
    def services(self) -> Path:
        return self.var / "services.json"

    @property
    def superuser_password(self) -> Path:
        return self.var / "postgres.password"


def prepare_folders(var: Path) -> Folders:
    """Make `var` and its folders, and try whether they can be written and have room.

    Permission bits say nothing about root or a read-only disk, so a real file is written.

    Raises:
        StartProblem: not writable, or less than 300 MB free.
    """
    folders = Folders(var)
    try:
        _make(var)
        for folder in (folders.log, var / "storage", var / "vendor"):
            folder.mkdir(parents=True, exist_ok=True)
        _try_writing(var)
    except OSError as error:
        raise disk_problem(error, var) from error
    require_space(var, NEEDED_BYTES)
    return folders


def _make(var: Path) -> None:
    # Root's database runs as another user, who must be able to pass through.
    mode = 0o711 if os.geteuid() == 0 else 0o700
    if not var.exists():
        var.mkdir(parents=True)
        var.chmod(mode)
    elif not var.is_dir():
        raise NotADirectoryError(20, "it is not a folder")


def _try_writing(folder: Path) -> None:
    with tempfile.TemporaryFile(dir=folder) as file:
        file.write(b"\0" * 8192)
        file.flush()
        os.fsync(file.fileno())


def require_space(folder: Path, n_bytes: int) -> None:
    """
    Raises:
        StartProblem: less than `n_bytes` free on the disk of `folder`.
    """
    free = shutil.disk_usage(folder).free
    if free < n_bytes:
        raise StartProblem(
            f"The disk that holds {folder} has {free // 2**20} MB left and Labeler needs "
            f"{n_bytes // 2**20} MB to start. Free some space, then start it again; "
            "nothing that was saved is lost."
        )


def socket_folder(var: Path) -> Path:
    """A folder for Unix sockets: `var/run`, or a private one in the temporary directory.

    The address of a socket is limited to 107 bytes, and odd letters in it would need quoting in
    three different syntaxes.

    Raises:
        StartProblem: someone else owns the folder in the temporary directory.
    """
    inside = var / "run"
    if _fits(inside):
        inside.mkdir(mode=0o711, parents=True, exist_ok=True)
        return inside
    digest = hashlib.sha256(os.fsencode(var)).hexdigest()[:12]
    outside = Path("/tmp") / f"labeler-{os.geteuid()}-{digest}"  # noqa: S108  checked below
    try:
        outside.mkdir(mode=0o711)
    except FileExistsError:
        _require_own(outside)
    return outside


def _fits(folder: Path) -> bool:
    path = str(folder / LONGEST_SOCKET)
    return len(os.fsencode(path)) <= SOCKET_BYTES and bool(re.fullmatch(r"[\w./+-]+", path, re.A))


def _require_own(folder: Path) -> None:
    """A folder that another user laid in our way would hand that user the sockets."""
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise StartProblem(
            f"{folder} belongs to someone else. Remove it, or keep Labeler's data in a folder "
            "with a shorter name: LABELER_VAR=/short/folder make run"
        )


def write_private(path: Path, text: str) -> None:
    """Replace `path` by a file that its owner alone may read; readers see the old or the new one.

    Raises:
        StartProblem: the disk is full or the folder not writable.
    """
    fresh = path.with_name(f".{path.name}.new")
    try:
        fresh.unlink(missing_ok=True)
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError as error:
        raise disk_problem(error, path) from error


def start_log(path: Path) -> None:
    """Keep one older log beside a log that has grown beyond 5 MB."""
    if path.exists() and path.stat().st_size > LOG_BYTES:
        path.replace(path.with_suffix(".log.1"))
