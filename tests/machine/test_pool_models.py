"""Parts of the features that the pool makes: from which texts, when again, how long kept."""

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.storage import default_storage

from learners.engine.errors import BadFile
from learners.models import EmbeddingSet, Fit, FitRequest
from learners.selectors.parts import current_set
from learners.selectors.training import training_set
from learners.services import due_work, pool_models
from learners.services.embedding import embed_chunk
from learners.services.fitting import start_fit
from learners.services.material import gather
from learners.services.rebuild import RebuildFailed, rebuild_project
from learners.services.shards import open_shards
from projects.models import Example, LabelClass, Project
from projects.services.classes import ClassSpec, change_class
from tests.factories import NOW, make_examples
from tests.machine.fakes import TinyEmbedder
from tests.machine.test_rebuild import queue, scores
from tests.machine.worlds import Clock, embed_all, embed_part, fit, label, make_named_world, texts

pytestmark = pytest.mark.django_db


def lsi_sets(project: Project) -> list[EmbeddingSet]:
    return list(EmbeddingSet.objects.filter(project=project, embedder="lsi").order_by("id"))


def grow(project: Project, n: int) -> list[Example]:
    project.refresh_from_db()
    return make_examples(project, [f"late{project.n_rows} {text}" for text in texts(n)], seed=8)


