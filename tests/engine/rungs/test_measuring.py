"""Measuring a model folder in a process of its own."""

import dataclasses
from pathlib import Path

import pytest

from learners.engine.errors import BadFile
from learners.engine.rungs import Files
from learners.engine.rungs.measuring import measure
from tests.engine.rungs.worlds import make_texts

of_words = pytest.mark.parametrize("trained", ["tfidf"], indirect=True)


@of_words
def test_a_model_has_size_speed_and_memory(trained: Files, tmp_path: Path) -> None:
    for name, content in trained.items():
        (tmp_path / name).write_bytes(content)
    speed = measure(tmp_path, make_texts(50)[0], n_runs=2)
    assert min(dataclasses.astuple(speed)) > 0
    assert speed.n_bytes == sum(map(len, trained.values()))


@of_words
def test_memory_is_not_the_parents(trained: Files, tmp_path: Path) -> None:
    """This process has torch loaded; a small model beside onnxruntime does not need that much."""
    for name, content in trained.items():
        (tmp_path / name).write_bytes(content)
    assert measure(tmp_path, ["a text"], n_runs=1).memory_mb < 250


def test_a_folder_that_is_no_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match=r"no model\.json"):
        measure(tmp_path, ["a text"])


@pytest.mark.parametrize(("texts", "n_runs"), [([], 3), (["a text"], 0)])
def test_nothing_to_measure_is_refused(texts: list[str], n_runs: int, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least one"):
        measure(tmp_path, texts, n_runs=n_runs)
