"""`make backup` and `make restore`: the database, the stored files and the secret key in one file.

The file is a tar archive: `labeler.json` (what it is), `database.dump` (PostgreSQL's custom format),
`secret_key`, and `storage/` with uploads, vectors and models.
"""

import contextlib
import io
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from labeler import __version__
from labeler.embedded.folders import prepare_folders, require_space
from labeler.embedded.postgres import program
from labeler.embedded.problems import StartProblem, disk_problem
from labeler.environment import database_url
from labeler.starter.alone import only_starter, running_starter
from labeler.starter.running import embedded, say, stop_signals
from labeler.starter.swapping import finish_swap, fresh_folder, marker, swap

FORMAT = 1
PARTS = ("labeler.json", "database.dump", "secret_key")


def backup(var: Path, folder: Path) -> int:
    """Write `folder/labeler-TIME.tar` from the Labeler in `var`, running or not.

    Raises:
        StartProblem: nothing to save, or it could not be saved; no half file is left.
    """
    known = (var / "postgres").exists() or marker(var).exists()
    if not known and not os.environ.get("DATABASE_URL"):
        raise StartProblem(f"There is nothing to save in {var}: Labeler never ran there.")
    if running_starter(var):
        return _write(var, folder)
    with only_starter(var, address=""), stop_signals(), embedded(var, broker=False):
        return _write(var, folder)


def _write(var: Path, folder: Path) -> int:
    target = folder / f"labeler-{datetime.now(UTC):%Y-%m-%dT%H-%M-%SZ}.tar"
    partial = target.with_suffix(".partial")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as work:
            dump = _dump(var, Path(work) / "database.dump")
            _pack(var, dump, partial)
        partial.replace(target)
    except OSError as error:
        raise disk_problem(error, folder) from error
    finally:
        partial.unlink(missing_ok=True)
    say(f"Saved to {target} ({target.stat().st_size / 2**20:.1f} MB).")
    return 0


def _dump(var: Path, target: Path) -> Path:
    _run_postgres(
        ["pg_dump", "--format=custom", f"--file={target}", "--no-owner", "--no-privileges"],
        var,
        "The database could not be saved",
    )
    return target


def _pack(var: Path, dump: Path, target: Path) -> None:
    about = {"format": FORMAT, "labeler": __version__, "saved_at": datetime.now(UTC).isoformat()}
    with open(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        with tarfile.open(fileobj=file, mode="w") as archive:
            _add_text(archive, "labeler.json", json.dumps(about))
            archive.add(dump, "database.dump")
            _add_text(archive, "secret_key", _secret_key(var))
            for path in sorted((var / "storage").rglob("*")):
                _add_file(archive, path, var)
        file.flush()
        os.fsync(file.fileno())


def _secret_key(var: Path) -> str:
    path = var / "secret_key"
    return path.read_text("utf-8") if path.exists() else ""


def _add_file(archive: tarfile.TarFile, path: Path, var: Path) -> None:
    """Without its owner's name: the backup may be read back on another machine."""
    if path.is_file():
        # A running worker may take a file away meanwhile; the database was saved before.
        with contextlib.suppress(FileNotFoundError):
            archive.add(path, str(path.relative_to(var)), filter=_without_owner)


def _without_owner(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member


def _add_text(archive: tarfile.TarFile, name: str, text: str) -> None:
    member = tarfile.TarInfo(name)
    content = text.encode()
    member.size, member.mode = len(content), 0o600
    archive.addfile(member, io.BytesIO(content))


def restore(var: Path, file: Path) -> int:
    """Put the backup `file` in place of what is in `var`, which is kept aside.

    Raises:
        StartProblem: Labeler is running, or `file` is no whole backup; then nothing is changed.
    """
    if os.environ.get("DATABASE_URL"):
        raise StartProblem(
            "DATABASE_URL names a database of your own: restore that one with pg_restore; "
            "docs/operate.md says how."
        )
    about = _read_about(file)
    with only_starter(var, address=""), stop_signals():
        prepare_folders(var)
        finish_swap(var, say)
        require_space(var, 2 * file.stat().st_size)
        fresh = fresh_folder(var)
        shutil.rmtree(fresh, ignore_errors=True)
        try:
            _build(fresh, file)
            kept = swap(var)
        except OSError as error:
            raise disk_problem(error, var) from error
        finally:
            if not marker(var).exists():  # else these are the only whole data
                shutil.rmtree(fresh, ignore_errors=True)
    say(f"Restored what was saved at {about['saved_at']}. Start it with: make run")
    if kept:
        say(f"What was there before is kept in {kept}; remove it when you no longer need it.")
    return 0


def _read_about(file: Path) -> dict[str, object]:
    try:
        with tarfile.open(file) as archive:
            names = set(archive.getnames())
            about = archive.extractfile("labeler.json") if "labeler.json" in names else None
            if about is None or not names.issuperset(PARTS):
                raise StartProblem(
                    f"{file} is no backup of Labeler: {', '.join(PARTS)} must be in it."
                )
            found: dict[str, object] = json.load(about)
    except FileNotFoundError as error:
        raise StartProblem(f"There is no file {file}.") from error
    except (OSError, tarfile.TarError, ValueError) as error:
        raise StartProblem(
            f"{file} is no backup of Labeler, or only a part of one: {error}."
        ) from error
    if found.get("format") != FORMAT:
        raise StartProblem(
            f"{file} was made by Labeler {found.get('labeler')}; this one cannot read it."
        )
    return found


def _unpack(archive: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> None:
    """A plain file below `folder`. By hand: tarfile's filters came with Python 3.11.4 only.

    Raises:
        StartProblem: it is something else, or would land elsewhere.
    """
    target = (folder / member.name).resolve()
    content = archive.extractfile(member) if member.isreg() else None
    if content is None or not target.is_relative_to(folder.resolve()):
        raise StartProblem(f"{archive.name!s} names files outside its own folder: it is not ours.")
    target.parent.mkdir(parents=True, exist_ok=True)
    with content, target.open("wb") as file:
        shutil.copyfileobj(content, file)


def _build(fresh: Path, file: Path) -> None:
    """The restored data as a folder of their own, database and all, before anything is replaced."""
    fresh.mkdir(mode=0o711)
    try:
        with tarfile.open(file) as archive:
            for member in archive:
                _unpack(archive, member, fresh)
    except tarfile.TarError as error:
        raise StartProblem(
            f"{file} is no backup of Labeler, or only a part of one: {error}."
        ) from error
    (fresh / "secret_key").chmod(0o600)
    (fresh / "storage").mkdir(exist_ok=True)
    with embedded(fresh, broker=False):
        _run_postgres(
            [
                "pg_restore",
                "--no-owner",
                "--no-privileges",
                "--exit-on-error",
                fresh / "database.dump",
            ],
            fresh,
            "The database could not be restored",
        )
    (fresh / "database.dump").unlink()


def _run_postgres(command: Sequence[str | Path], var: Path, failure: str) -> None:
    """Run one of PostgreSQL's programs on Labeler's database; the password stays off its command line."""
    parts = conninfo_to_dict(database_url(var))
    password = str(parts.pop("password", ""))
    name, *arguments = map(str, command)
    done = subprocess.run(
        [str(program(name)), f"--dbname={make_conninfo('', **parts)}", *arguments],
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "PGPASSWORD": password},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        last = done.stderr.strip().splitlines()[-1:] or ["it gave no reason"]
        raise StartProblem(f"{failure}: {last[0]}")
