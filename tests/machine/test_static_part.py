"""Static vectors in the product: read from the cache, or distilled from the embedder at hand."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import numpy as np
import pytest

from learners.engine.embedding import MINILM_SHA256
from learners.engine.errors import EmbedderUnavailable
from learners.engine.features import STATIC, BagModel
from learners.models import EmbeddingSet
from learners.selectors.status import project_status
from learners.services import embedders
from learners.services.due_work import part_to_embed
from learners.services.embedders import current_embedder, embedder_of_part
from learners.services.embedding import embed_chunk
from projects.models import Project
from tests.factories import NOW, make_examples, make_project
from tests.machine.fakes import TinyEmbedder


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


# ---- distilling on the way to a project's vectors ----


@pytest.fixture
def static_project(cache_folder: Path) -> Project:
    project = make_project()
    make_examples(project, ["red apple", "green pear", "old boat"])
    Project.objects.filter(pk=project.pk).update(features="static", n_rows=3)
    project.refresh_from_db()
    return project


@pytest.fixture
def tiny(cache_folder: Path, monkeypatch: pytest.MonkeyPatch) -> TinyEmbedder:
    """Its network is three token vectors; distilling leaves them in the cache."""
    embedder = TinyEmbedder()

    def ensure(*, embedder: Any, cache_folder: Path) -> BagModel:
        made = make_static()
        (cache_folder / f"{embedder.digest}-static-1.npz").write_bytes(made.to_bytes())
        return made

    monkeypatch.setattr(embedders, "ensure_static", ensure)
    return embedder


def embed(project: Project, load: Any, now: datetime = NOW) -> bool:
    return embed_chunk(
        project_id=project.pk, token=uuid4(), clock=lambda: now, load=load, part=STATIC
    )


def words_of(project: Project, now: datetime = NOW) -> str:
    return " ".join(banner.text for banner in project_status(project, now).banners)


@pytest.mark.django_db
def test_while_static_vectors_are_made_a_row_and_a_banner_say_so(
    static_project: Project, tiny: TinyEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    make: Callable[..., BagModel] = vars(embedders)["ensure_static"]  # what the fixture put there

    def watched(**arguments: Any) -> BagModel:
        said.append(words_of(static_project, NOW + timedelta(minutes=2)))
        assert not part_to_embed(static_project.pk, NOW)  # no second task begins the same
        return make(**arguments)

    monkeypatch.setattr(embedders, "ensure_static", watched)
    monkeypatch.setattr("learners.selectors.embedding_progress.STALE_AFTER", timedelta(hours=1))
    embed(static_project, lambda: tiny)
    assert "Static vectors are being made of the sentence embedder, for 2 minutes now." in said[0]
    assert "being made" not in words_of(static_project)
    assert EmbeddingSet.objects.get(project=static_project).digest == make_static().digest


@pytest.mark.django_db
def test_another_project_waits_for_the_one_that_is_at_it(
    static_project: Project, tiny: TinyEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = make_project(name="Other")
    Project.objects.filter(pk=other.pk).update(features="static", n_rows=1)
    EmbeddingSet.objects.create(
        project=other, embedder=STATIC, digest="", running_token=uuid4(), heartbeat_at=NOW
    )
    monkeypatch.setattr(embedders, "ensure_static", None)
    assert not embed(static_project, lambda: tiny)
    assert "Static vectors are being made" in words_of(static_project)
    assert EmbeddingSet.objects.get(project=static_project).error == ""


@pytest.mark.django_db
def test_distilling_that_fails_is_a_banner_and_is_tried_again(
    static_project: Project, tiny: TinyEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**arguments: Any) -> BagModel:
        raise MemoryError("no memory left")

    monkeypatch.setattr(embedders, "ensure_static", fail)
    assert not embed(static_project, lambda: tiny)
    assert "no memory left" in words_of(static_project)
    assert part_to_embed(static_project.pk, NOW) is None
    assert part_to_embed(static_project.pk, NOW + timedelta(days=1)) == STATIC


@pytest.mark.django_db
def test_a_damaged_file_is_named_on_the_page(static_project: Project, cache_folder: Path) -> None:
    tiny = TinyEmbedder()
    (cache_folder / f"{tiny.digest}-static-1.npz").write_bytes(b"nothing")
    assert not embed(static_project, lambda: tiny)
    assert "is damaged; delete it" in words_of(static_project)
