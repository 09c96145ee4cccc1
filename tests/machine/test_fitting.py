"""When a fit runs, what it publishes, and what happens when it fails or its worker dies."""

import threading
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from django.core.files.storage import default_storage
from django.db import connection

from learners.engine.intervals import wilson
from learners.engine.strategies import get_strategy
from learners.models import EmbeddingSet, Fit, FitRequest, RankedExample
from learners.services import due_work
from learners.services.compaction import Superseded
from learners.services.fitting import compute, run_fit, start_fit
from learners.services.prediction import head_of, predict
from learners.services.publishing import publish
from learners.services.shards import blocks, open_shards
from projects.models import (
    Annotation,
    AnnotationEvent,
    Example,
    GoldLabel,
    LabelClass,
    Project,
    ProjectEvent,
)
from projects.services.classes import ClassSpec, add_classes, change_class
from projects.services.ledger import append_project_event
from tests.factories import NOW, make_examples
from tests.machine.fakes import TinyEmbedder
from tests.machine.worlds import Clock, embed_all, fit, is_bird, label, make_world

pytestmark = pytest.mark.django_db


def ready_world(n_texts: int = 60, n_labels: int = 10) -> tuple[Project, list[Example], Any]:
    """Embedded, with labels on the first pool texts."""
    project, examples, user = make_world(n_texts)
    embed_all(project)
    label(examples[10 : 10 + n_labels], user)
    return project, examples, user


def queue_of(published: Fit) -> list[int]:
    return list(RankedExample.objects.filter(fit=published).values_list("example_id", flat=True))


def test_nine_label_changes_are_too_few_and_ten_are_a_batch() -> None:
    project, examples, user = ready_world(n_labels=9)
    assert fit(project) is None
    label([examples[30]], user)
    published = fit(project)
    assert published is not None
    assert (published.status, published.n_labels) == (Fit.Status.PUBLISHED, 10)


def test_the_next_fit_waits_for_the_next_batch() -> None:
    project, examples, user = ready_world()
    fit(project)
    label(examples[20:29], user)
    assert due_work.label_changes_since_newest_attempt(project.pk) == 9
    assert fit(project) is None
    label(examples[29:30], user)
    assert fit(project) is not None


def test_labels_of_one_class_are_not_fitted_and_the_reason_is_said() -> None:
    project, examples, user = make_world()
    label([e for e in examples if is_bird(e)][:12], user)
    decision = due_work.decide_fit(project.pk, NOW)
    assert not decision.due
    assert "two classes" in decision.why_not


def test_an_undo_counts_as_a_label_change() -> None:
    project, examples, user = ready_world(n_labels=9)
    done = AnnotationEvent.objects.filter(example=examples[10]).get()
    AnnotationEvent.objects.create(
        project=project,
        seq=project.seq + 100,
        example=examples[10],
        annotator=user,
        kind="undo",
        undoes=done,
        client_uuid=uuid4(),
        created_at=NOW,
        draw="history",
    )
    assert due_work.label_changes_since_newest_attempt(project.pk) == 10


def test_skips_flags_and_comments_are_no_label_changes() -> None:
    project, examples, user = ready_world(n_labels=9)
    for place, kind in enumerate(("skip", "flag", "comment")):
        AnnotationEvent.objects.create(
            project=project,
            seq=project.seq + 100 + place,
            example=examples[40],
            annotator=user,
            kind=kind,
            client_uuid=uuid4(),
            created_at=NOW,
            draw="random",
        )
    assert due_work.label_changes_since_newest_attempt(project.pk) == 9


def test_a_merge_that_changed_labels_fills_a_batch() -> None:
    project, _, user = ready_world()
    fit(project)
    append_project_event(
        project_id=project.pk,
        kind=ProjectEvent.Kind.CLASS_MERGED,
        actor=user,
        payload={"class": 1, "into": 2, "n_annotations": 3},
        now=NOW,
    )
    assert due_work.fit_is_due(project.pk, NOW)


def test_the_wait_is_counted_from_the_label_that_filled_the_batch() -> None:
    project, examples, user = make_world()
    embed_all(project)
    label(examples[10:19], user)
    label(examples[19:22], user, now=NOW + timedelta(seconds=5))
    published = fit(project, Clock(NOW + timedelta(seconds=9)))
    assert published is not None
    assert published.wait_seconds == pytest.approx(4.0)


def test_the_queue_is_the_strategys_order_and_not_the_files() -> None:
    project, examples, _ = ready_world()
    published = fit(project)
    assert published is not None
    ids = [e.pk for e in examples[20:]]
    shards = open_shards(EmbeddingSet.objects.get())
    ((pool, vectors),) = blocks(shards, np.array(ids))
    probabilities = np.sort(head_of(published).predict_proba(vectors), axis=1)
    margins = dict(zip(pool.tolist(), probabilities[:, -1] - probabilities[:, -2], strict=True))
    queue = queue_of(published)
    assert queue == sorted(queue, key=lambda pk: margins[pk])
    assert queue != sorted(queue)


