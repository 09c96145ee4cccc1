"""The list of projects: what one line says, and what it costs."""

from uuid import uuid4

import pytest
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from learners.models import EmbeddingSet, Fit, Score
from learners.selectors.project_list import ListLine, Measured, project_lines
from projects.models import DataImport, Membership, Project, User
from projects.models.project import Role
from tests.accounts.test_signing_in import signed_in
from tests.factories import NOW, make_examples, make_project, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner() -> User:
    return make_user("ada")


def make_fit(project: Project, *, accuracy: float | None = None, status: str = "published") -> Fit:
    fit = Fit.objects.create(
        project=project, status=status, token=uuid4(), strategy="margin", head="logistic",
        seed=1, upto_seq=0, due_at=NOW,
    )  # fmt: skip
    if accuracy is not None:
        fit.scores.create(metric="accuracy", value=accuracy, low=0.71, high=0.96, n=26)
    return fit


def only_line(user: User) -> ListLine:
    (line,) = project_lines(user)
    return line


def page_of(user: User) -> str:
    return signed_in(user).get(reverse("project-list")).content.decode()


def test_only_ones_own_projects_are_listed(owner: User) -> None:
    make_project(owner=make_user("eve"), name="Secret")
    binned = make_project(owner=owner, name="Binned")
    Project.objects.filter(pk=binned.pk).update(binned_at=NOW)
    mine = make_project(owner=owner)
    assert [line.project for line in project_lines(owner)] == [mine]


def test_the_demo_comes_first(owner: User) -> None:
    demo, newer = make_project(owner=owner), make_project(owner=owner)
    Project.objects.filter(pk=demo.pk).update(is_demo=True)
    assert [line.project for line in project_lines(owner)] == [demo, newer]


def test_the_accuracy_is_the_newest_published_fits(owner: User) -> None:
    project = make_project(owner=owner)
    make_fit(project, accuracy=0.5)
    make_fit(project, accuracy=0.88)
    make_fit(project, status="failed")
    make_fit(project, status="running")
    assert only_line(owner).accuracy == Measured(0.88, 0.71, 0.96, 26)
    assert "71–96 %, 26 random texts" in page_of(owner)


def test_a_model_that_is_not_measured_shows_no_older_number(owner: User) -> None:
    project = make_project(owner=owner)
    make_fit(project, accuracy=0.5)
    make_fit(project)
    assert only_line(owner).accuracy is None
    assert "not measured yet" in page_of(owner)


def test_no_model_is_said(owner: User) -> None:
    make_project(owner=owner)
    assert "no model yet" in page_of(owner)


@pytest.mark.parametrize(
    ("fields", "doing", "trouble"),
    [
        ({"status": "waiting"}, "Import waiting for a worker", ""),
        ({"status": "running", "bytes_read": 40, "n_bytes": 100}, "Importing 40 %", ""),
        ({"status": "failed"}, "", "The import failed"),
    ],
)
def test_an_import_on_its_way_is_said(
    owner: User, fields: dict[str, object], doing: str, trouble: str
) -> None:
    project = make_project(owner=owner)
    DataImport.objects.create(
        project=project, name="a.csv", kind="csv", digest="", seed=1, **fields
    )
    assert (only_line(owner).doing, only_line(owner).trouble) == (doing, trouble)


@pytest.mark.parametrize(
    ("fields", "doing", "trouble"),
    [
        ({"n_done": 1200, "n_total": 23700}, "Embedding: 1,200 of 23,700 texts", ""),
        ({"n_done": 23700, "n_total": 23700}, "", ""),
        ({"n_done": 5, "n_total": 9, "error": "no memory"}, "", "Embedding failed"),
    ],
)
def test_embedding_on_its_way_is_said(
    owner: User, fields: dict[str, object], doing: str, trouble: str
) -> None:
    EmbeddingSet.objects.create(
        project=make_project(owner=owner), embedder="m", digest="d", **fields
    )
    assert (only_line(owner).doing, only_line(owner).trouble) == (doing, trouble)


def test_texts_imported_after_the_others_were_read_are_said(owner: User) -> None:
    project = make_project(owner=owner)
    make_examples(project, ["one", "two", "three"])
    read = {"n_done": 2, "n_total": 2, "n_rows_seen": 2}
    EmbeddingSet.objects.create(project=project, embedder="m", digest="d", **read)
    assert only_line(owner).doing == "Embedding: 2 of 3 texts"


def test_texts_that_no_worker_has_taken_up_are_said(owner: User) -> None:
    make_examples(make_project(owner=owner), ["one", "two"], n_audit=1)
    assert only_line(owner).doing == "Waiting to be embedded"
    assert only_line(owner).n_texts == 2


def test_three_people_are_named_and_the_rest_counted(owner: User) -> None:
    project = make_project(owner=owner)
    for name in ("bob", "cleo", "dan", "eve"):
        Membership.objects.create(project=project, user=make_user(name), role=Role.ANNOTATOR)
    assert only_line(owner).people == ["ada", "bob", "cleo"]
    assert only_line(owner).n_more_people == 2


def test_without_projects_the_page_says_what_to_bring(owner: User) -> None:
    page = page_of(owner)
    assert "New project" in page
    assert "id,text" in page


def test_the_first_steps_go_once_something_is_labelled(owner: User) -> None:
    demo = make_project(owner=owner)
    Project.objects.filter(pk=demo.pk).update(is_demo=True)
    assert "What to try first" in page_of(owner)
    Project.objects.filter(pk=demo.pk).update(n_labelled=1)
    assert "What to try first" not in page_of(owner)


def test_the_bin_is_linked_for_whom_it_holds_something(owner: User) -> None:
    assert "in the bin" not in page_of(owner)
    Project.objects.filter(pk=make_project(owner=owner).pk).update(binned_at=NOW)
    assert "1 project in the bin" in page_of(owner)


def test_a_name_with_markup_is_text(owner: User) -> None:
    make_project(owner=owner, name="<script>alert(1)</script>")
    assert "<script>alert(1)" not in page_of(owner)


def test_thirty_projects_take_as_many_queries_as_one(
    owner: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(30):
        project = make_project(owner=owner, name=f"Project {number}")
        make_fit(project, accuracy=0.8)
        EmbeddingSet.objects.create(project=project, embedder="m", digest="d")
    client = signed_in(owner)
    with django_assert_max_num_queries(9):
        client.get(reverse("project-list"))
    assert Score.objects.count() == 30


def test_a_small_part_of_the_features_does_not_stand_for_the_embedder(owner: User) -> None:
    project = make_project(owner=owner)
    Project.objects.update(features="minilm+lsi", n_texts=90, n_rows=90)
    counts = {"n_total": 90, "n_rows_seen": 90}
    EmbeddingSet.objects.create(project=project, embedder="minilm", n_done=30, **counts)
    EmbeddingSet.objects.create(project=project, embedder="lsi", n_done=90, **counts)
    assert "Embedding: 30 of 90 texts" in project_lines(owner)[0].doing
