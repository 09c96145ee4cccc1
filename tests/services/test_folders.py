"""Where Labeler writes, and what it says when it cannot."""

import json
import os
import stat
from collections import namedtuple
from pathlib import Path

import pytest

from labeler.embedded import folders
from labeler.embedded.folders import prepare_folders, socket_folder, start_log, write_private
from labeler.embedded.problems import StartProblem, disk_problem
from labeler.embedded.processes import SystemUser
from labeler.embedded.system_user import let_pass
from tests.services.conftest import Start

Usage = namedtuple("Usage", "total used free")


def test_a_file_where_the_folder_should_be_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("a file")
    with pytest.raises(StartProblem, match=r"cannot write to .*LABELER_VAR="):
        prepare_folders(tmp_path / "var")


def test_a_folder_that_cannot_be_written_is_one_sentence() -> None:
    with pytest.raises(StartProblem, match=r"cannot write to|cannot use"):
        prepare_folders(Path("/proc/labeler"))


def test_a_disk_almost_full_is_one_sentence_before_anything_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: Usage(10**9, 10**9, 2**20))
    with pytest.raises(StartProblem, match="has 1 MB left and Labeler needs 300 MB"):
        prepare_folders(tmp_path / "var")


def test_a_disk_that_fills_up_while_writing_is_the_same_sentence() -> None:
    problem = disk_problem(OSError(28, "No space left on device"), "/data/var")
    assert str(problem).startswith("The disk that holds /data/var is full. Free some space")


def test_a_private_file_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "services.json"
    write_private(path, "first")
    write_private(path, "second")
    assert path.read_text() == "second"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["services.json"]


def test_odd_letters_in_the_path_move_the_sockets_to_a_plain_folder(tmp_path: Path) -> None:
    folder = socket_folder(tmp_path / "données de Zoé")
    assert str(folder).startswith("/tmp/labeler-")
    folder.rmdir()


def test_someone_elses_folder_for_sockets_is_refused(tmp_path: Path) -> None:
    var = tmp_path / "a b"
    folder = socket_folder(var)
    folder.rmdir()
    folder.symlink_to(tmp_path)
    with pytest.raises(StartProblem, match="belongs to someone else"):
        socket_folder(var)
    folder.unlink()


def test_a_log_that_has_grown_keeps_one_older_part(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    log.write_bytes(b"x" * (folders.LOG_BYTES + 1))
    start_log(log)
    assert not log.exists()
    assert (tmp_path / "web.log.1").stat().st_size == folders.LOG_BYTES + 1


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's PostgreSQL runs as somebody else")
def test_a_closed_folder_of_root_is_opened_to_pass_through_and_said(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    said: list[str] = []
    let_pass(SystemUser(uid=65534, gid=65534, name="nobody"), closed / "postgres", said.append)
    assert stat.S_IMODE(closed.stat().st_mode) == 0o701
    assert any("chmod o+x" in line for line in said)


def test_the_addresses_are_left_where_the_settings_look(start: Start, var: Path) -> None:
    services = start()
    assert json.loads((var / "services.json").read_text()) == services.addresses
    assert stat.S_IMODE((var / "services.json").stat().st_mode) == 0o600
    assert len((var / "secret_key").read_text()) > 40


def test_services_named_by_the_environment_are_left_alone(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://somewhere/else")
    monkeypatch.setenv("CELERY_BROKER_URL", "redis://somewhere/0")
    services = start()
    assert services.running == []
    assert services.addresses == {}
