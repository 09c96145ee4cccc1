"""Texts to vectors: order, durability, one writer, failures, compaction."""

from datetime import timedelta
from uuid import uuid4

import numpy as np
import pytest
from django.core.files.storage import default_storage

from learners.engine.errors import EmbedderUnavailable
from learners.models import EmbeddingSet, Shard
from learners.services import compaction, embedding
from learners.services.embedding import embed_chunk
from learners.services.shards import blocks, embedded_ids, folder_of, open_shards, vectors_of
from projects.models import Example, Project
from tests.factories import NOW, make_examples
from tests.machine.fakes import TinyEmbedder
from tests.machine.worlds import Clock, embed_all, label, make_world, texts

pytestmark = pytest.mark.django_db


def the_set(project: Project) -> EmbeddingSet:
    return EmbeddingSet.objects.get(project=project)


def files_of(project: Project) -> list[str]:
    return default_storage.listdir(folder_of(the_set(project)))[1]


def test_every_distinct_text_gets_one_vector_and_the_rows_say_so() -> None:
    project, examples, _ = make_world(60)
    embed_all(project)
    row = the_set(project)
    assert (row.n_done, row.n_total, row.running_token) == (60, 60, None)
    assert row.finished_at == NOW
    assert embedded_ids(open_shards(row)).tolist() == [example.pk for example in examples]


def test_stored_vectors_are_those_of_the_texts() -> None:
    project, examples, _ = make_world(12)
    embed_all(project)
    ids = np.array([examples[7].pk, examples[2].pk])
    found, vectors = vectors_of(open_shards(the_set(project)), ids)
    expected = TinyEmbedder().embed([examples[7].text, examples[2].text]).vectors
    assert found.all()
    assert np.abs(vectors - expected).max() < 1e-3  # float16 keeps three digits


