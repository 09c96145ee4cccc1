"""Files of a model: stored once, opened whole or not at all."""

import hashlib
import shutil
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import File
from django.core.files.storage import FileSystemStorage, Storage, default_storage

from learners.services.model_files import (
    ModelFilesGone,
    Stored,
    delete_folder,
    open_folder,
    read_files,
    store,
)

FILES = {"model.onnx": b"graph", "labels.json": b"[]"}


class Faraway(Storage):
    """Storage without local paths, as objects in a bucket are."""

    def __init__(self) -> None:
        self.disk = FileSystemStorage()

    def _open(self, name: str, mode: str = "rb") -> File:  # type: ignore[type-arg]
        return self.disk.open(name, mode)

    def _save(self, name: str, content: File) -> str:  # type: ignore[type-arg]
        return self.disk.save(name, content)

    def exists(self, name: str) -> bool:
        return self.disk.exists(name)


@pytest.fixture(autouse=True)
def _storage(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "storage"
    settings.VAR_DIR = tmp_path / "var"


def stored(files: dict[str, bytes] | None = None) -> Stored:
    return store(project_id=3, manifest_digest="d" * 64, files=files or FILES)


def test_a_model_is_opened_as_it_was_stored() -> None:
    row = stored()
    assert row.files["model.onnx"] == hashlib.sha256(b"graph").hexdigest()
    assert row.n_bytes == 7
    assert read_files(row) == FILES
    assert open_folder(row).name == row.folder.rsplit("/", 1)[-1]


def test_the_same_model_is_stored_once_and_another_apart() -> None:
    assert stored().folder == stored().folder
    assert len(default_storage.listdir(stored().folder)[1]) == 2
    other = stored({**FILES, "model.onnx": b"other"})
    assert other.folder != stored().folder
    assert read_files(stored()) == FILES


def test_half_a_file_of_a_writer_that_died_is_replaced() -> None:
    row = stored()
    Path(default_storage.path(f"{row.folder}/model.onnx")).write_bytes(b"gra")
    assert read_files(stored()) == FILES


def test_a_changed_file_is_not_opened() -> None:
    row = stored()
    Path(default_storage.path(f"{row.folder}/model.onnx")).write_bytes(b"grave")
    with pytest.raises(ModelFilesGone, match=r"model\.onnx .* not the one that was stored"):
        open_folder(row)


def test_a_model_without_files_says_what_to_do() -> None:
    row = stored()
    delete_folder(row)
    with pytest.raises(ModelFilesGone, match="backup, or train the ladder again"):
        open_folder(row)
    with pytest.raises(ModelFilesGone, match="no files any more"):
        open_folder(Stored("", {}, 0))


@pytest.mark.parametrize("name", ["../x", "a/b", ".hidden", ""])
def test_only_plain_names_are_stored(name: str) -> None:
    with pytest.raises(ValueError, match="plain file names"):
        stored({name: b""})


def test_storage_without_paths_is_read_once_into_the_cache(settings: Any, tmp_path: Path) -> None:
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {"BACKEND": "tests.ladder.test_model_files.Faraway"},
    }
    row = stored()
    assert read_files(row) == FILES
    shutil.rmtree(tmp_path / "storage")
    assert open_folder(row) == tmp_path / "var" / "cache" / row.folder
    (open_folder(row) / "labels.json").unlink()
    with pytest.raises(ModelFilesGone, match=r"labels\.json"):
        open_folder(row)
