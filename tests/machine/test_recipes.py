"""Fits by what a project asks for: names as examples, features of several parts, heads, strictness."""

from typing import Any, cast
from unittest.mock import patch
from uuid import uuid4

import numpy as np
import pytest

from learners.engine.features import joined
from learners.engine.heads import Head
from learners.models import EmbeddingSet, Fit, FitRequest, RankedExample
from learners.selectors.class_texts import class_texts
from learners.selectors.status import project_status
from learners.selectors.training import training_set, training_set_from_ledger
from learners.services import due_work
from learners.services.embedding import embed_chunk
from learners.services.material import gather
from learners.services.prediction import head_of, predict, vectors_for
from projects.models import Example, LabelClass, Project, User
from projects.services.class_merging import retire_class
from projects.services.classes import ClassSpec, add_classes, change_class
from tests.factories import NOW, make_examples
from tests.machine.fakes import TinyEmbedder
from tests.machine.worlds import (
    Clock,
    embed_all,
    embed_part,
    fit,
    is_bird,
    label,
    make_named_world,
    make_world,
    texts,
)

pytestmark = pytest.mark.django_db


def published(project: Project) -> Fit:
    found = fit(project)
    assert found is not None
    assert (found.status, found.error) == (Fit.Status.PUBLISHED, "")
    return found


def queue_of(row: Fit) -> list[int]:
    return list(RankedExample.objects.filter(fit=row).values_list("example_id", flat=True))


def material_of(row: Fit) -> Any:
    training = training_set_from_ledger(row.project_id, row.upto_seq)
    return gather(fit=row, training=training, load=TinyEmbedder)


def test_the_classes_names_alone_make_a_model_and_a_queue() -> None:
    project, examples, _ = make_named_world()
    embed_all(project)
    first = published(project)
    assert (first.n_labels, first.label_names, first.features) == (0, True, "minilm+lsi")
    assert set(queue_of(first)) == {e.pk for e in examples[10:]}
    assert len(first.class_ids) == 2
    assert not first.scores.exists()


def test_the_first_model_of_names_waits_for_the_first_texts() -> None:
    project, _, _ = make_named_world()
    assert "first texts are read" in due_work.decide_fit(project.pk, NOW).why_not
    embed_part(project, "lsi")
    assert not due_work.fit_is_due(project.pk, NOW)
    embed_part(project, "minilm")
    assert due_work.projects_to_fit(NOW) == [project.pk]


def test_names_without_letters_make_no_model() -> None:
    project, _, _ = make_named_world()
    LabelClass.objects.filter(name="bird").update(name="1")
    embed_all(project)
    assert not due_work.fit_is_due(project.pk, NOW)


def test_a_project_that_does_not_learn_from_names_waits_for_labels() -> None:
    project, _, _ = make_named_world(label_names=False)
    embed_all(project)
    assert fit(project) is None


def change(label_class: LabelClass, user: User, **changes: Any) -> None:
    row = LabelClass.objects.get(pk=label_class.pk)
    facts = {name: getattr(row, name) for name in ("name", "colour", "shortcut", "description")}
    change_class(actor=user, label_class=row, spec=ClassSpec(**{**facts, **changes}), now=NOW)


@pytest.mark.parametrize(
    ("changes", "is_due"),
    [
        ({"name": "fowl"}, True),
        ({"description": "has feathers"}, True),
        ({"colour": 9}, False),
        ({"shortcut": "b"}, False),
    ],
)
def test_a_changed_name_or_description_is_trained_and_a_colour_is_not(
    changes: dict[str, Any], is_due: bool
) -> None:
    project, _, user = make_named_world()
    embed_all(project)
    published(project)
    change(LabelClass.objects.get(name="bird"), user, **changes)
    assert due_work.fit_is_due(project.pk, NOW) is is_due
    assert (due_work.label_changes_since_newest_attempt(project.pk) == 10) is is_due


def test_a_changed_name_waits_for_labels_where_names_do_not_train() -> None:
    project, examples, user = make_world()
    embed_all(project)
    label(examples[10:20], user)
    published(project)
    change(LabelClass.objects.get(name="bird"), user, name="fowl")
    assert not due_work.fit_is_due(project.pk, NOW)


def test_an_added_and_a_retired_class_are_trained_and_forgotten_at_once() -> None:
    project, _, user = make_named_world()
    embed_all(project)
    published(project)
    (added,) = add_classes(actor=user, project=project, specs=[ClassSpec(name="fish")], now=NOW)
    assert added.pk in published(project).class_ids
    retire_class(actor=user, label_class=added, now=NOW)
    assert added.pk not in published(project).class_ids


