"""What the pages say about the machine."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from learners.models import EmbeddingSet, Fit, RankedExample
from learners.selectors.status import NotPublished, ProjectStatus, project_status, published_fit
from learners.services.fitting import start_fit
from learners.services.heartbeat import show_life
from learners.views import sentences
from projects.models import Project
from tests.factories import NOW, make_examples
from tests.machine.fakes import TinyEmbedder
from tests.machine.worlds import Clock, embed_all, fit, is_bird, label, make_world

pytestmark = pytest.mark.django_db


def status_of(project: Project, **later: float) -> ProjectStatus:
    project.refresh_from_db()
    return project_status(project, NOW + timedelta(**later))


def words(status: ProjectStatus) -> str:
    return "\n".join(f"{b.level}: {b.text} {b.what_to_do}" for b in status.banners)


@pytest.fixture
def alive() -> None:
    show_life(name="worker a:1", kind="worker", now=NOW)
    show_life(name="beat a:2", kind="beat", now=NOW)


def test_no_worker_ever_is_said_with_what_to_do() -> None:
    project, _, _ = make_world(10)
    status = status_of(project)
    assert not status.worker_alive
    assert "No worker is running." in words(status)
    assert "make run" in words(status)


def test_a_worker_that_went_away_is_said_with_when_it_was_last_seen(alive: None) -> None:
    project, _, _ = make_world(10)
    assert "last seen 3 minutes ago" in words(status_of(project, minutes=3))


def test_a_beat_that_is_away_is_a_warning(alive: None) -> None:
    project, _, _ = make_world(10)
    show_life(name="worker a:1", kind="worker", now=NOW + timedelta(hours=2))
    assert "scheduler is away: last seen 2 hours ago" in words(status_of(project, hours=2))


def test_a_broker_that_does_not_answer_is_said(
    alive: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, _, _ = make_world(10)
    monkeypatch.setattr("learners.selectors.status.broker_answers", lambda: False)
    status = project_status(project, NOW, ask_broker=True)
    assert "broker does not answer" in words(status)


def test_a_project_that_does_well_has_no_banner(alive: None, settings: Any) -> None:
    settings.LABELER_EMBEDDER = "tests.machine.fakes.tiny_embedder"  # not only for English
    project, examples, user = make_world(60)
    embed_all(project)
    label(examples[10:20], user)
    fit(project)
    status = status_of(project)
    assert words(status) == ""
    assert (status.queue_left, status.serving_random_because) == (40, "")
    assert status.changes_waiting == 0


def test_embedding_shows_how_far_it_is_and_how_long_it_takes(alive: None) -> None:
    project, _, _ = make_world(10)
    embed_all(project)
    EmbeddingSet.objects.update(n_done=4, n_total=10, texts_per_second=2.0)
    progress = status_of(project).embedding
    assert (progress.n_done, progress.n_total, progress.share) == (4, 10, 0.4)
    assert progress.seconds_left == 3.0


def test_texts_imported_since_are_not_said_to_be_read(alive: None) -> None:
    project, _, _ = make_world(10)
    embed_all(project)
    assert status_of(project).embedding.complete
    make_examples(project, ["late one", "late two"], seed=4)
    progress = status_of(project).embedding
    assert (progress.n_done, progress.n_total, progress.complete) == (10, 12, False)
    assert sentences.embedding(progress).startswith("10 of 12 texts read")


def test_texts_imported_just_now_do_not_count_as_forgotten(alive: None) -> None:
    project, _, _ = make_world(10)
    embed_all(project)
    make_examples(project, ["late one"], seed=4)
    later = NOW + timedelta(minutes=30)
    project.imports.filter(pk=project.imports.latest("id").pk).update(finished_at=later)
    assert not status_of(project, minutes=31).embedding.stalled
    assert status_of(project, minutes=32).embedding.stalled


def test_a_failed_chunk_is_said_with_its_error_and_the_next_try(alive: None) -> None:
    project, _, _ = make_world(10)
    embed_all(project, TinyEmbedder(fail_on="number5"))
    said = words(status_of(project))
    assert "failed after 0 of 10: out of memory" in said
    assert "tried again by itself in 15 seconds" in said


def test_embedding_that_nobody_takes_up_is_said(alive: None) -> None:
    project, _, _ = make_world(10)
    embed_all(project)
    EmbeddingSet.objects.update(n_done=4, finished_at=None)
    show_life(name="worker a:1", kind="worker", now=NOW + timedelta(minutes=2))
    assert "has stopped at 4 of 10" in words(status_of(project, minutes=2))


def test_a_failed_fit_is_said_with_what_serves_meanwhile(alive: None) -> None:
    project, examples, user = make_world(60)
    embed_all(project)
    label(examples[10:20], user)
    published = fit(project)
    label(examples[20:30], user)
    Project.objects.update(strategy="no_such_strategy")
    fit(project)
    said = words(status_of(project))
    assert published is not None
    assert "The last fit failed: no strategy 'no_such_strategy'" in said
    assert f"the queue of fit {published.pk} keeps serving" in said


def test_labels_of_one_class_are_said_to_wait_for_a_second(alive: None) -> None:
    project, examples, user = make_world()
    label([e for e in examples if is_bird(e)][:10], user)
    status = status_of(project)
    assert "one class" in words(status)
    assert "two classes" in status.why_no_fit


def test_a_queue_that_ran_dry_is_said(alive: None) -> None:
    project, examples, user = make_world()
    embed_all(project)
    label(examples[10:20], user)
    fit(project)
    RankedExample.objects.update(spent=True)
    status = status_of(project)
    assert "used up" in status.serving_random_because
    assert "used up" in words(status)


def test_texts_cut_short_are_said(alive: None) -> None:
    project, _, _ = make_world(10)
    embed_all(project)
    EmbeddingSet.objects.update(n_cut=3, max_tokens=256)
    assert "3 of 10 texts (30\u00a0%) are longer than the 256 tokens" in words(status_of(project))


def test_a_pool_that_does_not_look_english_is_said(alive: None, settings: Any) -> None:
    settings.LABELER_EMBEDDER = "minilm"
    project, _, _ = make_world(10)
    embed_all(project)
    EmbeddingSet.objects.update(english_share=0.1, n_language_checked=10)
    assert "Only about 10\u00a0% of these texts look English" in words(status_of(project))


def test_a_running_fit_is_shown_and_a_dead_one_is_not() -> None:
    project, examples, user = make_world()
    label(examples[10:20], user)
    start_fit(project_id=project.pk, token=uuid4(), now=NOW)
    assert status_of(project).running_fit is not None
    assert status_of(project, seconds=31).running_fit is None


def test_a_project_without_a_published_fit_says_so() -> None:
    project, _, _ = make_world(10)
    with pytest.raises(NotPublished):
        published_fit(project.pk)
    assert "No model has been trained yet" in status_of(project).serving_random_because


def test_the_published_fit_is_the_newest_that_was_published() -> None:
    project, examples, user = make_world()
    label(examples[10:20], user)
    published = fit(project, Clock())
    label(examples[20:30], user)
    start_fit(project_id=project.pk, token=uuid4(), now=NOW)
    assert published_fit(project.pk) == published
    assert Fit.objects.count() == 2


def test_a_status_costs_few_queries(alive: None, django_assert_max_num_queries: Any) -> None:
    project, examples, user = make_world()
    embed_all(project)
    label(examples[10:20], user)
    fit(project)
    with django_assert_max_num_queries(14):
        project_status(project, NOW)
