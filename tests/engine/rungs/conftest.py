"""What rungs are trained on in tests: the real MiniLM, static vectors at random, and two tiny worlds."""

import os
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from learners.engine.embedding import MINILM_SHA256, minilm_folder
from learners.engine.features.bag import BagModel
from learners.engine.features.static import from_pieces
from learners.engine.rungs import Files, Surroundings, get_rung
from learners.engine.rungs.trunks import plain_tokenizer
from learners.engine.trunk import Trunk
from tests.engine.rungs.worlds import make_data


@pytest.fixture(scope="session")
def rung_cache(tmp_path_factory: pytest.TempPathFactory, trunks: Path, trunk: Trunk) -> Path:
    """A cache folder with MiniLM's graph, and static vectors that nobody had to distil."""
    folder = tmp_path_factory.mktemp("rungs")
    os.symlink(trunks, folder / "trunks")
    (folder / "static").mkdir()
    stored = random_static(trunk).to_bytes()
    (folder / "static" / f"{MINILM_SHA256}-static-1.npz").write_bytes(stored)
    return folder


def random_static(trunk: Trunk) -> BagModel:
    tokenizer = plain_tokenizer(trunk)
    pieces = sorted(tokenizer.get_vocab())
    vectors = np.random.default_rng(0).normal(size=(len(pieces), 32))
    return from_pieces(pieces=pieces, vectors=vectors, tokenizer=tokenizer, max_tokens=256)


@pytest.fixture
def surroundings(rung_cache: Path) -> Surroundings:
    return Surroundings(trunk_folder=minilm_folder(), cache_folder=rung_cache, seed=3)


@cache
def _trained(name: str, cache_folder: Path) -> Files:
    kind = get_rung(name)
    place = Surroundings(trunk_folder=minilm_folder(), cache_folder=cache_folder, seed=3)
    return kind.train(make_data(kind.input_kind), place)


@pytest.fixture
def trained(rung_cache: Path, request: pytest.FixtureRequest) -> Files:
    """The files of the rung that a test is parametrised with, trained once."""
    return _trained(request.param, rung_cache)
