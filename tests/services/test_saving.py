"""Backup and restore: a real database, a real round trip, and what is refused."""

import stat
import tarfile
from pathlib import Path

import psycopg
import pytest

from labeler.embedded.problems import StartProblem
from labeler.starter.alone import only_starter
from labeler.starter.saving import backup, restore
from tests.services.conftest import Start


def write(url: str, text: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS note (text text)")
        connection.execute("INSERT INTO note VALUES (%s)", [text])


def notes(url: str) -> list[str]:
    with psycopg.connect(url) as connection:
        return [text for (text,) in connection.execute("SELECT text FROM note ORDER BY text")]


def fill(start: Start, var: Path) -> str:
    """A Labeler with one row and one stored file; returns its secret key."""
    services = start()
    write(services.addresses["database"], "before")
    (var / "storage" / "uploads").mkdir(parents=True)
    (var / "storage" / "uploads" / "a.csv").write_text("text\nhello\n")
    services.stop()
    return (var / "secret_key").read_text()


def test_what_was_saved_comes_back_and_what_was_there_is_kept_aside(
    start: Start, var: Path, tmp_path: Path
) -> None:
    key = fill(start, var)
    backup(var, tmp_path / "backups")
    services = start()
    write(services.addresses["database"], "after")
    services.stop()
    (var / "storage" / "uploads" / "a.csv").unlink()
    (var / "secret_key").write_text("another key")

    restore(var, next((tmp_path / "backups").glob("*.tar")))

    assert notes(start().addresses["database"]) == ["before"]
    assert (var / "storage" / "uploads" / "a.csv").read_text() == "text\nhello\n"
    assert (var / "secret_key").read_text() == key
    kept = next(var.glob("before-restore-*"))
    assert (kept / "secret_key").read_text() == "another key"
    assert (kept / "postgres" / "PG_VERSION").exists()


def test_a_running_labeler_is_saved_while_it_runs(start: Start, var: Path, tmp_path: Path) -> None:
    services = start()
    write(services.addresses["database"], "live")
    with only_starter(var, address="http://127.0.0.1:8000"):
        backup(var, tmp_path / "backups")
    saved = next((tmp_path / "backups").iterdir())
    assert stat.S_IMODE(saved.stat().st_mode) == 0o600
    with tarfile.open(saved) as archive:
        assert {"labeler.json", "database.dump", "secret_key"} <= set(archive.getnames())


def test_a_running_labeler_is_not_restored_over(start: Start, var: Path, tmp_path: Path) -> None:
    fill(start, var)
    backup(var, tmp_path / "backups")
    saved = next((tmp_path / "backups").iterdir())
    with only_starter(var, address=""), pytest.raises(StartProblem, match="running already"):
        restore(var, saved)


def test_a_part_of_a_backup_is_refused_and_nothing_is_changed(
    start: Start, var: Path, tmp_path: Path
) -> None:
    fill(start, var)
    backup(var, tmp_path / "backups")
    saved = next((tmp_path / "backups").iterdir())
    part = tmp_path / "part.tar"
    part.write_bytes(saved.read_bytes()[:5000])
    with pytest.raises(StartProblem, match=r"part\.tar is no backup of Labeler"):
        restore(var, part)
    assert notes(start().addresses["database"]) == ["before"]
    assert list(var.glob("before-restore-*")) == []


def test_a_damaged_database_in_a_backup_leaves_the_present_data(
    start: Start, var: Path, tmp_path: Path
) -> None:
    fill(start, var)
    bad = tmp_path / "bad.tar"
    (tmp_path / "labeler.json").write_text('{"format": 1, "saved_at": "then", "labeler": "0"}')
    (tmp_path / "database.dump").write_text("nonsense")
    (tmp_path / "secret_key").write_text("key")
    with tarfile.open(bad, "w") as archive:
        for name in ("labeler.json", "database.dump", "secret_key"):
            archive.add(tmp_path / name, name)
    with pytest.raises(StartProblem, match="The database could not be restored"):
        restore(var, bad)
    assert notes(start().addresses["database"]) == ["before"]
    assert not (var / "restoring").exists()


@pytest.mark.parametrize("name", ["missing.tar", "README.md"])
def test_what_is_no_backup_is_one_sentence(
    name: str, var: Path, tmp_path: Path, no_other_services: None
) -> None:
    (tmp_path / "README.md").write_text("words")
    with pytest.raises(StartProblem, match=r"no file|no backup of Labeler"):
        restore(var, tmp_path / name)


def test_a_file_that_would_land_outside_is_refused(start: Start, var: Path, tmp_path: Path) -> None:
    fill(start, var)
    backup(var, tmp_path / "backups")
    saved = next((tmp_path / "backups").iterdir())
    (tmp_path / "evil").write_text("evil")
    with tarfile.open(saved, "a") as archive:
        archive.add(tmp_path / "evil", "../evil-outside")
    with pytest.raises(StartProblem, match="names files outside"):
        restore(var, saved)
    assert not (var / "evil-outside").exists()


def test_with_nothing_there_is_nothing_to_save(var: Path, no_other_services: None) -> None:
    with pytest.raises(StartProblem, match="There is nothing to save"):
        backup(var, var / "backups")
