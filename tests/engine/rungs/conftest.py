"""What rungs are trained on in tests: the real MiniLM, static vectors at random, and two tiny worlds.

Every rung is trained once a run, with all that there is to see of it; the fine-tuned one in few steps.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from learners.engine.embedding import MINILM_SHA256, minilm_folder
from learners.engine.features.bag import BagModel
from learners.engine.features.static import from_pieces
from learners.engine.graph import joined_graph
from learners.engine.rungs import Files, Surroundings, contrasting, files, get_rung
from learners.engine.rungs.trunks import plain_tokenizer
from learners.engine.runtime import Runtime, load_runtime
from learners.engine.table_bundle import table_graph
from learners.engine.trunk import Trunk
from tests.engine.rungs.worlds import make_data

FEW_STEPS = 6


@pytest.fixture(scope="session", autouse=True)
def few_steps() -> Iterator[None]:
    """Fine-tuning takes a moment: it is the same code, stopped early."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(contrasting, "tune", partial(contrasting.tune, max_steps=FEW_STEPS))
        yield


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


@dataclass
class Training:
    """One training: its files, what it reported, and what went into them: head, tables, tuned model."""

    files: Files = field(default_factory=dict)
    heard: list[tuple[str, float]] = field(default_factory=list)
    head: Any = None
    bags: list[BagModel] = field(default_factory=list)
    embedder: Any = None


@cache
def trained_once(name: str, cache_folder: Path) -> Training:
    kind, found = get_rung(name), Training()
    place = Surroundings(trunk_folder=minilm_folder(), cache_folder=cache_folder, seed=3)
    listening = replace(place, report=lambda *said: found.heard.append(said))
    with pytest.MonkeyPatch.context() as patch:
        _watch(found, patch)
        found.files = kind.train(make_data(kind.input_kind), listening)
    return found


_loaded: dict[int, Runtime] = {}  # by identity: files of trainings stay as long as the run


def trained_runtime(trained: Files) -> Runtime:
    """The files of a rung, loaded once a run."""
    if id(trained) not in _loaded:
        _loaded[id(trained)] = load_runtime(trained)
    return _loaded[id(trained)]


def _watch(found: Training, patch: pytest.MonkeyPatch) -> None:
    """Keeps what a training makes files of."""
    of_text, of_table, tune = joined_graph, table_graph, contrasting.tune

    def watched_text(trunk: Any, head: Any, bags: Any) -> bytes:
        found.head, found.bags = head, list(bags)
        return of_text(trunk, head, bags)

    def watched_table(head: Any) -> bytes:
        found.head = head
        return of_table(head)

    def tuned(**given: Any) -> None:
        found.embedder = given["embedder"]
        tune(**given)

    patch.setattr(files, "joined_graph", watched_text)
    patch.setattr(files, "table_graph", watched_table)
    patch.setattr(contrasting, "tune", tuned)


@pytest.fixture
def training(rung_cache: Path, request: pytest.FixtureRequest) -> Training:
    """The training of the rung that a test is parametrised with, once a run."""
    return trained_once(request.param, rung_cache)


@pytest.fixture
def trained(rung_cache: Path, request: pytest.FixtureRequest) -> Files:
    """Its files alone."""
    return trained_once(request.param, rung_cache).files
