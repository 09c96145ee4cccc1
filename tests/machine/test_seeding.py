"""The first questions: ranked without a model where none can be, and what comes of them."""

from typing import Any
from unittest.mock import patch
from uuid import uuid4

import numpy as np
import pytest
from django.conf import settings as django_settings

from learners.engine.first_questions import rank_first_questions
from learners.models import EmbeddingSet, Fit, SeedExample, SeedQueue
from learners.selectors.status import project_status
from learners.selectors.training import training_set
from learners.services import seeding
from learners.services.due_work import FIRST_RETRY, STALE_AFTER
from learners.services.fitting import fit_seed
from learners.services.material import gather
from learners.services.rebuild import rebuild_project
from learners.services.seeding import rank_first
from learners.services.seeds_due import projects_to_seed, reap_dead_rankings, seeds_are_due
from learners.tasks import due_work as beat
from learners.tasks import seeding as task
from projects.models import Example, LabelClass, Project, User
from tests.factories import NOW, make_examples
from tests.machine.fakes import TinyEmbedder
from tests.machine.worlds import (
    Clock,
    embed_all,
    fit,
    is_bird,
    label,
    make_named_world,
    make_world,
    texts,
)
from tests.multilabel.worlds import make_mixed_world

pytestmark = pytest.mark.django_db


def ranked(project: Project, clock: Clock | None = None) -> SeedQueue | None:
    return rank_first(
        project_id=project.pk, token=uuid4(), clock=clock or Clock(), load=TinyEmbedder
    )


def made(project: Project) -> SeedQueue:
    """A ranking that must come about."""
    row = ranked(project)
    assert row is not None
    assert (row.error, row.token) == ("", None)
    return row


def embedded(n_texts: int = 60) -> tuple[Project, list[Example], User]:
    project, examples, user = make_world(n_texts)
    embed_all(project)
    return project, examples, user


def queue(project: Project) -> list[int]:
    rows = SeedExample.objects.filter(queue__project=project)
    return list(rows.values_list("example_id", flat=True))


def failed(project: Project, error: Exception) -> SeedQueue:
    with patch("learners.services.seeding.gather", side_effect=error):
        row = ranked(project)
    assert row is not None
    return row


def banners(project: Project) -> str:
    return " ".join(f"{b.text} {b.what_to_do}" for b in project_status(project, NOW).banners)


def test_the_open_pool_is_ranked_without_a_model_and_no_reserved_text_with_it() -> None:
    project, examples, _ = embedded()
    row = made(project)
    assert set(queue(project)) == {e.pk for e in examples if e.role == "pool"}
    assert (row.asked_for, row.strategy) == ("margin", "kmeans_seed")
    assert (row.n_ranked_from, row.n_pool, row.n_read) == (50, 50, 60)


def test_it_is_what_the_engine_ranks_in_a_simulation_too() -> None:
    project, examples, _ = embedded()
    made(project)
    unsaved = Fit(project=project, head="logistic", features="minilm", upto_seq=project.seq)
    material = gather(fit=unsaved, training=training_set(project.pk), load=TinyEmbedder)
    wanted = np.array([e.pk for e in examples if e.role == "pool"])
    ranking = rank_first_questions(
        strategy="margin",
        X=np.empty((0, 16)),
        y=np.empty(0),
        blocks=material.blocks(wanted),
        n_queue=django_settings.LABELER_QUEUE_LENGTH,
        rng=np.random.default_rng([fit_seed(project.seed, project.seq), seeding.RANKING]),
    )
    assert ranking is not None
    assert queue(project) == ranking.ids.tolist()


def test_a_strategy_that_needs_no_model_ranks_its_own_first_questions() -> None:
    project, _, _ = embedded()
    Project.objects.update(strategy="coverage_to_margin")
    assert made(project).strategy == "coverage_to_margin"


def test_there_is_nothing_to_rank_before_a_text_is_read() -> None:
    project, _, _ = make_world()
    assert not seeds_are_due(project.pk, NOW)
    embed_all(project)
    assert projects_to_seed(NOW) == [project.pk]


