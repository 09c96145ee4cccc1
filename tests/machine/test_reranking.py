"""A queue ranked over a half-embedded pool is ranked again; the model and its scores stay."""

from unittest.mock import patch
from uuid import uuid4

from learners.models import EmbeddingSet, Fit, RankedExample, Score
from learners.selectors.status import project_status
from learners.services.due_work import RERANK_PAUSE, projects_to_fit, queue_to_rank_again
from learners.services.reranking import rank_again
from projects.models import Project
from tests.factories import NOW
from tests.machine.fakes import TinyEmbedder
from tests.machine.worlds import embed_all, fit, label, make_world


def fitted_before_embedding() -> tuple[Project, Fit]:
    """Ten labels and a fit while no text of the pool has a vector, then all of them have one."""
    project, examples, user = make_world(60)
    label(examples[10:20], user)
    published = fit(project)
    assert published is not None
    embed_all(project)
    return project, published


def again(project: Project) -> Fit | None:
    return rank_again(project_id=project.pk, now=NOW, load=TinyEmbedder)


def test_a_fit_before_any_vector_publishes_an_empty_queue_and_says_so(db: None) -> None:
    _, published = fitted_before_embedding()
    assert not RankedExample.objects.filter(fit=published).exists()
    assert published.note == "Ranked 0 of 40 open texts: the others were not read yet."


def test_the_queue_is_ranked_again_once_the_pool_is_embedded(db: None) -> None:
    project, published = fitted_before_embedding()
    assert projects_to_fit(NOW) == [project.pk]
    assert again(project) == published
    published.refresh_from_db()
    assert RankedExample.objects.filter(fit=published).count() == 40
    assert (published.n_ranked_from, published.note) == (40, "")


def test_ranking_again_changes_no_score_and_adds_no_point(db: None) -> None:
    project, published = fitted_before_embedding()
    before = list(Score.objects.values())
    again(project)
    assert list(Score.objects.values()) == before
    assert list(Fit.objects.filter(project=project)) == [published]


def test_a_whole_queue_is_not_ranked_again(db: None) -> None:
    project, _ = fitted_before_embedding()
    again(project)
    assert queue_to_rank_again(project.pk, NOW) is None
    assert again(project) is None


def test_a_little_more_of_the_pool_is_not_worth_a_new_queue(db: None) -> None:
    project, _ = fitted_before_embedding()
    EmbeddingSet.objects.filter(project=project).update(finished_at=None)
    assert queue_to_rank_again(project.pk, NOW) is None


def test_a_newer_fit_keeps_its_queue(db: None) -> None:
    project, published = fitted_before_embedding()
    with patch("learners.services.reranking.queue_to_rank_again", return_value=published):
        newer = Fit.objects.get(pk=published.pk)
        newer.pk, newer.token = None, uuid4()
        newer.save(force_insert=True)
        assert again(project) is None
    assert not RankedExample.objects.filter(fit=published).exists()


def test_the_new_queue_is_the_one_a_fit_now_would_publish(db: None) -> None:
    project, published = fitted_before_embedding()
    again(project)
    queue = list(RankedExample.objects.filter(fit=published).values_list("example_id", "score"))
    RankedExample.objects.all().delete()
    Fit.objects.all().delete()
    later = fit(project)
    assert list(RankedExample.objects.filter(fit=later).values_list("example_id", "score")) == queue


def test_a_failure_is_stored_shown_and_waits_before_the_next_try(db: None) -> None:
    project, published = fitted_before_embedding()
    with patch("learners.services.reranking.rank_open_pool", side_effect=OSError("no disk")):
        assert again(project) is None
    published.refresh_from_db()
    assert published.rerank_error == "OSError: no disk"
    assert queue_to_rank_again(project.pk, NOW) is None
    assert queue_to_rank_again(project.pk, NOW + RERANK_PAUSE) == published
    texts = [banner.text for banner in project_status(project, NOW).banners]
    assert any("could not be ranked: OSError: no disk" in text for text in texts)


def test_two_tasks_do_not_rank_the_same_queue_at_once(db: None) -> None:
    project, published = fitted_before_embedding()
    Fit.objects.filter(pk=published.pk).update(rerank_started_at=NOW - RERANK_PAUSE / 2)
    assert again(project) is None
