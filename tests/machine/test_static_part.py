"""Static vectors in the product: read from the cache, or distilled from the embedder at hand."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from learners.engine.embedding import MINILM_SHA256
from learners.engine.errors import EmbedderUnavailable
from learners.engine.features import BagModel
from learners.services import embedders
from learners.services.embedders import STATIC, current_embedder, embedder_of_part


@pytest.fixture(autouse=True)
def nothing_remembered() -> Iterator[None]:
    embedders._static.cache_clear()
    yield
    embedders._static.cache_clear()


@pytest.fixture
def cache_folder(tmp_path: Path, settings: Any) -> Path:
    settings.VAR_DIR = tmp_path
    settings.LABELER_EMBEDDER = "minilm"
    folder = tmp_path / "cache" / "static"
    folder.mkdir(parents=True)
    return folder


def make_static() -> BagModel:
    return BagModel(
        "static", np.eye(2, dtype=np.float16), np.array([-1, 0, 1], np.int32), "{}", 256
    )


def test_what_was_distilled_of_minilm_is_read_without_loading_it(
    cache_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(name: str) -> Any:
        raise AssertionError(f"{name} was loaded")

    monkeypatch.setattr(embedders, "load_embedder", refuse)
    stored = make_static()
    (cache_folder / f"{MINILM_SHA256}-static-1.npz").write_bytes(stored.to_bytes())
    assert embedder_of_part(STATIC, current_embedder).digest == stored.digest


def test_of_another_embedder_its_own_are_read(cache_folder: Path) -> None:
    stored = make_static()
    (cache_folder / "abc-static-1.npz").write_bytes(stored.to_bytes())
    other: Any = SimpleNamespace(name="ours", digest="abc", max_tokens=256)
    assert embedder_of_part(STATIC, lambda: other).digest == stored.digest


def test_an_embedder_that_cannot_be_distilled_is_named(cache_folder: Path) -> None:
    other: Any = SimpleNamespace(name="ours", digest="abc", max_tokens=256)
    with pytest.raises(EmbedderUnavailable, match="'ours' has no network"):
        embedder_of_part(STATIC, lambda: other)


def test_every_other_part_is_the_embedder_itself() -> None:
    other: Any = SimpleNamespace(name="ours", digest="abc", max_tokens=256)
    assert embedder_of_part("minilm", lambda: other) is other