def test_names_are_read_as_they_were_at_a_fit() -> None:
    project, _, user = make_named_world()
    before = class_texts(project.pk)
    bird = LabelClass.objects.get(name="bird")
    project.refresh_from_db()
    seq = project.seq
    change(bird, user, name="fowl", description="has feathers")
    add_classes(actor=user, project=project, specs=[ClassSpec(name="fish")], now=NOW)
    retire_class(actor=user, label_class=LabelClass.objects.get(name="tool"), now=NOW)
    assert class_texts(project.pk, seq) == before
    assert [text.name for text in class_texts(project.pk)] == ["fowl", "fish"]


def test_none_of_these_is_no_name() -> None:
    project, _, user = make_named_world()
    specs = [ClassSpec(name="None of these", is_none=True)]
    add_classes(actor=user, project=project, specs=specs, now=NOW)
    assert [text.name for text in class_texts(project.pk)] == ["bird", "tool"]


def test_a_part_that_is_not_stored_is_computed_and_changes_nothing() -> None:
    project, examples, user = make_named_world()
    label(examples[10:20], user)
    embed_part(project, "minilm")
    computed = published(project)
    embed_part(project, "lsi")
    FitRequest.objects.create(project=project, requested_at=NOW)
    stored = published(project)
    assert computed.parts == stored.parts
    assert queue_of(computed) == queue_of(stored)


def test_every_vector_has_all_parts_side_by_side() -> None:
    project, examples, user = make_named_world()
    embed_all(project)
    label(examples[10:20], user)
    row = published(project)
    material = material_of(row)
    n_lsi = EmbeddingSet.objects.get(embedder="lsi").n_dimensions
    assert n_lsi
    assert material.X.shape == (10, 16 + n_lsi)
    assert head_of(row).n_dimensions == 16 + n_lsi
    parts = [part.vectors(material.training.example_ids) for part in material.parts]
    assert pytest.approx(joined(parts)) == material.X


def test_a_head_that_learns_from_the_pool_is_given_open_texts_of_lowest_rank() -> None:
    project, examples, user = make_named_world(head="self_trained")
    embed_all(project)
    label(examples[10:20], user)
    row = published(project)
    sample = material_of(row).sample
    assert sample.ids.tolist() == [e.pk for e in sorted(examples[20:], key=lambda e: e.random_rank)]
    assert (row.n_pool_sample, row.pool_upto) == (40, examples[-1].pk)


def test_a_pool_that_was_half_read_gives_the_half_again_later() -> None:
    project, examples, user = make_named_world(head="self_trained")
    read = embed_some(project, 25)
    label(examples[10:20], user)
    row = published(project)
    before = material_of(row)
    assert 0 < (row.n_pool_sample or 0) < read
    project.refresh_from_db()
    make_examples(project, [f"late {text}" for text in texts(60)], seed=8)
    embed_all(project)
    after = material_of(row)
    assert after.sample.ids.tolist() == before.sample.ids.tolist()
    assert after.pool == pytest.approx(before.pool)


def embed_some(project: Project, n: int) -> int:
    """Read the first texts of every part, those of lowest rank; how many at most."""
    with patch("learners.services.embedding.FIRST_CHUNK", n):
        for part in ("lsi", "minilm"):
            embed_chunk(
                project_id=project.pk, token=uuid4(), clock=Clock(), load=TinyEmbedder, part=part
            )
    return n


def test_other_heads_are_given_no_pool() -> None:
    project, examples, user = make_named_world()
    embed_all(project)
    label(examples[10:20], user)
    row = published(project)
    assert material_of(row).pool is None
    assert (row.n_pool_sample, row.pool_upto) == (None, None)


def test_predictions_of_new_texts_have_all_parts(settings: Any) -> None:
    settings.LABELER_EMBEDDER = "tests.machine.fakes.tiny_embedder"
    project, examples, user = make_named_world()
    embed_all(project)
    label(examples[10:20], user)
    row = published(project)
    ((ids, stored),) = material_of(row).blocks(np.array([e.pk for e in examples[30:40]]))
    texts = [Example.objects.get(pk=pk).text for pk in ids]
    assert vectors_for(fit=row, texts=texts) == pytest.approx(stored, abs=1e-3)
    assert predict(fit=row, texts=texts).probabilities.sum(axis=1) == pytest.approx(np.ones(10))


def test_strictly_audit_answers_measure_the_published_model_and_never_train() -> None:
    project, examples, user = make_named_world(strict_audit=True)
    embed_all(project)
    label(examples[:20], user)
    first = published(project)
    training = training_set(project.pk)
    material = gather(fit=first, training=training, load=TinyEmbedder)
    audit = training.is_audit
    right = head_of(first).predict(material.X[audit]) == training.class_ids[audit]
    assert first.scores.get(metric="accuracy").value == pytest.approx(right.mean())
    other = LabelClass.objects.get(name="tool")
    project.annotations.filter(example__role="audit").update(labels=[other.pk])
    FitRequest.objects.create(project=project, requested_at=NOW)
    assert coefficients(published(project)) == pytest.approx(coefficients(first))


