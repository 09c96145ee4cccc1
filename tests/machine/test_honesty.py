"""What a fit finds out beyond one accuracy, from real fits on a small world."""

from typing import Any

import numpy as np
import pytest

from learners.engine.helping import Answered, Said, looked_back
from learners.models import AuditPredictions, Fit, PoolPredictions, RandomBaseline, Score
from learners.selectors.honesty import advice, baseline, measured
from learners.services import honesty
from projects.models import Example, Project, User
from tests.factories import NOW
from tests.machine.test_rebuild import rebuild
from tests.machine.worlds import embed_all, fit, is_bird, label, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def n_audit() -> int:
    return 30


@pytest.fixture
def grown(n_audit: int) -> Project:
    """Two fits: of 36 labels, 24 of them random, and of 66, 30 of them random."""
    project, examples, user = make_world(150, n_audit=n_audit)
    embed_all(project)
    label([*examples[:24], *examples[30:42]], user)
    fit(project)
    label([*examples[42:66], *examples[24:30]], user)
    fit(project)
    return project


def newest(project: Project) -> Fit:
    return Fit.objects.filter(project=project).latest("id")


def test_each_random_answer_is_kept_with_what_was_said_of_it(grown: Project) -> None:
    row = AuditPredictions.objects.get(fit=newest(grown))
    audit = Example.objects.filter(project=grown, role=Example.Role.AUDIT)
    assert row.example_ids == sorted(audit.values_list("pk", flat=True))
    birds = grown.label_classes.get(name="bird").pk
    assert [true == birds for true in row.true_class_ids] == [
        is_bird(example) for example in audit.order_by("pk")
    ]
    accuracy = Score.objects.get(fit=newest(grown), metric="accuracy")
    assert accuracy.value == np.mean(np.equal(row.true_class_ids, row.said_class_ids))
    assert all(0.5 <= sure <= 1 for sure in row.confidences)


def test_the_same_open_texts_of_the_pool_are_asked_each_time(grown: Project) -> None:
    first, second = PoolPredictions.objects.order_by("fit_id")
    assert set(second.example_ids) < set(first.example_ids)
    assert len(first.example_ids) - len(second.example_ids) == 24
    labelled = Example.objects.filter(project=grown, settled=True).values_list("pk", flat=True)
    assert not set(second.example_ids) & set(labelled)


def test_random_labels_alone_are_raced_against_the_project(grown: Project) -> None:
    found = baseline(grown.pk)
    assert found is not None
    assert [row.n_labels for row in found.rows] == [5, 10, 20]
    assert (found.n, found.fit) == (30, newest(grown))


def test_a_batch_that_begins_with_its_random_texts_is_raced_all_the_same() -> None:
    project, examples, user = make_world(150, n_audit=30)
    embed_all(project)
    label([*examples[:24], *examples[30:70]], user)
    fit(project)
    assert baseline(project.pk) is not None


def test_a_fit_that_failed_takes_no_mark_away(grown: Project) -> None:
    RandomBaseline.objects.all().delete()
    failed = Fit.objects.filter(pk=newest(grown).pk)
    failed.update(status=Fit.Status.FAILED, retry_at=NOW, error="away")
    label(list(grown.examples.filter(role="pool", settled=False)[:10]), _owner(grown))
    fit(grown)
    assert RandomBaseline.objects.get().fit == newest(grown)


def _owner(project: Project) -> User:
    return project.memberships.get(role="owner").user


def test_the_gain_of_the_next_labels_is_told_from_fifty_on(grown: Project) -> None:
    gains = Score.objects.filter(metric="gain_50").values_list("fit_id", "n")
    assert list(gains) == [(newest(grown).pk, 30)]
    assert advice(grown.pk).gain.low is not None


def test_the_gain_is_between_models_that_hold_out_the_same_texts(
    grown: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def noting(answered: Answered, said: Said, n_first: int, *, strict: bool) -> Any:
        asked.append(n_first)
        return looked_back(answered, said, n_first, strict=strict)

    monkeypatch.setattr(honesty, "looked_back", noting)
    label(list(grown.examples.filter(role="pool", settled=False)[:10]), _owner(grown))
    fit(grown)
    assert asked == [38, 76]


def test_confidence_is_measured_from_thirty_answers_on(grown: Project) -> None:
    metrics = Score.objects.filter(metric__startswith="ece").values_list("fit_id", "metric")
    assert sorted(metrics) == [(newest(grown).pk, "ece"), (newest(grown).pk, "ece_by_chance")]


def test_the_page_reads_what_the_fit_wrote(grown: Project) -> None:
    found = measured(grown.pk)
    assert found is not None
    assert found.confusion.n == 30
    assert [label_class.name for label_class in found.classes.values()] == ["bird", "tool"]
    assert found.error is not None


def rows(project: Project) -> list[object]:
    audit = AuditPredictions.objects.order_by("fit_id").values_list(
        "fit_id", "example_ids", "true_class_ids", "said_class_ids", "confidences"
    )
    pool = PoolPredictions.objects.order_by("fit_id").values_list(
        "fit_id", "example_ids", "class_ids"
    )
    race = RandomBaseline.objects.order_by("fit_id").values()
    return [list(audit), list(pool), [{**row, "id": 0} for row in race]]


def test_a_rebuild_finds_the_same(grown: Project) -> None:
    before = rows(grown)
    assert rebuild(grown) == 2
    assert rows(grown) == before


def test_strictly_no_random_answer_trains(grown: Project) -> None:
    Project.objects.filter(pk=grown.pk).update(strict_audit=True)
    examples = list(grown.examples.filter(role="pool", settled=False)[:10])
    label(examples, _owner(grown))
    fit(grown)
    found = measured(grown.pk)
    assert found is not None
    assert found.fit.strict_audit
    assert baseline(grown.pk) is not None


def test_without_random_answers_only_the_pool_is_asked() -> None:
    project, examples, user = make_world(60)
    embed_all(project)
    label(examples[10:24], user)
    fit(project)
    assert PoolPredictions.objects.count() == 1
    assert not AuditPredictions.objects.exists()
    assert not RandomBaseline.objects.exists()
