"""A restore that ends between its moves leaves the old data or the new, never half of each."""

import errno
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from labeler.embedded.problems import StartProblem
from labeler.starter import running, swapping
from labeler.starter.swapping import NAMES, finish_swap, fresh_folder, marker, swap

FOLDERS = {"postgres", "storage"}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Old data in place, new ones ready beside them."""
    for folder, words in ((tmp_path, "old"), (fresh_folder(tmp_path), "new")):
        for name in NAMES:
            file = folder / name / "file" if name in FOLDERS else folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(words)
    return tmp_path


def words(folder: Path) -> list[str]:
    files = [folder / name / "file" if name in FOLDERS else folder / name for name in NAMES]
    return [file.read_text() if file.exists() else "" for file in files]


def failing(n_moves: int, error: BaseException) -> Callable[[Path, Path], Path]:
    """Path.replace, the marker's own move aside, that fails once after `n_moves`."""
    real, left = Path.replace, [n_moves]

    def replace(path: Path, target: Path) -> Path:
        left[0] -= target.name != "restoring.json"
        if left[0] == -1 and target.name != "restoring.json":
            raise error
        return real(path, target)

    return replace


def silent(text: str) -> None:
    """Nobody is at this terminal."""


@pytest.mark.parametrize("n_moves", range(8))
def test_a_restore_killed_between_its_moves_is_finished_at_the_next_start(
    data: Path, monkeypatch: pytest.MonkeyPatch, n_moves: int
) -> None:
    monkeypatch.setattr(Path, "replace", failing(n_moves, SystemExit()))
    monkeypatch.setattr(swapping, "_back", lambda *_: sys.exit())  # the dead put nothing back
    with pytest.raises(SystemExit):
        swap(data)
    monkeypatch.undo()
    (data / "storage").mkdir(exist_ok=True)  # as a start does before anything else
    finish_swap(data, silent)
    assert words(data) == ["new"] * 4
    assert words(next(data.glob("before-restore-*"))) == ["old"] * 4
    assert not marker(data).exists()


@pytest.mark.parametrize("n_moves", range(8))
@pytest.mark.parametrize("error", [OSError(errno.EACCES, "Permission denied"), running.Stopped()])
def test_a_move_that_fails_puts_everything_back(
    data: Path, monkeypatch: pytest.MonkeyPatch, n_moves: int, error: BaseException
) -> None:
    monkeypatch.setattr(Path, "replace", failing(n_moves, error))
    with pytest.raises(type(error)):
        swap(data)
    assert (words(data), words(fresh_folder(data))) == (["old"] * 4, ["new"] * 4)
    assert sorted(path.name for path in data.iterdir()) == sorted([*NAMES, "restoring"])


def test_no_database_starts_on_half_of_the_data(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (data / "kept").mkdir()
    marker(data).write_text('{"kept": "kept"}')
    (data / "postgres").replace(data / "kept" / "postgres")

    def start(var: Path, **_: object) -> None:
        raise StartProblem(" ".join(words(var)))

    monkeypatch.setattr(running, "start_services", start)
    with pytest.raises(StartProblem, match="new new new new"), running.embedded(data):
        pass


def test_a_restore_that_cannot_be_finished_is_one_sentence(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (data / "kept").mkdir()
    marker(data).write_text('{"kept": "kept"}')
    monkeypatch.setattr(Path, "replace", failing(0, OSError(errno.EROFS, "Read-only file system")))
    with pytest.raises(StartProblem, match="cannot be finished: Read-only"):
        finish_swap(data, silent)
    assert marker(data).exists()


def test_where_nothing_was_there_nothing_is_kept(data: Path) -> None:
    for name in FOLDERS:
        (data / name / "file").unlink()
        (data / name).rmdir()
    for name in set(NAMES) - FOLDERS:
        (data / name).unlink()
    assert swap(data) is None
    assert list(data.glob("before-restore-*")) == []
