"""The embedding model and its exported graph, loaded once for all engine tests."""

from pathlib import Path

import pytest
import sklearn.linear_model  # noqa: F401  loads BLAS, which the limit below has to find
from hypothesis import settings
from threadpoolctl import threadpool_limits

from learners.engine.embedding import Embedder, load_embedder
from learners.engine.exporting import ensure_trunk
from learners.engine.trunk import Trunk

# As workers do: two threads per tiny fit on two busy cores cost ten times what one costs.
LIMITS = threadpool_limits(1)

# No deadline: the machine may be busy. No database: found examples belong in tests.
settings.register_profile("engine", deadline=None, database=None)
settings.load_profile("engine")


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
