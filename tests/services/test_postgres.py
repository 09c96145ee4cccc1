"""PostgreSQL as our own child, and whatever an earlier run may have left behind."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from labeler.embedded.folders import SOCKET_BYTES, Folders, prepare_folders
from labeler.embedded.postgres import Postgres
from labeler.embedded.problems import StartProblem
from labeler.embedded.processes import end_all, working_in
from tests.services.conftest import kill


def write_note(postgres: Postgres, text: str) -> None:
    with psycopg.connect(postgres.url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS note (text text)")
        connection.execute("INSERT INTO note VALUES (%s)", [text])


def notes(postgres: Postgres) -> list[str]:
    with psycopg.connect(postgres.url) as connection:
        return [text for (text,) in connection.execute("SELECT text FROM note")]


def again(postgres: Postgres) -> Postgres:
    """As the next start sees it: nothing is remembered but what lies in the folder."""
    return Postgres(postgres.folders, say=lambda _: None, durable=False)


def test_a_connection_without_the_password_is_refused(postgres: Postgres) -> None:
    postgres.start()
    with pytest.raises(psycopg.OperationalError, match="no password"):
        psycopg.connect(host=str(postgres.run), user="labeler", dbname="labeler", password="")


def test_the_application_is_no_superuser(postgres: Postgres) -> None:
    postgres.start()
    with psycopg.connect(postgres.url) as connection:
        row = connection.execute(
            "SELECT rolsuper, rolcreatedb FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
    assert row == (False, True)


def test_data_survive_a_kill_of_the_server(folders: Folders) -> None:
    postgres = Postgres(folders, say=lambda _: None)  # as the product runs it: waiting for the disk
    postgres.start()
    write_note(postgres, "kept")
    kill(postgres.process)
    successor = again(postgres)
    successor.start()
    assert notes(successor) == ["kept"]
    successor.stop()


def test_a_server_left_running_is_ended_by_the_next_start(postgres: Postgres) -> None:
    postgres.start()
    write_note(postgres, "kept")
    orphan = postgres.process
    successor = again(postgres)
    successor.start()
    assert orphan is not None
    assert orphan.wait(10) is not None
    assert notes(successor) == ["kept"]
    successor.stop()


def test_a_lock_file_whose_number_is_now_another_process_is_no_obstacle(
    postgres: Postgres,
) -> None:
    postgres.start()
    pid_file = postgres.folders.postgres / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    kill(postgres.process)
    end_all(lambda: working_in(postgres.folders.postgres, "postgres"), signal.SIGKILL)
    bystander = subprocess.Popen(["sleep", "60"])
    pid_file.write_text("\n".join([str(bystander.pid), *lines[1:]]))
    successor = again(postgres)
    successor.start()
    assert bystander.poll() is None
    bystander.kill()
    bystander.wait()
    successor.stop()


def test_a_half_made_data_folder_is_made_anew(postgres: Postgres) -> None:
    (postgres.folders.var / "postgres.new" / "base").mkdir(parents=True)
    postgres.folders.postgres.mkdir()
    postgres.start()
    write_note(postgres, "works")
    assert notes(postgres) == ["works"]


def test_a_lost_superuser_password_is_set_anew(postgres: Postgres) -> None:
    postgres.start()
    write_note(postgres, "kept")
    postgres.stop()
    postgres.folders.superuser_password.unlink()
    postgres.start()
    assert notes(postgres) == ["kept"]


def test_a_wrong_superuser_password_is_one_sentence(postgres: Postgres) -> None:
    postgres.start()
    postgres.stop()
    postgres.folders.superuser_password.write_text("something else")
    with pytest.raises(StartProblem, match="Remove that file and start Labeler again"):
        postgres.start()
    assert working_in(postgres.folders.postgres, "postgres") == []


def test_data_of_another_major_version_are_one_sentence_and_stay(postgres: Postgres) -> None:
    postgres.folders.postgres.mkdir()
    (postgres.folders.postgres / "PG_VERSION").write_text("16\n")
    with pytest.raises(StartProblem, match=r"holds the data of PostgreSQL 16.*make backup"):
        postgres.start()
    assert (postgres.folders.postgres / "PG_VERSION").read_text() == "16\n"


def test_a_damaged_data_folder_is_one_sentence_with_the_log(postgres: Postgres) -> None:
    postgres.start()
    postgres.stop()
    (postgres.folders.postgres / "global" / "pg_control").unlink()
    with pytest.raises(StartProblem, match=r"stopped while it was starting.*postgres\.log"):
        postgres.start()


def test_a_folder_too_deep_for_a_socket_is_no_obstacle(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*["a folder with a long name"] * 5)
    assert len(str(deep)) > SOCKET_BYTES
    server = Postgres(prepare_folders(deep), say=lambda _: None, durable=False)
    server.start()
    write_note(server, "works")
    assert notes(server) == ["works"]
    server.stop()


def test_it_dies_with_its_parent(folders: Folders) -> None:
    script = (
        "import os; from pathlib import Path\n"
        "from labeler.embedded.folders import Folders\n"
        "from labeler.embedded.postgres import Postgres\n"
        f"Postgres(Folders(Path({str(folders.var)!r})), print, durable=False).start()\n"
        "os.kill(os.getpid(), 9)\n"
    )
    subprocess.run([sys.executable, "-c", script], check=False, timeout=60)
    deadline = time.monotonic() + 20
    while working_in(folders.postgres, "postgres") and time.monotonic() < deadline:
        time.sleep(0.05)
    assert working_in(folders.postgres, "postgres") == []
    assert "shut down" in (folders.log / "postgres.log").read_text()
