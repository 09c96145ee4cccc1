"""The embedding model and its exported graph, loaded once for all engine tests."""

from pathlib import Path

import pytest

from learners.engine.embedding import Embedder, load_embedder
from learners.engine.exporting import ensure_trunk
from learners.engine.trunk import Trunk


@pytest.fixture(scope="session")
def minilm() -> Embedder:
    return load_embedder("minilm")


@pytest.fixture(scope="session")
def trunks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for exported graphs."""
    return tmp_path_factory.mktemp("trunks")


@pytest.fixture(scope="session")
def trunk(minilm: Embedder, trunks: Path) -> Trunk:
    return ensure_trunk(embedder=minilm, cache_folder=trunks)