def test_random_choice_has_no_queue_of_first_questions() -> None:
    project, _, _ = embedded()
    Project.objects.update(strategy="random")
    assert ranked(project) is None
    assert projects_to_seed(NOW) == []


def test_names_that_train_leave_no_first_questions_to_rank() -> None:
    project, _, _ = make_named_world()
    embed_all(project)
    assert not seeds_are_due(project.pk, NOW)


def test_names_without_letters_leave_them_to_rank() -> None:
    project, _, _ = make_named_world()
    LabelClass.objects.filter(name="bird").update(name="1")
    embed_all(project)
    assert made(project).features == "minilm+lsi"


def test_a_project_in_the_bin_is_left_alone() -> None:
    project, _, _ = embedded()
    Project.objects.update(binned_at=NOW)
    assert projects_to_seed(NOW) == []
    assert ranked(project) is None


def test_a_ranking_is_not_due_twice() -> None:
    project, _, _ = embedded()
    made(project)
    assert ranked(project) is None


def test_far_more_texts_read_are_worth_a_new_ranking_and_a_few_are_not() -> None:
    project, _, _ = embedded()
    made(project)
    EmbeddingSet.objects.update(finished_at=None, n_done=619)
    assert not seeds_are_due(project.pk, NOW)
    EmbeddingSet.objects.update(n_done=620)
    assert seeds_are_due(project.pk, NOW)


def test_texts_added_later_are_ranked_with_the_others_once_all_are_read() -> None:
    project, _, _ = embedded()
    made(project)
    make_examples(project, [f"{text} late" for text in texts(20)], seed=5)
    embed_all(project)
    assert made(project).n_ranked_from == 70


def test_another_strategy_ranks_anew() -> None:
    project, _, _ = embedded()
    made(project)
    Project.objects.update(strategy="typiclust")
    assert made(project).strategy == "typiclust"


def test_a_batch_of_one_class_ranks_anew_without_the_texts_it_labelled() -> None:
    project, examples, user = embedded()
    made(project)
    birds = [e for e in examples if is_bird(e)][:10]
    label(birds[:9], user)
    assert not seeds_are_due(project.pk, NOW)
    label(birds[9:], user)
    made(project)
    assert not {e.pk for e in birds} & set(queue(project))


def test_a_text_answered_meanwhile_is_left_out() -> None:
    project, examples, user = embedded()

    def answered_now(**arguments: Any) -> Any:
        label(examples[12:13], user)
        return rank_first_questions(**arguments)

    with patch("learners.services.seeding.rank_first_questions", answered_now):
        made(project)
    assert examples[12].pk not in queue(project)


def test_the_first_fit_ends_the_first_questions() -> None:
    project, examples, user = embedded()
    made(project)
    label(examples[10:20], user)
    assert not seeds_are_due(project.pk, NOW)
    assert fit(project) is not None
    assert not SeedQueue.objects.exists()
    assert not SeedExample.objects.exists()


def test_a_ranking_that_ends_after_the_first_fit_is_thrown_away() -> None:
    project, examples, user = embedded()

    def overtaken(**arguments: Any) -> Any:
        label(examples[10:20], user)
        fit(project)
        return rank_first_questions(**arguments)

    with patch("learners.services.seeding.rank_first_questions", overtaken):
        assert ranked(project) is None
    assert not SeedExample.objects.exists()


def test_where_a_text_has_any_number_of_classes_first_questions_are_ranked_too() -> None:
    project, _, _ = make_mixed_world()
    embed_all(project)
    assert made(project).strategy == "kmeans_seed"
    assert len(queue(project)) == 60