def test_the_queue_holds_open_pool_texts_only() -> None:
    project, examples, _ = ready_world()
    published = fit(project)
    assert published is not None
    assert set(queue_of(published)) == {e.pk for e in examples[20:]}


def test_what_was_answered_while_the_fit_ran_is_left_out() -> None:
    project, examples, user = ready_world()
    started = start_fit(project_id=project.pk, token=uuid4(), now=NOW)
    assert started is not None
    outcome = compute(fit=started.fit, training=started.training, clock=Clock(), load=TinyEmbedder)
    label([examples[33]], user)
    publish(fit=started.fit, outcome=outcome, now=NOW)
    assert examples[33].pk not in queue_of(started.fit)
    assert len(queue_of(started.fit)) == 39


def test_audit_answers_are_scored_and_others_are_not() -> None:
    project, examples, user = ready_world()
    label(examples[:6], user)
    published = fit(project)
    assert published is not None
    score = published.scores.get(metric="accuracy")
    assert (score.n, published.n_audit, published.n_labels) == (6, 6, 16)
    n_right = round(score.value * 6)
    assert (score.low, score.high) == pytest.approx(
        (wilson(n_right, 6).low, wilson(n_right, 6).high)
    )


def test_macro_f1_is_withheld_until_each_class_has_five_audit_answers() -> None:
    project, examples, user = ready_world()
    label(examples[:9], user)
    published = fit(project)
    assert published is not None
    assert not published.scores.filter(metric="macro_f1").exists()


def test_stale_audit_answers_train_but_do_not_measure() -> None:
    project, examples, user = ready_world()
    label(examples[:6], user)
    Annotation.objects.filter(example__in=examples[:2]).update(stale=True)
    published = fit(project)
    assert published is not None
    assert (published.n_audit, published.n_labels) == (4, 16)


def test_a_fit_without_accuracy_says_that_a_class_made_its_answers_old() -> None:
    project, examples, user = ready_world()
    label(examples[:4], user)
    specs = [ClassSpec(name="plants"), ClassSpec(name="beasts")]
    _, newest = add_classes(actor=user, project=project, specs=specs, now=NOW)
    change_class(actor=user, label_class=newest, spec=ClassSpec(name="animals"), now=NOW)
    published = fit(project)
    assert published is not None
    assert not published.scores.filter(metric="accuracy").exists()
    assert published.unmeasured_because == (
        "the random texts answered so far are older than “animals” and are being asked again"
    )


def test_a_fit_without_random_answers_says_so_and_a_measured_one_says_nothing() -> None:
    project, examples, user = ready_world()
    first = fit(project)
    label(examples[:10], user)
    second = fit(project)
    assert first is not None
    assert second is not None
    assert first.unmeasured_because == "no random text has been answered yet"
    assert second.unmeasured_because == ""


def test_a_given_test_split_is_measured_against_gold() -> None:
    project, examples, _ = ready_world()
    by_name = {c.name: c for c in LabelClass.objects.filter(project=project)}
    for example in examples[40:]:
        GoldLabel.objects.create(
            example=example, label_class=by_name["bird" if is_bird(example) else "tool"]
        )
    Example.objects.filter(pk__in=[e.pk for e in examples[40:]]).update(role=Example.Role.TEST)
    published = fit(project)
    assert published is not None
    assert published.scores.get(metric="test_accuracy").n == 20
    assert published.scores.filter(metric="test_macro_f1").exists()


def test_labelled_texts_that_are_not_yet_embedded_are_embedded_by_the_fit() -> None:
    project, examples, user = make_world()
    label(examples[10:20], user)
    embedder = TinyEmbedder()
    published = fit(project, embedder=embedder)
    assert published is not None
    assert sorted(embedder.seen) == sorted(e.text for e in examples[10:20])
    assert published.note == "Ranked 0 of 40 open texts: the others were not read yet."


def test_vectors_of_another_model_are_not_mixed_in() -> None:
    project, examples, user = make_world()
    embed_all(project)
    (later,) = make_examples(project, ["heron lark later"], seed=4)
    label([*examples[10:19], later], user)
    published = fit(project, embedder=TinyEmbedder(digest="e" * 64))
    assert published is not None
    assert published.embedder_digest == "e" * 64
    assert published.n_ranked_from == 0


def test_the_same_labels_and_seed_give_the_same_fit() -> None:
    project, examples, user = ready_world()
    label(examples[:6], user)
    first = fit(project)
    assert first is not None
    FitRequest.objects.create(project=project, requested_at=NOW)
    second = fit(project)
    assert second is not None
    assert second.seed == first.seed
    assert queue_of(second) == queue_of(first)


@pytest.mark.parametrize(
    "name", ["random", "least_confidence", "margin", "entropy", "ranked_batch"]
)
def test_every_strategy_publishes_a_queue(name: str) -> None:
    project, _, _ = ready_world()
    Project.objects.update(strategy=name)
    published = fit(project)
    assert published is not None
    assert published.error == ""
    expected = min(get_strategy(name).max_queue or 40, 40)
    assert len(queue_of(published)) == expected


