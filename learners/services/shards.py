"""Vectors in files: written once, never changed, read memory-mapped block by block.

A shard is two `.npy` files in Django's storage: float16 vectors (n_rows, n_dimensions) and int64
example ids (n_rows,). Storage without local files is read through a cache under `var/`.
"""

import io
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from numpy.typing import NDArray

from learners.models import EmbeddingSet, Shard

BLOCK_ROWS = 8192
_ATTEMPTS = 5

Ids = NDArray[np.int64]
Vectors = NDArray[np.float32]


@dataclass(frozen=True)
class OpenShard:
    """Both files of one shard, memory-mapped: ids (n_rows,), vectors (n_rows, n_dimensions)."""

    ids: Ids
    vectors: NDArray[np.float16]


def write_shard(
    *, embedding_set: EmbeddingSet, ids: Ids, vectors: NDArray[Any], name: str
) -> Shard:
    """Store both files and return the row that names them, which is not yet saved."""
    folder = f"{folder_of(embedding_set)}/{name}"
    return Shard(
        embedding_set=embedding_set,
        vectors=_save(f"{folder}.vectors.npy", vectors.astype(np.float16)),
        example_ids=_save(f"{folder}.ids.npy", ids.astype(np.int64)),
        n_rows=len(ids),
    )


def folder_of(embedding_set: EmbeddingSet) -> str:
    return f"embeddings/{embedding_set.project_id}/{embedding_set.pk}"


def delete_files(shard: Shard) -> None:
    """Remove the files. Whoever has them mapped goes on reading."""
    default_storage.delete(shard.vectors)
    default_storage.delete(shard.example_ids)


def open_shards(embedding_set: EmbeddingSet) -> list[OpenShard]:
    """All shards as they stand, opened together.

    Raises:
        FileNotFoundError: a file is gone although its row stands; `rebuild_learners` makes it anew.
    """
    for attempt in range(1, _ATTEMPTS + 1):
        rows = list(embedding_set.shards.all())
        try:
            return [opened(row) for row in rows]
        except FileNotFoundError:
            # A compaction may have replaced these rows while they were being opened.
            if attempt == _ATTEMPTS:
                raise
    raise AssertionError("unreachable")


def embedded_ids(shards: list[OpenShard]) -> Ids:
    """Ids of all examples that have a vector, ascending, (n,)."""
    return np.sort(np.concatenate([np.empty(0, np.int64), *(shard.ids for shard in shards)]))


def blocks(
    shards: list[OpenShard], wanted: Ids, *, block_rows: int = BLOCK_ROWS
) -> Iterator[tuple[Ids, Vectors]]:
    """(ids (m,), vectors (m, n_dimensions) float32) of the `wanted` ids, m <= `block_rows`."""
    wanted = np.sort(wanted)
    for shard in shards:
        rows = np.flatnonzero(_is_in(shard.ids, wanted))
        for start in range(0, len(rows), block_rows):
            part = rows[start : start + block_rows]
            yield np.asarray(shard.ids[part]), shard.vectors[part].astype(np.float32)


def vectors_of(shards: list[OpenShard], ids: Ids) -> tuple[NDArray[np.bool_], Vectors]:
    """Which of `ids` (n,) have a vector, and those vectors in the order of `ids`, float32."""
    found = list(blocks(shards, ids))
    if not found:
        return np.zeros(len(ids), bool), np.empty((0, 0), np.float32)
    have = np.concatenate([block_ids for block_ids, _ in found])
    vectors = np.concatenate([block for _, block in found])
    order = np.argsort(have)
    is_found = _is_in(ids, have[order])
    place = np.searchsorted(have, ids[is_found], sorter=order)
    return is_found, vectors[order[place]]


class ShardIndex:
    """Where each example's vector lies, looked up once for many blocks of one scan."""

    def __init__(self, shards: list[OpenShard]) -> None:
        self._shards = shards
        ids = np.concatenate([np.empty(0, np.int64), *(shard.ids for shard in shards)])
        self._order = np.argsort(ids, kind="stable")
        self._ascending = ids[self._order]
        self._starts = np.cumsum([0, *(len(shard.ids) for shard in shards)])

    def holds(self, ids: Ids) -> NDArray[np.bool_]:
        """Which of `ids` (n,) have a vector."""
        return _is_in(ids, self._ascending)

    def vectors_of(self, ids: Ids) -> tuple[NDArray[np.bool_], Vectors]:
        """As the function `vectors_of`."""
        is_found = self.holds(ids)
        rows = self._order[np.searchsorted(self._ascending, ids[is_found])]
        if not len(rows):
            return is_found, np.empty((0, 0), np.float32)
        vectors = np.empty((len(rows), self._shards[0].vectors.shape[1]), np.float32)
        for shard, start, end in zip(
            self._shards, self._starts[:-1], self._starts[1:], strict=True
        ):
            here = (rows >= start) & (rows < end)
            vectors[here] = shard.vectors[rows[here] - start]
        return is_found, vectors


def _is_in(ids: Ids, ascending: Ids) -> NDArray[np.bool_]:
    if not len(ascending):
        return np.zeros(len(ids), bool)
    places = np.minimum(np.searchsorted(ascending, ids), len(ascending) - 1)
    return np.asarray(ascending[places] == ids)


def _save(name: str, array: NDArray[Any]) -> str:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return default_storage.save(name, ContentFile(buffer.getvalue()))


def opened(row: Shard) -> OpenShard:
    """One shard. Raises FileNotFoundError at once, where `open_shards` would try again."""
    return OpenShard(ids=_mapped(row.example_ids), vectors=_mapped(row.vectors))


def _mapped(name: str) -> NDArray[Any]:
    """The array in file `name`, memory-mapped, which also outlives the file's deletion."""
    array: NDArray[Any] = np.load(local_path(name), mmap_mode="r", allow_pickle=False)
    return array


def local_path(name: str) -> Path:
    """The file `name` of the storage on this machine's disk, fetched once where it is elsewhere."""
    try:
        return Path(default_storage.path(name))
    except NotImplementedError:  # object storage has no local path
        return _fetched(name)


def _fetched(name: str) -> Path:
    target: Path = settings.VAR_DIR / "cache" / name
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        with (
            default_storage.open(name) as source,
            tempfile.NamedTemporaryFile(dir=target.parent, delete=False) as copy,
        ):
            shutil.copyfileobj(source, copy)
        os.replace(copy.name, target)  # whole or not at all, also with two workers at once
    return target
