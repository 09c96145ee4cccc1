"""Keeping an embedding set's files few and accounted for. Only the task that holds the set may."""

from itertools import chain
from uuid import UUID

import numpy as np
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import QuerySet

from learners.models import EmbeddingSet, Shard
from learners.services.shards import delete_files, folder_of, opened, write_shard

SHARD_ROWS = 65_536


class Superseded(RuntimeError):
    """Another task took this work over; what this one did is thrown away."""


def my_set(row: EmbeddingSet, token: UUID) -> QuerySet[EmbeddingSet]:
    """The set's row as long as `token` may write to it, nothing afterwards."""
    return EmbeddingSet.objects.filter(pk=row.pk, running_token=token)


def compact(row: EmbeddingSet, token: UUID, *, at_end: bool = False) -> None:
    """Join small shards: into one of `SHARD_ROWS` as soon as they fill it, and all at the end.

    Raises:
        Superseded: `token` no longer holds the set.
    """
    small = list(row.shards.filter(n_rows__lt=SHARD_ROWS))
    n_rows = sum(shard.n_rows for shard in small)
    if len(small) > 1 and (at_end or n_rows >= SHARD_ROWS):
        _replace(row, token, small, _joined(row, token, small))


def _joined(row: EmbeddingSet, token: UUID, small: list[Shard]) -> list[Shard]:
    shards = [opened(shard) for shard in small]
    ids = np.concatenate([shard.ids for shard in shards])
    vectors = np.concatenate([shard.vectors for shard in shards])
    return [
        write_shard(
            embedding_set=row,
            ids=ids[start : start + SHARD_ROWS],
            vectors=vectors[start : start + SHARD_ROWS],
            name=f"{token.hex}-joined-{start}",
        )
        for start in range(0, len(ids), SHARD_ROWS)
    ]


def _replace(row: EmbeddingSet, token: UUID, old: list[Shard], new: list[Shard]) -> None:
    try:
        with transaction.atomic():
            if not my_set(row, token).select_for_update().exists():
                raise Superseded
            Shard.objects.filter(pk__in=[shard.pk for shard in old]).delete()
            Shard.objects.bulk_create(new)
    except Superseded:
        for shard in new:
            delete_files(shard)
        raise
    for shard in old:
        delete_files(shard)


def sweep(row: EmbeddingSet) -> None:
    """Delete files that no row names: left by a worker that was killed between file and row."""
    named = set(chain.from_iterable(row.shards.values_list("vectors", "example_ids")))
    folder = folder_of(row)
    try:
        _, files = default_storage.listdir(folder)
    except FileNotFoundError:  # a project without texts
        return
    for file in files:
        if f"{folder}/{file}" not in named:
            default_storage.delete(f"{folder}/{file}")