@pytest.fixture
def fitted_on(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The texts that each fit of a pool model looked at."""
    seen: list[list[str]] = []

    def watched(project: Project, part: str, texts: Sequence[str], load: Any) -> Any:
        seen.append(list(texts))
        return pool_models._bag(project, part, texts, load)

    monkeypatch.setitem(pool_models.FITTERS, "lsi", watched)
    return seen


def test_only_pool_texts_are_looked_at(fitted_on: list[list[str]]) -> None:
    project, examples, _ = make_named_world()
    Example.objects.filter(pk__in=[e.pk for e in examples[50:]]).update(role=Example.Role.TEST)
    embed_all(project)
    assert [sorted(seen) for seen in fitted_on] == [sorted(e.text for e in examples[10:50])]


def test_of_a_large_pool_the_lowest_random_ranks_are_looked_at(
    fitted_on: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool_models, "MOST_FITTED_TEXTS", 12)
    project, examples, _ = make_named_world()
    embed_all(project)
    by_rank = sorted(examples[10:], key=lambda e: e.random_rank)
    assert fitted_on == [[e.text for e in by_rank[:12]]]


def test_the_pools_own_part_comes_before_the_embedder() -> None:
    project, _, _ = make_named_world()
    assert due_work.part_to_embed(project.pk, NOW) == "lsi"
    embed_part(project, "lsi")
    assert due_work.part_to_embed(project.pk, NOW) == "minilm"
    embed_part(project, "minilm")
    assert due_work.part_to_embed(project.pk, NOW) is None


def test_every_text_gets_a_vector_of_the_pools_own_part() -> None:
    project, _, _ = make_named_world()
    embed_all(project)
    (row,) = lsi_sets(project)
    assert (row.n_done, row.n_total, row.ready_at, row.n_fitted) == (60, 60, NOW, 50)
    assert default_storage.exists(row.model_file)


def test_the_part_is_not_fitted_again_before_the_pool_has_doubled() -> None:
    project, _, _ = make_named_world()
    embed_all(project)
    grow(project, 49)
    embed_all(project)
    (row,) = lsi_sets(project)
    assert (row.n_done, row.n_fitted) == (109, 50)


def test_the_old_part_serves_until_the_new_one_is_complete() -> None:
    project, _, _ = make_named_world()
    embed_all(project)
    grow(project, 60)
    assert due_work.part_to_embed(project.pk, NOW) == "lsi"
    embed_chunk(project_id=project.pk, token=uuid4(), clock=Clock(), load=TinyEmbedder, part="lsi")
    old, new = lsi_sets(project)
    assert current_set(project.pk, "lsi") == old
    embed_part(project, "lsi")
    assert current_set(project.pk, "lsi") == new
    assert (new.n_fitted, old.digest != new.digest) == (110, True)


def test_weights_stay_as_long_as_a_fit_refers_to_them_and_their_vectors_go() -> None:
    project, _, _ = make_named_world()
    embed_all(project)
    fit(project)
    grow(project, 60)
    embed_all(project)
    old, _ = lsi_sets(project)
    assert default_storage.exists(old.model_file)
    assert not old.shards.exists()
    Fit.objects.all().delete()
    grow(project, 120)
    embed_all(project)
    assert len(lsi_sets(project)) == 1
    assert not default_storage.exists(old.model_file)


def test_a_fit_with_older_weights_is_ranked_again_with_them() -> None:
    project, _, _ = make_named_world()
    embed_all(project)
    first = fit(project)
    grow(project, 60)
    embed_all(project)
    assert first is not None
    from learners.services.fitting import rank_open_pool

    ranking, n_open = rank_open_pool(
        fit=Fit.objects.get(pk=first.pk), training=training_set(project.pk), load=TinyEmbedder
    )
    assert (ranking.n_pool, n_open) == (110, 110)


def test_weights_that_a_fit_names_and_that_are_gone_are_not_replaced_in_silence() -> None:
    project, _, _ = make_named_world()
    embed_all(project)
    fit(project)
    Fit.objects.update(parts={"lsi": "f" * 64})
    with pytest.raises(BadFile, match="LSI weights ffffffffffff… that fit"):
        gather(fit=Fit.objects.get(), training=training_set(project.pk), load=TinyEmbedder)


def test_a_rebuild_says_that_it_makes_such_a_fit_with_other_weights() -> None:
    project, _, _ = make_named_world()
    embed_all(project)
    fit(project)
    Fit.objects.update(parts={"lsi": "f" * 64})
    said: list[str] = []
    rebuild_project(
        project_id=project.pk, new_token=uuid4, clock=Clock(), say=said.append, load=TinyEmbedder
    )
    assert any("LSI weights are gone; made with those of today" in line for line in said)
    assert Fit.objects.get().parts["lsi"] == lsi_sets(project)[0].digest


def test_weights_stay_while_a_fit_runs_that_may_be_using_them() -> None:
    project, _, _ = make_named_world()
    embed_all(project)
    start_fit(project_id=project.pk, token=uuid4(), now=NOW)
    grow(project, 60)
    embed_all(project)
    assert [default_storage.exists(row.model_file) for row in lsi_sets(project)] == [True, True]


def test_a_fit_fits_the_part_itself_where_nobody_has_yet() -> None:
    project, examples, user = make_named_world()
    embed_part(project, "minilm")
    label(examples[10:20], user)
    row = fit(project)
    assert row is not None
    assert row.parts["lsi"] == lsi_sets(project)[0].digest
    embed_part(project, "lsi")
    assert [found.n_done for found in lsi_sets(project)] == [60]


def test_a_task_that_dies_while_it_fits_is_followed_by_another() -> None:
    project, _, _ = make_named_world()
    EmbeddingSet.objects.create(
        project=project, embedder="lsi", running_token=uuid4(), heartbeat_at=NOW
    )
    assert due_work.part_to_embed(project.pk, NOW) == "minilm"
    clock = Clock()
    clock.move(seconds=31)
    embed_part(project, "lsi", clock=clock)
    assert lsi_sets(project)[0].ready_at == clock.now


def test_a_part_that_fails_leaves_the_embedder_to_go_on() -> None:
    project, _, _ = make_named_world()

    class Wordless(TinyEmbedder):
        tokenizer = None

    embed_part(project, "lsi", Wordless())
    assert "has no tokenizer" in lsi_sets(project)[0].error
    assert due_work.part_to_embed(project.pk, NOW) == "minilm"


@pytest.fixture
def grown() -> Project:
    """A fit from names alone and two on labels, with two pool models and a class described between."""
    project, examples, user = make_named_world(head="self_trained")
    embed_all(project)
    fit(project)
    label([*examples[:4], *examples[10:18]], user)
    fit(project)
    bird = LabelClass.objects.get(name="bird")
    change_class(
        actor=user,
        label_class=bird,
        spec=ClassSpec(name="bird", description="has feathers"),
        now=NOW,
    )
    later = grow(project, 60)
    embed_all(project)
    label([*examples[4:8], *examples[18:26]], user)
    assert later
    assert fit(project)
    return project


def rebuild(project: Project) -> int:
    return rebuild_project(
        project_id=project.pk, new_token=uuid4, clock=Clock(), say=print, load=TinyEmbedder
    )


def test_names_and_pool_models_are_rebuilt_the_same(grown: Project) -> None:
    facts = ("pk", "upto_seq", "head", "features", "label_names", "parts", "pool_upto", "class_ids")
    before = list(Fit.objects.order_by("pk").values_list(*facts)), scores(grown), queue(grown)
    digests = {row.digest for row in lsi_sets(grown)}
    assert rebuild(grown) == 3
    assert {row.digest for row in lsi_sets(grown)} == digests
    after = list(Fit.objects.order_by("pk").values_list(*facts)), scores(grown), queue(grown)
    assert after == before


def test_a_pool_that_is_no_longer_the_same_stops_the_rebuilding(grown: Project) -> None:
    first = grown.examples.filter(role=Example.Role.POOL).first()
    assert first is not None
    Example.objects.filter(pk=first.pk).update(text="something else entirely")
    with pytest.raises(RebuildFailed, match="LSI came out different"):
        rebuild(grown)


def test_the_bin_deletes_the_weights_too(grown: Project) -> None:
    from django.conf import settings

    assert ("learners.EmbeddingSet", "project", ["model_file"]) in settings.LABELER_PROJECT_FILES
    assert all(default_storage.exists(row.model_file) for row in lsi_sets(grown))


def test_shards_of_a_part_are_its_own(grown: Project) -> None:
    row = current_set(grown.pk, "lsi")
    assert row is not None
    assert {shard.vectors.shape[1] for shard in open_shards(row)} == {row.n_dimensions}
    assert FitRequest.objects.count() == 0