def test_a_failure_is_stored_told_and_tried_again_after_a_wait() -> None:
    project, _, _ = embedded()
    row = failed(project, OSError("no disk"))
    assert (row.error, row.retry_at, row.token) == ("OSError: no disk", NOW + FIRST_RETRY, None)
    assert "first questions could not be ranked: OSError: no disk" in banners(project)
    assert "Meanwhile texts are drawn at random." in banners(project)
    assert not seeds_are_due(project.pk, NOW)
    assert seeds_are_due(project.pk, NOW + FIRST_RETRY)


def test_a_second_failure_waits_longer_and_a_success_clears_it() -> None:
    project, _, _ = embedded()
    failed(project, OSError("no disk"))
    SeedQueue.objects.update(retry_at=None)
    assert failed(project, OSError("no disk")).retry_at == NOW + 2 * FIRST_RETRY
    SeedQueue.objects.update(retry_at=None)
    assert made(project).attempt == 0
    assert "could not be ranked" not in banners(project)


def test_what_was_ranked_before_serves_on_after_a_failure() -> None:
    project, _, _ = embedded()
    made(project)
    before = queue(project)
    EmbeddingSet.objects.update(n_done=700)
    failed(project, OSError("no disk"))
    assert queue(project) == before
    assert "Meanwhile the first questions are asked as they were ranked before." in banners(project)


def test_vectors_that_tell_no_text_from_another_are_said_to_be_so() -> None:
    project, _, _ = make_world()
    alike = TinyEmbedder()
    with patch.object(alike, "embed", lambda t: TinyEmbedder().embed(["same"] * len(t))):
        embed_all(project, alike)
    row = ranked(project)
    assert row is not None
    assert "are the same for every text looked at" in row.error


def test_a_worker_that_died_is_noticed_and_its_late_ranking_thrown_away() -> None:
    project, _, _ = embedded()
    clock = Clock()

    def dies(**arguments: Any) -> Any:
        clock.now += STALE_AFTER
        assert reap_dead_rankings(clock.now) == 1
        return rank_first_questions(**arguments)

    with patch("learners.services.seeding.rank_first_questions", dies):
        row = ranked(project, clock)
    assert row is not None
    assert row.error == "The worker died while it ranked the first questions."
    assert not SeedExample.objects.exists()
    assert "The worker died" in banners(project)


def test_two_tasks_do_not_rank_at_once() -> None:
    project, _, _ = embedded()
    SeedQueue.objects.create(project=project, token=uuid4(), heartbeat_at=NOW, attempt=1)
    assert not seeds_are_due(project.pk, NOW)
    assert ranked(project) is None


def test_the_pages_count_what_is_left_and_say_when_it_is_used_up() -> None:
    project, _, _ = embedded()
    assert "No model has been trained yet" in project_status(project, NOW).serving_random_because
    made(project)
    status = project_status(project, NOW)
    assert (status.queue_left, status.serving_random_because) == (50, "")
    SeedExample.objects.update(spent=True)
    because = project_status(project, NOW).serving_random_because
    assert because == "The first questions are used up, so texts are drawn at random."


def test_rebuilding_ranks_the_first_questions_again() -> None:
    project, _, _ = embedded()
    made(project)
    before, said = queue(project), list[str]()
    n_fits = rebuild_project(
        project_id=project.pk, new_token=uuid4, clock=Clock(), say=said.append, load=TinyEmbedder
    )
    assert (n_fits, queue(project)) == (0, before)
    assert said[-1] == "the first questions are ranked"


def test_the_beat_sends_what_is_due(monkeypatch: pytest.MonkeyPatch) -> None:
    project, _, _ = make_world()
    sent: list[tuple[str, Any]] = []
    embed_all(project)
    monkeypatch.setattr(beat, "send", lambda name, *args: sent.append((name, *args)))
    beat.start_due_work()
    assert ("learners.rank_first", project.pk) in sent


def test_the_task_ranks(settings: Any) -> None:
    settings.LABELER_EMBEDDER = "tests.machine.fakes.tiny_embedder"
    project, _, _ = make_world()
    embed_all(project)
    task.rank_first(project.pk)
    assert len(queue(project)) == 50
