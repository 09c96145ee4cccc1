"""Turning texts into vectors, chunk by chunk: each chunk is durable when it is done.

One task at a time writes to a set: the one whose token stands on the row, as long as its heartbeat
is fresh. Every write is fenced by that token, so a task that was taken for dead writes nothing.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import numpy as np
from django.db import transaction
from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import Coalesce

from learners.engine.errors import BadFile, EmbedderUnavailable
from learners.engine.features import STATIC
from learners.engine.language import looks_english
from learners.models import EmbeddingSet
from learners.selectors.parts import (
    MINILM,
    POOL_FITTED,
    current_set,
    newest_set,
    set_name,
    static_being_made,
)
from learners.services.compaction import Superseded, compact, my_set, sweep
from learners.services.due_work import STALE_AFTER, retry_wait
from learners.services.embedders import (
    Embedded,
    LoadEmbedder,
    TextEmbedder,
    current_embedder,
    embedder_of_part,
    static_is_kept,
)
from learners.services.embedding_order import Chunk, next_texts
from learners.services.heartbeat import Heartbeat
from learners.services.pool_models import draft_of, fill, retire_older, stored_model
from learners.services.shards import (
    delete_files,
    embedded_ids,
    open_shards,
    write_shard,
)
from projects.models import Example, Project

logger = logging.getLogger(__name__)

LONGEST_CHUNK_SECONDS = 600.0  # a chunk that takes longer hangs
LONGEST_DISTILLING_SECONDS = 3_600.0
CHUNK_SECONDS = 3.0  # short, so that a fit waits little for a free process
FIRST_CHUNK = 64
SMALLEST_CHUNK = 16
LARGEST_CHUNK = 2048
LARGEST_CHUNK_OF_FITTED = 16_384  # so fast that the files would be many
LANGUAGE_SAMPLE = 500
LANGUAGE_PER_CHUNK = 64

EmbeddingSets = QuerySet[EmbeddingSet]
Clock = Callable[[], datetime]


@dataclass(frozen=True)
class _Done:
    """A chunk with its texts and vectors, and how long the embedder took."""

    chunk: Chunk
    texts: list[str]
    embedded: Embedded
    seconds: float


def embed_chunk(
    *,
    project_id: int,
    token: UUID,
    clock: Clock,
    load: LoadEmbedder = current_embedder,
    part: str = MINILM,
) -> bool:
    """Embed the next few seconds' worth of texts of a project and store them.

    Labelled texts come first, then all others by their random rank, so
    that a half-embedded pool is an unbiased sample of it. Duplicates use their original's vector.
    A chunk that fails is stored as an error on the set, to be tried again after a wait.
    `part`: of the features; one whose weights the pool makes is fitted first.

    Returns:
        Whether there is more to do at once: False when all is done, another task is at it, or it
        failed.
    """
    project = Project.objects.filter(pk=project_id, binned_at__isnull=True).first()
    if project is None:
        return False
    try:
        if part == STATIC and not (static_is_kept(load) or _distilled(project, token, clock, load)):
            return False
        row = _row(project, part, load)
    except (EmbedderUnavailable, BadFile) as error:
        _store_failure(_set_without_embedder(project_id, part), error, clock())
        return False
    claimed = _claim(row, project, token, clock())
    if claimed is None:
        return False
    with Heartbeat(
        lambda: my_set(claimed, token).update(heartbeat_at=clock()),
        longest_seconds=LONGEST_CHUNK_SECONDS,
    ):
        try:
            return _next_chunk(claimed, _embedder(claimed, part, load), token, clock)
        except Superseded:
            logger.warning("embedding of project %s was taken over", project_id)
        except Exception as error:
            logger.exception("embedding a chunk of project %s failed", project_id)
            _store_failure(my_set(claimed, token), error, clock())
    return False


def _distilled(project: Project, token: UUID, clock: Clock, load: LoadEmbedder) -> bool:
    """Make the static vectors of the embedder, once for all projects; False where that failed or
    another task is at it. A row is there before they are, for the pages to tell.
    """
    now = clock()
    row = newest_set(project.pk, STATIC)
    if row is None:
        row, _ = EmbeddingSet.objects.get_or_create(project=project, embedder=STATIC, digest="")
    elsewhere = static_being_made(now - STALE_AFTER).exclude(pk=row.pk).exists()
    claimed = None if elsewhere else _claim(row, project, token, now)
    if claimed is None:
        return False
    mine = my_set(claimed, token)
    mine.filter(digest="").update(created_at=now)  # since when, for the pages
    with Heartbeat(
        lambda: mine.update(heartbeat_at=clock()), longest_seconds=LONGEST_DISTILLING_SECONDS
    ):
        try:
            embedder_of_part(STATIC, load)
        except Exception as error:
            logger.exception("static vectors could not be distilled")
            _store_failure(mine, error, clock())
            return False
    _release(claimed, token, clock())
    return True


def _row(project: Project, part: str, load: LoadEmbedder) -> EmbeddingSet:
    if part in POOL_FITTED:
        return draft_of(project, part)
    return _set_of(project.pk, part, embedder_of_part(part, load))


def _embedder(row: EmbeddingSet, part: str, load: LoadEmbedder) -> TextEmbedder:
    """What makes the vectors of this set; weights that the pool makes are made here, once."""
    if part not in POOL_FITTED:
        return embedder_of_part(part, load)
    if not row.digest:
        fill(row, part, load)
    return stored_model(row, part)


def _claim(row: EmbeddingSet, project: Project, token: UUID, now: datetime) -> EmbeddingSet | None:
    """The set, if this task may write to it now."""
    free = Q(running_token__isnull=True) | Q(heartbeat_at__lt=now - STALE_AFTER)
    waits = Q(retry_at__gt=now)
    taken = (
        EmbeddingSet.objects.filter(free, pk=row.pk)
        .exclude(waits)
        .update(running_token=token, heartbeat_at=now)
    )
    if not taken:
        return None
    row.refresh_from_db()
    return _recounted(row, project)


def _set_of(project_id: int, part: str, embedder: TextEmbedder) -> EmbeddingSet:
    facts = {"n_dimensions": embedder.n_dimensions, "max_tokens": embedder.max_tokens}
    name = set_name(part)
    # A row that could only say that the embedder was missing becomes the embedder's.
    EmbeddingSet.objects.filter(project_id=project_id, embedder=name, digest="").update(
        digest=embedder.digest, error="", retry_at=None, n_failures=0, **facts
    )
    row, _ = EmbeddingSet.objects.get_or_create(
        project_id=project_id, embedder=name, digest=embedder.digest, defaults=facts
    )
    return row


def _set_without_embedder(project_id: int, part: str) -> EmbeddingSets:
    row = current_set(project_id, part)
    if row is None:
        row, _ = EmbeddingSet.objects.get_or_create(
            project_id=project_id, embedder=set_name(part), digest=""
        )
    return EmbeddingSet.objects.filter(pk=row.pk)


def _recounted(row: EmbeddingSet, project: Project) -> EmbeddingSet:
    """Count the texts again when rows were imported since the last count."""
    if row.n_rows_seen != project.n_rows:
        row.n_rows_seen = project.n_rows
        row.n_total = (
            Example.objects.filter(project=project).exclude(role=Example.Role.DUPLICATE).count()
        )
        row.scanned = {}
        row.finished_at = None
        row.save(update_fields=["n_rows_seen", "n_total", "scanned", "finished_at"])
    return row


def _next_chunk(row: EmbeddingSet, embedder: TextEmbedder, token: UUID, clock: Clock) -> bool:
    done, n = embedded_ids(open_shards(row)), _chunk_size(row)
    chunk = next_texts(row, done, n)
    if not chunk.ids and row.scanned:
        # The scan reached the end. Look once more from the start: ranks of an import that ran
        # meanwhile lie below the mark.
        row.scanned = {}
        chunk = next_texts(row, done, n)
    if not chunk.ids:
        _finish(row, token, clock())
        return False
    done_now = _embedded(chunk, embedder, clock)
    _store_chunk(row, token, done_now)
    compact(row, token)
    _release(row, token, clock())
    return True


def _embedded(chunk: Chunk, embedder: TextEmbedder, clock: Clock) -> _Done:
    texts = _texts(chunk.ids)
    started = clock()
    embedded = embedder.embed(texts)
    seconds = max((clock() - started).total_seconds(), 1e-3)
    return _Done(chunk, texts, embedded, seconds)


def _chunk_size(row: EmbeddingSet) -> int:
    if not row.texts_per_second:
        return FIRST_CHUNK
    largest = LARGEST_CHUNK_OF_FITTED if row.model_file else LARGEST_CHUNK
    return int(np.clip(row.texts_per_second * CHUNK_SECONDS, SMALLEST_CHUNK, largest))


def _texts(ids: list[int]) -> list[str]:
    by_id = dict(Example.objects.filter(pk__in=ids).values_list("pk", "text"))
    return [by_id[pk] for pk in ids]


def _store_chunk(row: EmbeddingSet, token: UUID, done: _Done) -> None:
    ids = np.array(done.chunk.ids, np.int64)
    vectors = done.embedded.vectors
    shard = write_shard(embedding_set=row, ids=ids, vectors=vectors, name=token.hex)
    n_cut = int((done.embedded.n_tokens > (row.max_tokens or np.inf)).sum())
    rate = len(ids) / done.seconds
    row.texts_per_second = rate if not row.texts_per_second else (row.texts_per_second + rate) / 2
    row.scanned = done.chunk.scanned
    _check_language(row, done.texts)
    try:
        with transaction.atomic():
            written = my_set(row, token).update(
                n_done=F("n_done") + len(ids),
                n_cut=F("n_cut") + n_cut,
                texts_per_second=row.texts_per_second,
                scanned=row.scanned,
                english_share=row.english_share,
                n_language_checked=row.n_language_checked,
                error="",
                n_failures=0,
                retry_at=None,
            )
            if not written:
                raise Superseded
            shard.save()
    except Superseded:
        delete_files(shard)
        raise


def _check_language(row: EmbeddingSet, texts: list[str]) -> None:
    """Bring `english_share` up to date, from a sample: the first texts are random ones."""
    if row.n_language_checked >= LANGUAGE_SAMPLE:
        return
    sample = texts[:LANGUAGE_PER_CHUNK]
    n_english = (row.english_share or 0) * row.n_language_checked + int(looks_english(sample).sum())
    row.n_language_checked += len(sample)
    row.english_share = n_english / row.n_language_checked


def _finish(row: EmbeddingSet, token: UUID, now: datetime) -> None:
    compact(row, token, at_end=True)
    n_done = sum(row.shards.values_list("n_rows", flat=True))
    my_set(row, token).update(
        n_done=n_done,
        n_total=n_done,
        scanned={},
        finished_at=now,
        ready_at=Coalesce("ready_at", Value(now)),
        heartbeat_at=now,
        running_token=None,
        error="",
        n_failures=0,
        retry_at=None,
    )
    sweep(row)
    if row.model_file and row.ready_at is None:
        retire_older(row)


def _release(row: EmbeddingSet, token: UUID, now: datetime) -> None:
    my_set(row, token).update(running_token=None, heartbeat_at=now)


def _store_failure(rows: EmbeddingSets, error: Exception, now: datetime) -> None:
    n_failures = (rows.values_list("n_failures", flat=True).first() or 0) + 1
    rows.update(
        error=str(error) or type(error).__name__,
        n_failures=n_failures,
        retry_at=now + retry_wait(n_failures),
        heartbeat_at=now,
        running_token=None,
    )
