"""Ladders of real TF-IDF and static rungs, over word vectors that nobody had to distil."""

import shutil
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from django.db import transaction

from learners.engine.embedding import MINILM_SHA256, minilm_folder
from learners.engine.features.bag import BagModel
from learners.engine.features.static import from_pieces
from learners.engine.rungs import trunks
from learners.engine.trunk import Trunk
from learners.models import Ladder
from learners.services import ladder_work
from projects.models import Project
from tests.factories import NOW, make_label, make_user
from tests.ladder.worlds import Speed


@pytest.fixture
def real_rungs(monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path) -> None:
    """No embedding model is exported, its static vectors are random, and no speed is measured."""
    settings.MEDIA_ROOT, settings.VAR_DIR = tmp_path / "storage", tmp_path / "var"
    settings.LABELER_EMBEDDER = "minilm"
    (tmp_path / "trunk").mkdir()
    shutil.copy(minilm_folder() / "tokenizer.json", tmp_path / "trunk")
    trunk = Trunk(tmp_path / "trunk", "minilm", MINILM_SHA256, 384, 256, "Apache-2.0", "here")
    monkeypatch.setattr(trunks, "prepared_trunk", lambda surroundings: trunk)
    monkeypatch.setattr(trunks, "prepared_static", lambda surroundings: random_static())
    monkeypatch.setattr(ladder_work, "measure", lambda folder, texts, n_runs: Speed())


@cache
def random_static() -> BagModel:
    """A vector of 32 numbers for each word piece of MiniLM's."""
    tokenizer = trunks.uncut((minilm_folder() / "tokenizer.json").read_text("utf-8"))
    pieces = sorted(tokenizer.get_vocab())
    vectors = np.random.default_rng(0).normal(size=(len(pieces), 32))
    return from_pieces(pieces=pieces, vectors=vectors, tokenizer=tokenizer, max_tokens=256)


def worked(ladder: Ladder) -> Ladder:
    """The same when every rung is done."""
    while ladder_work.work_on(ladder_id=ladder.pk, token=uuid4(), clock=lambda: NOW):
        pass
    ladder.refresh_from_db()
    for rung in ladder.rungs.all():
        assert rung.status == "done", rung.error
    return ladder


@transaction.atomic
def label_more(project: Project) -> None:
    """Labels made later, which no version knows of."""
    label_class, bob = project.label_classes.get(name="metal"), make_user("bob")
    for example in project.examples.filter(settled=False)[:5]:
        make_label(example, label_class, bob)
