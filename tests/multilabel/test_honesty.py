"""The honest numbers where a text has any number of classes, from real fits on a small world."""

from typing import Any
from uuid import uuid4

import numpy as np
import pytest

from learners.models import AuditPredictions, AuditSets, Fit, PoolSets, RandomBaseline, Score
from learners.selectors.honesty import advice, baseline, measured_sets
from learners.services.rebuild import rebuild_project
from projects.models import Example, Project
from tests.machine.fakes import TinyEmbedder
from tests.machine.worlds import Clock, embed_all, fit
from tests.multilabel.worlds import ids, make_mixed_world, tell, true_set

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def tiny(settings: Any) -> None:
    settings.LABELER_EMBEDDER = "tests.machine.fakes.tiny_embedder"


@pytest.fixture
def grown() -> Project:
    """Two fits: of 36 labels, 24 of them random, and of 66, 36 of them random."""
    project, examples, user = make_mixed_world(160, n_audit=36)
    embed_all(project)
    tell([*examples[:24], *examples[36:48]], user)
    fit(project)
    tell([*examples[24:36], *examples[48:66]], user)
    fit(project)
    return project


def newest() -> Fit:
    return Fit.objects.latest("id")


def test_each_class_of_each_random_answer_is_kept(grown: Project) -> None:
    row = AuditSets.objects.get(fit=newest())
    audit = Example.objects.filter(role=Example.Role.AUDIT).order_by("pk")
    assert row.example_ids == list(audit.values_list("pk", flat=True))
    assert row.class_ids == ids(grown, "bird", "tool")
    truth = [name in true_set(example) for example in audit for name in ("bird", "tool")]
    assert row.truth == truth
    whole = (np.equal(row.truth, row.said).reshape(-1, 2)).all(axis=1)
    assert Score.objects.get(fit=newest(), metric="exact_match").value == whole.mean()
    assert not AuditPredictions.objects.exists()


def test_the_same_open_texts_of_the_pool_are_asked_each_time(grown: Project) -> None:
    first, second = PoolSets.objects.order_by("fit_id")
    assert set(second.example_ids) < set(first.example_ids)
    assert len(second.said) == 2 * len(second.example_ids)


def test_random_labels_alone_are_raced_against_the_project(grown: Project) -> None:
    found = baseline(grown.pk)
    assert found is not None
    assert found.n == 36
    assert [row.n_labels for row in found.rows] == [6, 12, 24]
    assert all(0 <= row.random.value <= 1 for row in found.rows)


def test_the_signs_are_of_whole_sets(grown: Project) -> None:
    found = advice(grown.pk)
    exact = Score.objects.get(fit=newest(), metric="exact_match")
    assert (found.interval.low, found.interval.high) == (exact.low, exact.high)
    assert found.stability.n == 1
    assert found.stability.value is not None
    assert found.gain.n == 36


def test_probabilities_are_weighed_over_all_classes(grown: Project) -> None:
    found = measured_sets(grown.pk)
    assert found is not None
    assert found.pooled is not None
    assert (found.n, found.pooled.n_classes) == (36, 2)
    stored = Score.objects.get(fit=newest(), metric="ece")
    assert stored.n == 72
    assert stored.value == pytest.approx(found.pooled.error.error.value)


def rows() -> list[object]:
    sets = AuditSets.objects.order_by("fit_id").values()
    pool = PoolSets.objects.order_by("fit_id").values()
    race = RandomBaseline.objects.order_by("fit_id").values()
    return [[{**row, "id": 0} for row in part] for part in (sets, pool, race)]


def test_a_rebuild_finds_the_same(grown: Project) -> None:
    before = rows()
    rebuild_project(
        project_id=grown.pk,
        new_token=uuid4,
        clock=Clock(),
        say=lambda words: None,
        load=TinyEmbedder,
    )
    assert rows() == before


def test_strictly_no_random_answer_trains(grown: Project) -> None:
    Project.objects.update(strict_audit=True)
    user = grown.memberships.get().user
    tell(list(grown.examples.filter(role="pool", settled=False)[:10]), user)
    found = fit(grown)
    assert found is not None
    assert found.status == Fit.Status.PUBLISHED, found.error
    assert AuditSets.objects.filter(fit=found).exists()


def test_without_random_answers_only_the_pool_is_asked() -> None:
    project, examples, user = make_mixed_world(60, n_audit=10)
    embed_all(project)
    tell(examples[10:30], user)
    fit(project)
    assert PoolSets.objects.count() == 1
    assert not AuditSets.objects.exists()
    assert not RandomBaseline.objects.exists()
