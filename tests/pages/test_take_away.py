"""The page from which an owner takes labels and models away."""

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client
from django.utils import timezone

from learners.models import Fit
from projects.models import Project, User
from tests.factories import make_project, make_user
from tests.pages.worlds import labelled_project, make_fit, worker_is_running

pytestmark = pytest.mark.django_db
BACKEND = "django.contrib.auth.backends.ModelBackend"


@pytest.fixture
def owner(client: Client) -> User:
    user = make_user()
    client.force_login(user, backend=BACKEND)
    worker_is_running(timezone.now())
    return user


@pytest.fixture
def project(owner: User) -> Project:
    return labelled_project(owner)


@pytest.fixture
def fit(project: Project) -> Fit:
    return make_fit(project, n_labels=10, right=(3, 4))


def shown(client: Client, project: Project) -> str:
    response = client.get(f"/projects/{project.pk}/model/")
    assert response.status_code == 200
    return response.content.decode().replace("\u00a0", " ")


def test_without_labels_the_page_says_so(client: Client, owner: User) -> None:
    html = shown(client, make_project(owner=owner))
    assert "No text is labelled yet." in html
    assert "There is no model yet." in html


def test_labels_and_people_are_counted(client: Client, project: Project) -> None:
    assert "12 rows, by 1 person." in shown(client, project)


def test_the_newest_model_is_offered_with_its_sentence(client: Client, fit: Fit) -> None:
    html = shown(client, fit.project)
    assert "3 of 4 random texts right: between 30 and 95 %" in html
    assert "Prepare zip" in html


@pytest.mark.parametrize(
    ("embedder", "licence"),
    [("minilm", "<dd>Apache-2.0</dd>"), ("/models/mine", "<dd>that of your own weights</dd>")],
)
def test_the_card_names_the_licence_of_the_weights(
    client: Client, fit: Fit, embedder: str, licence: str
) -> None:
    Fit.objects.update(embedder=embedder)
    assert licence in shown(client, fit.project)


def test_a_prepared_zip_is_asked_for_and_waited_for(client: Client, fit: Fit) -> None:
    client.post(f"/projects/{fit.project_id}/model/{fit.pk}/prepare/")
    fit.refresh_from_db()
    assert fit.bundle_requested_at is not None
    assert "Waiting for a free worker." in shown(client, fit.project)


def test_htmx_gets_the_fragment_that_asks_again(client: Client, fit: Fit) -> None:
    address = f"/projects/{fit.project_id}/model/{fit.pk}/"
    html = client.post(f"{address}prepare/", headers={"HX-Request": "true"}).content.decode()
    assert f'hx-get="{address}" hx-trigger="every 2s"' in html


def test_a_failed_zip_says_why_and_offers_another_try(client: Client, fit: Fit) -> None:
    Fit.objects.update(bundle_requested_at=timezone.now(), bundle_error="disk full")
    html = shown(client, fit.project)
    assert "The zip could not be made: disk full" in html
    assert "Make it again" in html


def test_a_ready_zip_is_downloaded_under_a_telling_name(client: Client, fit: Fit) -> None:
    name = default_storage.save("bundles/test.zip", ContentFile(b"PK\5\6" + bytes(18)))
    Fit.objects.update(bundle_file=name)
    assert "Download zip" in shown(client, fit.project)
    answer = client.get(f"/projects/{fit.project_id}/model/{fit.pk}.zip")
    assert answer["Content-Disposition"] == f'attachment; filename="tickets-fit-{fit.pk}.zip"'
    assert b"".join(answer.streaming_content).startswith(b"PK")  # type: ignore[attr-defined]


def test_a_zip_that_vanished_from_the_storage_can_be_made_again(client: Client, fit: Fit) -> None:
    Fit.objects.update(bundle_file="bundles/gone.zip", bundle_requested_at=timezone.now())
    assert "no longer in the storage" in shown(client, fit.project)
    client.post(f"/projects/{fit.project_id}/model/{fit.pk}/prepare/")
    assert "Waiting for a free worker." in shown(client, fit.project)


def test_a_model_that_is_not_packed_cannot_be_downloaded(client: Client, fit: Fit) -> None:
    assert client.get(f"/projects/{fit.project_id}/model/{fit.pk}.zip").status_code == 404


def test_earlier_models_are_offered_too(client: Client, fit: Fit) -> None:
    make_fit(fit.project, n_labels=12, right=(5, 6))
    assert shown(client, fit.project).count("/prepare/") == 2 * 2  # action and hx-post


def test_a_fit_of_another_project_is_not_found(client: Client, owner: User, fit: Fit) -> None:
    other = make_project(owner=owner, name="Other")
    assert client.get(f"/projects/{other.pk}/model/{fit.pk}/").status_code == 404


@pytest.mark.parametrize("path", ["model/", "model/{fit}/", "model/{fit}.zip"])
def test_annotators_and_outsiders_take_nothing_away(client: Client, fit: Fit, path: str) -> None:
    bo = make_user("bo")
    client.force_login(bo, backend=BACKEND)
    address = f"/projects/{fit.project_id}/" + path.format(fit=fit.pk)
    assert client.get(address).status_code == 404
    fit.project.memberships.create(user=bo, role="annotator")
    assert client.get(address).status_code == 404