def coefficients(row: Fit) -> Any:
    return cast(Head, head_of(row)).coef


def test_strictly_labels_of_two_classes_among_audit_answers_are_too_few() -> None:
    project, examples, user = make_world()
    Project.objects.update(strict_audit=True)
    birds = [e for e in examples[10:] if is_bird(e)][:12]
    label([*examples[:6], *birds], user)
    assert due_work.decide_fit(project.pk, NOW).why_not == due_work.NEEDS_TWO_CLASSES
    banner = project_status(Project.objects.get(), NOW).banners
    assert any("a model needs two" in b.text for b in banner)


def test_a_fit_says_with_what_it_was_made() -> None:
    project, examples, user = make_named_world(strategy="entropy")
    embed_all(project)
    label(examples[10:20], user)
    row = published(project)
    lsi = EmbeddingSet.objects.get(embedder="lsi")
    minilm = EmbeddingSet.objects.get(embedder="minilm")
    assert row.parts == {"minilm": minilm.digest, "lsi": lsi.digest}
    assert (row.head, row.strategy, row.embedder_digest) == ("logistic", "entropy", minilm.digest)


def failed(project: Project) -> str:
    row = fit(project)
    assert row is not None
    assert row.status == Fit.Status.FAILED
    assert any(row.error in banner.text for banner in project_status(project, NOW).banners)
    return row.error


def test_texts_without_a_word_in_common_are_said() -> None:
    project, _, _ = make_named_world(n_texts=10, n_audit=0)
    Example.objects.filter(project=project).delete()
    make_examples(project, ["ax", "by"], seed=9)
    embed_all(project)
    lsi = EmbeddingSet.objects.get(project=project, embedder="lsi")
    assert "no word stands in 2 of the 2 texts" in lsi.error
    assert "no word stands in 2 of the 2 texts" in failed(project)


def test_an_unknown_head_is_said() -> None:
    project, examples, user = make_named_world(head="oracle")
    embed_all(project)
    label(examples[10:20], user)
    assert "no head 'oracle'" in failed(project)


def test_vectors_that_are_all_alike_are_said_and_make_no_model() -> None:
    class Constant(TinyEmbedder):
        def embed(self, texts: Any) -> Any:
            return super().embed(["same"] * len(texts))

    project, examples, user = make_world()
    embed_all(project, Constant())
    label(examples[10:20], user)
    row = fit(project, embedder=Constant())
    assert row is not None
    assert (row.status, queue_of(row)) == (Fit.Status.FAILED, [])
    assert "the same for every text" in row.error
    assert any(row.error in banner.text for banner in project_status(project, NOW).banners)


def test_labelled_texts_alone_may_have_one_vector() -> None:
    class Half(TinyEmbedder):
        def embed(self, texts: Any) -> Any:
            kinds = [text if "number3" in text else "same" for text in texts]
            return super().embed(kinds)

    project, examples, user = make_world()
    embed_all(project, Half())
    label(examples[10:20], user)
    row = fit(project, embedder=Half())
    assert row is not None
    assert (row.status, row.error) == (Fit.Status.PUBLISHED, "")


def test_vectors_that_are_not_finite_are_said() -> None:
    class Broken(TinyEmbedder):
        def embed(self, texts: Any) -> Any:
            found = super().embed(texts)
            found.vectors[:] = np.nan
            return found

    project, examples, user = make_world()
    embed_all(project, Broken())
    label(examples[10:20], user)
    row = fit(project, embedder=Broken())
    assert row is not None
    assert "NaN or infinite" in row.error


def test_a_class_with_one_example_and_more_classes_than_labels_are_trained() -> None:
    project, examples, user = make_named_world(label_names=False)
    specs = [ClassSpec(name=f"class {i}") for i in range(20)]
    add_classes(actor=user, project=project, specs=specs, now=NOW)
    embed_all(project)
    tools = [e for e in examples[10:] if not is_bird(e)]
    label([next(e for e in examples[10:] if is_bird(e)), *tools[:9]], user)
    assert len(published(project).class_ids) == 2


def test_an_empty_pool_publishes_an_empty_queue() -> None:
    project, examples, user = make_world(n_texts=10, n_audit=0)
    embed_all(project)
    label(examples, user)
    row = published(project)
    assert (queue_of(row), row.n_pool) == ([], 0)
