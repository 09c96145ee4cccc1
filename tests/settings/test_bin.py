"""The bin: seven days to think again, then every row and file is gone."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from learners.models import EmbeddingSet, Fit, RankedExample, Score, Shard
from projects.models import Annotation, Example, GoldLabel, LabelClass, Project, User
from projects.services.bin import bin_project, empty_bin, give_up_project, restore_project
from projects.services.refusals import Refused
from tests.factories import NOW, make_examples, make_label, make_project, make_user

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(days=7, seconds=1)


@pytest.fixture
def owner() -> User:
    return make_user()


def full_project(owner: User, name: str = "Tickets") -> Project:
    """A project with a row in every table, and files."""
    project = make_project(owner=owner, name=name)
    texts = make_examples(project, ["one", "two", "three"])
    yes, no = project.label_classes.order_by("position")
    make_label(texts[0], yes, owner)
    GoldLabel.objects.create(example=texts[1], label_class=no)
    LabelClass.objects.create(project=project, name="old", retired_at=NOW, merged_into=yes)
    machine_rows(project, texts[2])
    return project


def machine_rows(project: Project, text: Example) -> None:
    vectors = EmbeddingSet.objects.create(project=project, embedder="e", digest="d")
    name = default_storage.save("embeddings/x.npy", ContentFile(b"x"))
    Shard.objects.create(embedding_set=vectors, vectors=name, example_ids="", n_rows=1)
    fit = Fit.objects.create(
        project=project,
        token="12345678-1234-5678-1234-567812345678",
        strategy="margin",
        head="h",
        seed=1,
        upto_seq=1,
        due_at=NOW,
        head_file=default_storage.save("heads/x.npz", ContentFile(b"x")),
    )
    Score.objects.create(fit=fit, metric="accuracy", value=1, low=0, high=1, n=1)
    RankedExample.objects.create(fit=fit, example=text, rank=1, score=1)


def binned(owner: User) -> Project:
    project = full_project(owner)
    bin_project(actor=owner, project=project, typed_name="Tickets", now=NOW)
    return project


def test_a_project_goes_by_its_name_typed_exactly(owner: User) -> None:
    project = make_project(owner=owner)
    with pytest.raises(Refused, match="exactly"):
        bin_project(actor=owner, project=project, typed_name="tickets", now=NOW)
    bin_project(actor=owner, project=project, typed_name=" Tickets ", now=NOW)
    assert not Project.objects.member(owner).exists()
    assert project.events.get().kind == "binned"


def test_it_comes_back_as_it_was(owner: User) -> None:
    project = binned(owner)
    restore_project(actor=owner, project=project, now=NOW)
    assert Project.objects.owned(owner).get() == project
    assert [event.kind for event in project.events.all()] == ["binned", "restored"]


def test_before_seven_days_nothing_goes(owner: User) -> None:
    binned(owner)
    assert empty_bin(now=NOW + timedelta(days=6, hours=23)) == 0
    assert Example.objects.count() == 3


def test_after_seven_days_every_row_and_file_goes_and_no_other_project_is_touched(
    owner: User,
) -> None:
    other = full_project(owner, name="Other")
    project = binned(owner)
    files = stored_files(project)
    assert empty_bin(now=LATER) == 1
    assert Project.objects.get() == other
    assert not any(default_storage.exists(name) for name in files)
    assert all(default_storage.exists(name) for name in stored_files(other))
    assert {m.objects.count() for m in (Score, RankedExample, Shard, Fit)} == {1}
    assert (Example.objects.count(), Annotation.objects.count()) == (3, 1)
    connection.check_constraints()


def stored_files(project: Project) -> list[str]:
    shards = Shard.objects.filter(embedding_set__project=project)
    fits = Fit.objects.filter(project=project)
    return [*shards.values_list("vectors", flat=True), *fits.values_list("head_file", flat=True)]


def test_deleting_takes_one_statement_a_table_whatever_its_size(owner: User) -> None:
    project = binned(owner)
    make_examples(project, [f"text {i}" for i in range(300)], seed=1)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        empty_bin(now=LATER)
    assert len(queries) < 100  # there are some fifty tables


def test_delete_now_hides_it_at_once_and_the_next_emptying_takes_it(owner: User) -> None:
    project = binned(owner)
    give_up_project(project=project)
    assert not Project.objects.in_bin(owner).exists()
    assert empty_bin(now=NOW) == 1


def test_what_was_restored_meanwhile_is_not_given_up(owner: User) -> None:
    project = make_project(owner=owner)
    with pytest.raises(Refused, match="no longer in the bin"):
        give_up_project(project=project)


def test_the_pages_move_it_there_and_back(client: Client, owner: User) -> None:
    project = make_project(owner=owner)
    client.force_login(owner)
    client.post(reverse("project-delete", args=[project.pk]), {"typed_name": "Tickets"})
    assert "Tickets" in client.get(reverse("bin")).content.decode()
    client.post(reverse("bin-restore", args=[project.pk]))
    assert Project.objects.owned(owner).exists()
    assert "The bin is empty" in client.get(reverse("bin")).content.decode()


def test_a_wrong_name_is_said_on_the_page(client: Client, owner: User) -> None:
    project = make_project(owner=owner)
    client.force_login(owner)
    response = client.post(reverse("project-delete", args=[project.pk]), {"typed_name": "x"})
    assert "exactly" in response.content.decode()
    assert Project.objects.owned(owner).exists()


def test_delete_now_asks_the_worker(
    client: Client,
    owner: User,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
) -> None:
    sent: list[str] = []
    monkeypatch.setattr("projects.views.bin.send", sent.append)
    project = binned(owner)
    client.force_login(owner)
    with django_capture_on_commit_callbacks(execute=True):
        answer = client.post(reverse("bin-delete", args=[project.pk]), follow=True)
    assert sent == ["projects.empty_bin"]
    assert "will be deleted with its files, within minutes" in answer.content.decode()


def test_the_bin_is_emptied_within_minutes_when_the_worker_was_not_reached() -> None:
    entry: dict[str, Any] = settings.CELERY_BEAT_SCHEDULE["empty-the-bin"]
    assert entry["schedule"] <= 600


def test_another_persons_bin_is_not_there(client: Client, owner: User) -> None:
    project = binned(owner)
    client.force_login(make_user("eve"))
    assert "Tickets" not in client.get(reverse("bin")).content.decode()
    assert client.post(reverse("bin-restore", args=[project.pk])).status_code == 404
    assert client.post(reverse("bin-delete", args=[project.pk])).status_code == 404