def broken_strategy(learner: Any, X_pool: Any, n_instances: int = 1) -> Any:
    raise RuntimeError("no probabilities")


def test_an_error_in_a_strategy_is_stored_and_the_previous_queue_serves() -> None:
    project, examples, user = ready_world()
    before = fit(project)
    label(examples[20:30], user)
    Project.objects.update(strategy=f"{__name__}.broken_strategy")
    failed = fit(project)
    assert before is not None
    assert failed is not None
    assert (failed.status, failed.error) == (Fit.Status.FAILED, "RuntimeError: no probabilities")
    assert RankedExample.objects.filter(fit=before).exists()


def test_a_failed_fit_is_tried_again_without_new_labels_waiting_longer_each_time() -> None:
    project, _, _ = ready_world()
    Project.objects.update(strategy=f"{__name__}.broken_strategy")
    clock = Clock()
    waits = []
    for _ in range(8):
        failed = fit(project, clock)
        assert failed is not None
        assert failed.retry_at is not None
        waits.append((failed.retry_at - clock.now).total_seconds())
        assert fit(project, clock) is None
        clock.now = failed.retry_at
    assert waits == [15, 30, 60, 120, 240, 480, 600, 600]


def test_a_fit_that_works_again_starts_counting_anew() -> None:
    project, examples, user = ready_world()
    Project.objects.update(strategy=f"{__name__}.broken_strategy")
    fit(project)
    Project.objects.update(strategy="margin")
    again = fit(project, Clock(NOW + timedelta(seconds=15)))
    assert again is not None
    assert (again.status, again.attempt) == (Fit.Status.PUBLISHED, 2)
    label(examples[20:30], user)
    following = fit(project, Clock(NOW + timedelta(seconds=20)))
    assert following is not None
    assert following.attempt == 1


def test_a_dead_workers_fit_is_reaped_and_its_late_publish_writes_nothing() -> None:
    project, _, _ = ready_world()
    started = start_fit(project_id=project.pk, token=uuid4(), now=NOW)
    assert started is not None
    outcome = compute(fit=started.fit, training=started.training, clock=Clock(), load=TinyEmbedder)
    assert due_work.reap_dead_fits(NOW + timedelta(seconds=30)) == 1
    with pytest.raises(Superseded):
        publish(fit=started.fit, outcome=outcome, now=NOW)
    started.fit.refresh_from_db()
    assert started.fit.error == "The worker died while it trained this model."
    assert not RankedExample.objects.exists()


def test_a_live_fit_is_not_reaped_and_no_second_one_starts() -> None:
    project, _, _ = ready_world()
    start_fit(project_id=project.pk, token=uuid4(), now=NOW)
    assert due_work.reap_dead_fits(NOW + timedelta(seconds=29)) == 0
    assert fit(project, Clock(NOW + timedelta(seconds=29))) is None


def test_queues_of_old_fits_are_pruned_and_their_models_kept() -> None:
    project, examples, user = ready_world(n_texts=110)
    published = [fit(project)]
    for start in range(20, 70, 10):
        label(examples[start : start + 10], user)
        published.append(fit(project))
    kept = [row is not None and bool(queue_of(row)) for row in published]
    assert kept == [False, False, False, True, True, True]
    assert all(row and default_storage.exists(row.head_file) for row in published)


def test_predictions_of_a_published_fit_add_up_to_one(settings: Any) -> None:
    settings.LABELER_EMBEDDER = "tests.machine.fakes.tiny_embedder"
    project, examples, _ = ready_world()
    published = fit(project)
    assert published is not None
    prediction = predict(fit=published, texts=[e.text for e in examples[20:30]])
    assert prediction.probabilities.sum(axis=1) == pytest.approx(np.ones(10))
    assert prediction.class_ids == tuple(published.class_ids)


@pytest.mark.django_db(transaction=True)
def test_ten_calls_at_once_run_one_fit() -> None:
    project, _, _ = ready_world()
    together = threading.Barrier(10)
    ran: list[Fit | None] = []

    def call() -> None:
        together.wait()
        try:
            ran.append(
                run_fit(project_id=project.pk, token=uuid4(), clock=Clock(), load=TinyEmbedder)
            )
        finally:
            connection.close()

    run_all([threading.Thread(target=call) for _ in range(10)])
    assert sum(row is not None for row in ran) == 1
    assert Fit.objects.get().status == Fit.Status.PUBLISHED


@pytest.mark.django_db(transaction=True)
def test_batches_that_fall_due_during_a_fit_share_the_next() -> None:
    project, examples, user = ready_world(n_texts=80)
    started = start_fit(project_id=project.pk, token=uuid4(), now=NOW)
    assert started is not None
    label(examples[20:50], user)  # three batches
    assert fit(project) is None
    outcome = compute(fit=started.fit, training=started.training, clock=Clock(), load=TinyEmbedder)
    publish(fit=started.fit, outcome=outcome, now=NOW)
    shared = fit(project)
    assert shared is not None
    assert shared.n_labels == 40
    assert fit(project) is None


def run_all(threads: Sequence[threading.Thread]) -> None:
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
