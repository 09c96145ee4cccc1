"""Loaded models: each once, the least recently used given up for the next."""

import threading
import time
from pathlib import Path
from typing import Any

import pytest

from learners.engine.errors import BadFile
from learners.engine.serving.shelf import OWN_BYTES, ModelTooLarge, Shelf, needed

MODEL_BYTES = OWN_BYTES + 100


class Slow:
    """Loads nothing, slowly, and counts."""

    def __init__(self) -> None:
        self.folders: list[str] = []

    def __call__(self, folder: Path) -> Any:
        time.sleep(0.02)
        self.folders.append(folder.name)
        return folder.name


def folder(tmp_path: Path, name: str, n_bytes: int = 100) -> Path:
    found = tmp_path / name
    found.mkdir(exist_ok=True)
    (found / "model.onnx").write_bytes(b"x" * n_bytes)
    return found


def loaded(shelf: Shelf, tmp_path: Path, *names: str) -> list[str]:
    for name in names:
        shelf.get(name) or shelf.load(name, folder(tmp_path, name))
    return shelf.names


def test_the_least_recently_used_model_is_given_up(tmp_path: Path) -> None:
    shelf = Shelf(max_bytes=2 * MODEL_BYTES, load=Slow())
    assert loaded(shelf, tmp_path, "a", "b", "a") == ["b", "a"]
    assert loaded(shelf, tmp_path, "c") == ["a", "c"]
    assert shelf.n_bytes <= shelf.max_bytes


def test_several_small_models_go_for_a_large_one(tmp_path: Path) -> None:
    shelf = Shelf(max_bytes=3 * MODEL_BYTES, load=Slow())
    loaded(shelf, tmp_path, "a", "b", "c")
    shelf.load("large", folder(tmp_path, "large", 100 + MODEL_BYTES))
    assert shelf.names == ["c", "large"]


def test_a_model_beyond_the_bound_is_refused_and_others_stay(tmp_path: Path) -> None:
    shelf = Shelf(max_bytes=2 * MODEL_BYTES, load=Slow())
    loaded(shelf, tmp_path, "a")
    with pytest.raises(ModelTooLarge, match="about 66 MB of memory and LABELER_MODELS_MB allows"):
        shelf.load("large", folder(tmp_path, "large", 2 * MODEL_BYTES - OWN_BYTES + 2**20))
    assert shelf.names == ["a"]


def test_many_threads_load_each_model_once(tmp_path: Path) -> None:
    slow = Slow()
    shelf = Shelf(max_bytes=10 * MODEL_BYTES, load=slow)
    for name in "abc":
        folder(tmp_path, name)
    threads = [
        threading.Thread(target=shelf.load, args=(name, tmp_path / name)) for name in "abc" * 5
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(slow.folders) == ["a", "b", "c"]


def test_models_that_are_asked_for_together_keep_to_the_bound(tmp_path: Path) -> None:
    held: list[int] = []

    def load(folder: Path) -> Any:
        time.sleep(0.01)
        held.append(shelf.n_bytes)
        return folder.name

    shelf = Shelf(max_bytes=2 * MODEL_BYTES, load=load)
    threads = [
        threading.Thread(target=shelf.load, args=(name, folder(tmp_path, name)))
        for name in "abcdef"
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(held) == 6
    assert max(held) <= shelf.max_bytes


def test_a_model_that_cannot_be_loaded_takes_no_room_and_may_be_tried_again(
    tmp_path: Path,
) -> None:
    answers: list[Any] = [BadFile("damaged"), "whole"]

    def load(_: Path) -> Any:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    shelf = Shelf(max_bytes=2 * MODEL_BYTES, load=load)
    with pytest.raises(BadFile):
        shelf.load("a", folder(tmp_path, "a"))
    assert (shelf.names, shelf.n_bytes) == ([], 0)
    found: Any = shelf.load("a", tmp_path / "a")
    assert found == "whole"


def test_a_folder_that_is_gone_is_left_to_the_loading(tmp_path: Path) -> None:
    assert needed(tmp_path / "nowhere") == OWN_BYTES