def test_labelled_texts_come_first_then_all_others_by_random_rank(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(embedding, "FIRST_CHUNK", 5)
    monkeypatch.setattr(embedding, "LARGEST_CHUNK", 5)
    project, examples, user = make_world(30, n_audit=4)
    label([examples[20]], user)
    embedder = TinyEmbedder()
    embed_all(project, embedder)
    others = sorted((e for e in examples if e != examples[20]), key=lambda e: e.random_rank)
    expected = [examples[20], *others]
    assert embedder.seen == [example.text for example in expected]


def test_duplicates_are_not_embedded() -> None:
    project, examples, _ = make_world(10, n_audit=0)
    Example.objects.filter(pk=examples[9].pk).update(
        role=Example.Role.DUPLICATE, duplicate_of=examples[8]
    )
    embedder = TinyEmbedder()
    embed_all(project, embedder)
    assert len(embedder.seen) == 9
    assert the_set(project).n_total == 9


def test_texts_of_a_later_import_are_embedded_too() -> None:
    project, _, _ = make_world(20)
    embed_all(project)
    make_examples(project, [f"later {i}" for i in range(8)], seed=5)
    embedder = TinyEmbedder()
    embed_all(project, embedder)
    assert sorted(embedder.seen) == [f"later {i}" for i in range(8)]
    assert the_set(project).n_done == 28


def test_a_second_task_leaves_a_live_one_alone() -> None:
    project, _, _ = make_world(10)
    embed_all(project)
    EmbeddingSet.objects.update(running_token=uuid4(), heartbeat_at=NOW, finished_at=None)
    embedder = TinyEmbedder()
    clock = Clock(NOW + timedelta(seconds=29))
    assert not embed_chunk(project_id=project.pk, token=uuid4(), clock=clock, load=lambda: embedder)
    assert the_set(project).finished_at is None


def test_a_dead_tasks_set_is_taken_over_after_thirty_seconds() -> None:
    project, _, _ = make_world(10)
    embed_all(project)
    EmbeddingSet.objects.update(running_token=uuid4(), heartbeat_at=NOW, finished_at=None)
    embed_all(project, clock=Clock(NOW + timedelta(seconds=31)))
    assert the_set(project).finished_at == NOW + timedelta(seconds=31)


def test_a_task_that_was_taken_over_writes_nothing() -> None:
    project, _, _ = make_world(10)

    class Slow(TinyEmbedder):
        def embed(self, texts):  # type: ignore[no-untyped-def]
            EmbeddingSet.objects.update(running_token=uuid4())
            return super().embed(texts)

    embed_all(project, Slow())
    assert the_set(project).n_done == 0
    assert not Shard.objects.exists()
    assert files_of(project) == []


def test_a_failed_chunk_is_said_and_tried_again_after_a_wait() -> None:
    project, _, _ = make_world(10)
    clock = Clock()
    embed_all(project, TinyEmbedder(fail_on="number5"), clock)
    row = the_set(project)
    assert (row.error, row.n_failures) == ("out of memory", 1)
    assert row.retry_at == NOW + timedelta(seconds=15)
    clock.move(seconds=16)
    embed_all(project, TinyEmbedder(fail_on="number5"), clock)
    assert the_set(project).retry_at == clock.now + timedelta(seconds=30)


def test_nothing_is_tried_before_the_wait_is_over() -> None:
    project, _, _ = make_world(10)
    embed_all(project, TinyEmbedder(fail_on="number5"))
    embedder = TinyEmbedder()
    embed_all(project, embedder, Clock(NOW + timedelta(seconds=14)))
    assert embedder.seen == []


def test_a_chunk_that_works_again_clears_the_error() -> None:
    project, _, _ = make_world(10)
    embed_all(project, TinyEmbedder(fail_on="number5"))
    embed_all(project, TinyEmbedder(), Clock(NOW + timedelta(seconds=15)))
    row = the_set(project)
    assert (row.error, row.n_failures, row.n_done) == ("", 0, 10)


def test_a_missing_embedder_is_said_on_the_set_which_later_becomes_the_embedders() -> None:
    project, _, _ = make_world(10)

    def missing() -> TinyEmbedder:
        raise EmbedderUnavailable("MiniLM's weights are missing")

    embed_chunk(project_id=project.pk, token=uuid4(), clock=Clock(), load=missing)
    assert "weights are missing" in the_set(project).error
    embed_all(project, clock=Clock(NOW + timedelta(seconds=15)))
    assert (the_set(project).error, the_set(project).n_done) == ("", 10)


def test_another_embedder_fills_a_set_of_its_own() -> None:
    project, _, _ = make_world(10)
    embed_all(project)
    embed_all(project, TinyEmbedder(digest="1" * 64))
    assert [row.n_done for row in EmbeddingSet.objects.order_by("pk")] == [10, 10]


def test_small_shards_become_one_at_the_end_and_their_files_go(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(embedding, "FIRST_CHUNK", 7)
    monkeypatch.setattr(embedding, "LARGEST_CHUNK", 7)
    project, _, _ = make_world(40)
    assert embed_all(project) > 5
    assert [shard.n_rows for shard in Shard.objects.all()] == [40]
    assert len(files_of(project)) == 2


def test_full_shards_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FIRST_CHUNK", "LARGEST_CHUNK"):
        monkeypatch.setattr(embedding, name, 5)
    monkeypatch.setattr(compaction, "SHARD_ROWS", 15)
    project, _, _ = make_world(40)
    embed_all(project)
    assert sorted(shard.n_rows for shard in Shard.objects.all()) == [10, 15, 15]
    assert len(embedded_ids(open_shards(the_set(project)))) == 40


def test_a_file_left_by_a_killed_worker_is_swept_away() -> None:
    project, _, _ = make_world(10)
    embed_all(project)
    from django.core.files.base import ContentFile

    default_storage.save(f"{folder_of(the_set(project))}/left.vectors.npy", ContentFile(b"x"))
    EmbeddingSet.objects.update(finished_at=None)
    embed_all(project)
    assert len(files_of(project)) == 2


def test_texts_cut_and_texts_in_english_are_counted() -> None:
    project, _, _ = make_world(10)
    make_examples(project, ["one two three four five six seven eight nine"], seed=3)
    embed_all(project)
    row = the_set(project)
    assert (row.n_cut, row.n_language_checked) == (1, 11)
    assert row.english_share is not None


def test_blocks_give_the_wanted_ids_only_in_pieces() -> None:
    project, examples, _ = make_world(30)
    embed_all(project)
    wanted = np.array([example.pk for example in examples[::2]])
    found = list(blocks(open_shards(the_set(project)), wanted, block_rows=4))
    assert [len(ids) for ids, _ in found] == [4, 4, 4, 3]
    assert sorted(np.concatenate([ids for ids, _ in found])) == wanted.tolist()


def test_a_project_in_the_bin_is_not_embedded() -> None:
    project, _, _ = make_world(10)
    Project.objects.update(binned_at=NOW)
    assert embed_all(project) == 0
    assert not EmbeddingSet.objects.exists()


def test_the_texts_of_the_world_are_all_different() -> None:
    assert len(set(texts(200))) == 200
