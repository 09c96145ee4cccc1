"""All that the machine made can be made again, and nothing that people made is touched."""

from typing import Any
from uuid import uuid4

import pytest
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.forms.models import model_to_dict

from learners.models import EmbeddingSet, Fit, RankedExample, Score, Shard
from learners.services.rebuild import RebuildFailed, planned_fits, rebuild_project
from projects.models import Annotation, AnnotationEvent, Example, Project, ProjectEvent, User
from projects.services.answering import Sender, skip
from tests.factories import NOW, make_user
from tests.machine.fakes import TinyEmbedder
from tests.machine.worlds import Clock, embed_all, fit, label, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def grown() -> Project:
    """Two fits, with audit answers, and answers since."""
    project, examples, user = make_world(60)
    embed_all(project)
    label([*examples[:4], *examples[10:18]], user)
    fit(project)
    label([*examples[4:8], *examples[18:26]], user)
    fit(project)
    label(examples[30:33], user)
    return project


def rebuild(project: Project, embedder: TinyEmbedder | None = None) -> int:
    embedder = embedder or TinyEmbedder()
    return rebuild_project(
        project_id=project.pk, new_token=uuid4, clock=Clock(), say=print, load=lambda: embedder
    )


def human_rows(project: Project) -> list[Any]:
    kinds = (Project, Example, Annotation, AnnotationEvent, ProjectEvent)
    return [[model_to_dict(row) for row in kind.objects.order_by("pk")] for kind in kinds]


def scores(project: Project) -> list[tuple[Any, ...]]:
    rows = Score.objects.filter(fit__project=project).order_by("fit_id", "metric")
    return list(rows.values_list("fit_id", "metric", "value", "low", "high", "n"))


def queue(project: Project) -> list[tuple[Any, ...]]:
    newest = Fit.objects.filter(project=project, status=Fit.Status.PUBLISHED).last()
    rows = RankedExample.objects.filter(fit=newest, example__settled=False)
    return list(rows.values_list("example_id", "rank", "score", "reason"))


def test_scores_and_queue_come_back_the_same(grown: Project) -> None:
    before = scores(grown), queue(grown)
    assert rebuild(grown) == 2
    assert (scores(grown), queue(grown)) == before


def test_random_texts_skipped_since_a_fit_do_not_enter_it(grown: Project) -> None:
    before = counts_of_skips(grown)
    ada = User.objects.get(memberships__project=grown)
    skip_all([grown.examples.get(audit_rank=9), grown.examples.get(audit_rank=10)], ada)
    rebuild(grown)
    assert counts_of_skips(grown) == before == [0, 0]


def test_random_texts_skipped_before_a_fit_are_counted_in_it_again(grown: Project) -> None:
    ada = User.objects.get(memberships__project=grown)
    skip_all([grown.examples.get(audit_rank=9)], ada)
    label(list(grown.examples.filter(role="pool", settled=False)[:10]), ada)
    fit(grown)
    label([grown.examples.get(audit_rank=9)], make_user("bo"))
    rebuild(grown)
    assert counts_of_skips(grown) == [0, 0, 1]


def counts_of_skips(project: Project) -> list[int]:
    return list(Fit.objects.filter(project=project).values_list("n_audit_skipped", flat=True))


def skip_all(examples: list[Example], user: User) -> None:
    for example in examples:
        sender = Sender(example.project, user, uuid4(), NOW)
        skip(sender=sender, example_id=example.pk)


def test_labels_and_ledgers_are_untouched(grown: Project) -> None:
    before = human_rows(grown)
    rebuild(grown)
    assert human_rows(grown) == before


def test_every_file_is_new_and_none_is_left_over(grown: Project) -> None:
    before = set(Fit.objects.values_list("head_file", flat=True))
    rebuild(grown)
    after = set(Fit.objects.values_list("head_file", flat=True))
    assert not before & after
    assert not any(default_storage.exists(name) for name in before)
    assert all(default_storage.exists(name) for name in after)
    assert EmbeddingSet.objects.get().n_done == sum(s.n_rows for s in Shard.objects.all()) == 60


def test_with_all_rows_of_the_machine_gone_the_ledger_gives_a_fit_for_each_batch(
    grown: Project,
) -> None:
    Fit.objects.all().delete()
    EmbeddingSet.objects.all().delete()
    planned = planned_fits(grown.pk)
    assert rebuild(grown) == len(planned) == 2  # 27 labels in batches of ten
    assert list(Fit.objects.values_list("n_labels", flat=True)) == [10, 20]
    assert queue(grown)


def test_fits_that_failed_are_not_made_again(grown: Project) -> None:
    Fit.objects.filter(pk=Fit.objects.order_by("-pk")[0].pk).update(status=Fit.Status.FAILED)
    assert rebuild(grown) == 1


def test_an_embedder_that_fails_leaves_the_fits_as_they_were(grown: Project) -> None:
    before = scores(grown), queue(grown)
    with pytest.raises(RebuildFailed, match="out of memory"):
        rebuild(grown, TinyEmbedder(fail_on="heron"))
    assert (scores(grown), queue(grown)) == before


def test_the_command_rebuilds_and_says_so(
    grown: Project, settings: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.LABELER_EMBEDDER = "tests.machine.fakes.tiny_embedder"
    call_command("rebuild_learners", project=grown.pk)
    assert "2 fits published" in capsys.readouterr().out


def test_the_command_names_a_project_that_is_not_there() -> None:
    with pytest.raises(CommandError, match="no project 12345"):
        call_command("rebuild_learners", project=12345)
