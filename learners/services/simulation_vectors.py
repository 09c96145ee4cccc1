"""Vectors of simulated texts, embedded once and kept under the var folder."""

import hashlib
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings
from numpy.typing import NDArray

from learners.engine.embedding import MINILM, MINILM_SHA256, folder_digest
from learners.engine.features import POOL_PARTS, STATIC, fit_bag, get_features
from learners.engine.features.table import TableColumn, fit_table_on_texts
from learners.engine.recipes import Recipe
from learners.engine.simulation.data import LabelledData
from learners.engine.simulation.parts import EmbedBag
from learners.engine.simulation.processes import PartFiles, Work
from learners.services.embedders import (
    TextEmbedder,
    current_embedder,
    embedder_named,
    embedder_of_part,
    tokenizer_of,
)

CHUNK = 512
KEPT = timedelta(days=30)
EMBEDDED = "minilm"
"""The part that the configured embedder makes."""

Progress = Callable[[int, int], object]
"""(texts embedded, texts to embed)."""


Known = Callable[[str], Mapping[str, NDArray[np.float32]]]


def nothing_known(digest: str) -> Mapping[str, NDArray[np.float32]]:
    """No text's vector lies elsewhere."""
    return {}


def _say_nothing(done: int, total: int) -> None:
    pass


def folder() -> Path:
    """Where vectors are kept between simulations; it may be deleted at any time."""
    return Path(settings.VAR_DIR) / "simulation"


def prepare(
    *,
    data: LabelledData,
    recipes: Sequence[Recipe],
    budget: int,
    batch: int,
    progress: Progress,
    known: Known = nothing_known,
) -> Work:
    """Embed what is not embedded yet, and say to other processes where it lies.

    Args:
        known: called with the embedder's digest, gives vectors that lie elsewhere, by text.

    Raises:
        EmbedderUnavailable: the embedder cannot be loaded, or has no tokenizer that LSI or TF-IDF
            could count by.
    """
    names = tuple(text for text, _ in data.name_pairs())
    wanted = {part for recipe in recipes for part in get_features(recipe.features).parts}
    embedder = _Lazy(settings.LABELER_EMBEDDER)
    files = {}
    for part, maker in ((EMBEDDED, embedder), (STATIC, _LazyStatic(settings.LABELER_EMBEDDER))):
        if part in wanted:
            rows = _kept(data.texts, maker, progress, known)
            files[part] = PartFiles(rows, _kept(names, maker, _say_nothing, nothing_known))
    bags = sorted(wanted & set(POOL_PARTS))
    make_embed_bag: Callable[[], EmbedBag] | None = None
    if data.columns:
        make_embed_bag = partial(table_embedder, data.columns)
    elif bags:
        make_embed_bag = partial(bag_embedder, *_tokenizer(embedder))
    return Work(
        data=data,
        files=files,
        name_texts=() if data.columns else names,
        budget=budget,
        batch=batch,
        make_embed_bag=make_embed_bag,
    )


def table_embedder(columns: tuple[TableColumn, ...]) -> EmbedBag:
    """Learns ranges and categories from some rows of a table and embeds others."""

    def embed(
        kind: str, pool: Sequence[str], seed: int, texts: Sequence[str]
    ) -> NDArray[np.float32]:
        vectors: NDArray[np.float32] = fit_table_on_texts(pool, columns).embed(texts).vectors
        return vectors

    return embed


def bag_embedder(tokenizer_json: str, max_tokens: int) -> EmbedBag:
    """Fits LSI or TF-IDF on some texts and embeds others, by this tokenizer."""
    from tokenizers import Tokenizer  # noqa: PLC0415

    tokenizer = Tokenizer.from_str(tokenizer_json)

    def embed(
        kind: str, pool: Sequence[str], seed: int, texts: Sequence[str]
    ) -> NDArray[np.float32]:
        bag = fit_bag(kind=kind, texts=pool, tokenizer=tokenizer, max_tokens=max_tokens, seed=seed)
        return bag.embed(texts).vectors

    return embed


@dataclass
class _Lazy:
    """An embedder that is loaded, with torch, only when there is something to embed."""

    name: str

    @property
    def digest(self) -> str:
        if self.name == MINILM:
            return MINILM_SHA256  # loading refuses any other weights
        path = Path(self.name).expanduser()
        return folder_digest(path) if path.is_dir() else self.loaded.digest

    @property
    def loaded(self) -> TextEmbedder:
        return embedder_named(self.name)


@dataclass
class _LazyStatic(_Lazy):
    """What was distilled of an embedder, told by the digest of the embedder."""

    @property
    def digest(self) -> str:
        return f"{STATIC}-{super().digest}"

    @property
    def loaded(self) -> TextEmbedder:
        return embedder_of_part(STATIC, current_embedder)


def _kept(texts: Sequence[str], embedder: _Lazy, progress: Progress, known: Known) -> Path:
    """The file of these texts' vectors, made when it is not there: float32 (n_texts, d)."""
    digest = hashlib.sha256(embedder.digest.encode())
    for text in texts:
        encoded = text.encode()
        digest.update(len(encoded).to_bytes(8, "big") + encoded)
    path = folder() / f"{digest.hexdigest()}.npy"
    if path.exists():
        path.touch()
        return path
    vectors = _embedded(texts, embedder, progress, known(embedder.digest))
    _write(path, lambda file: np.save(file, vectors))
    return path


def _embedded(
    texts: Sequence[str],
    embedder: _Lazy,
    progress: Progress,
    known: Mapping[str, NDArray[np.float32]],
) -> NDArray[np.float32]:
    """Each distinct text once, short ones first, so that little is padding. As exact as the vectors
    that the product stores, in half floats, and not more: it learns from no others."""
    distinct = sorted(set(texts) - known.keys(), key=lambda text: (len(text), text))
    found = dict(known)
    for start in range(0, len(distinct), CHUNK):
        part = distinct[start : start + CHUNK]
        vectors = embedder.loaded.embed(part).vectors.astype(np.float16).astype(np.float32)
        found |= dict(zip(part, vectors, strict=True))
        progress(start + len(part), len(distinct))
    if not texts:
        return np.empty((0, embedder.loaded.n_dimensions), np.float32)
    return np.array([found[text] for text in texts], dtype=np.float32)


def _tokenizer(embedder: _Lazy) -> tuple[str, int]:
    """The embedder's own tokenizer as JSON, kept beside the vectors, and where it cuts."""
    path = folder() / f"{hashlib.sha256(embedder.digest.encode()).hexdigest()}.tokenizer.npz"
    if not path.exists():
        loaded = embedder.loaded
        as_json = tokenizer_of(loaded).to_str()
        text, cut = np.array(as_json), np.array(loaded.max_tokens)
        _write(path, lambda file: np.savez(file, tokenizer=text, max_tokens=cut))
    with np.load(path, allow_pickle=False) as stored:
        return str(stored["tokenizer"]), int(stored["max_tokens"])


def tidy_folder(now: datetime) -> int:
    """Forget vectors that no simulation has used for a month. Returns how many files."""
    oldest = (now - KEPT).timestamp()
    old = [path for path in folder().glob("*.np[yz]") if path.stat().st_mtime < oldest]
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)


def _write(path: Path, write: Callable[[Any], object]) -> None:
    """Whole or not at all: another simulation may be reading the folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            write(file)
        os.replace(name, path)
    finally:
        Path(name).unlink(missing_ok=True)
