"""The pages of simulations: start, watch, cancel, use; each state drawn."""

import io
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from learners.models import Simulation
from learners.services.simulation_work import work_on
from projects.models import Example, Project, User
from tests.factories import NOW, make_examples, make_project
from tests.simulation.rows import make_simulation
from tests.simulation.test_work import gold_project
from tests.simulation.worlds import make_rows

pytestmark = pytest.mark.django_db
FORM = {"source": "gold", "presets": ["margin"], "budget": 16, "batch": 8, "n_seeds": 2}


@pytest.fixture(autouse=True)
def folders(settings: Any, tmp_path: Any) -> Iterator[None]:
    settings.VAR_DIR, settings.MEDIA_ROOT = tmp_path / "var", tmp_path / "media"
    settings.LABELER_EMBEDDER = "tests.machine.fakes.tiny_embedder"
    return iter(())


def words(site: Client, name: str, *parts: int, **query: Any) -> str:
    response = site.get(reverse(name, args=parts), query)
    assert response.status_code == 200
    return response.content.decode()


def test_without_known_labels_the_page_says_what_is_needed(site: Client, owner: User) -> None:
    project = make_project(owner=owner)
    make_examples(project, ["a", "b"])
    found = words(site, "simulations", project.pk)
    assert "There are no known labels to run on yet." in found
    assert reverse("simulation-file", args=[project.pk]) in found


def test_starting_one_leads_to_it(site: Client, owner: User) -> None:
    project = gold_project(owner)
    response = site.post(reverse("simulations", args=[project.pk]), FORM)
    simulation = Simulation.objects.get()
    assert response["Location"] == reverse("simulation", args=[project.pk, simulation.pk])
    assert [recipe["name"] for recipe in simulation.recipes] == ["margin", "reference"]
    assert simulation.created_by == owner


def test_a_number_that_cannot_be_is_told_at_its_field(site: Client, owner: User) -> None:
    project = gold_project(owner)
    response = site.post(reverse("simulations", args=[project.pk]), FORM | {"budget": 20})
    assert response.status_code == 422
    assert "a multiple of the batch, such as 16" in response.content.decode()
    assert not Simulation.objects.exists()


def upload(site: Client, project: Project) -> str:
    lines = "\n".join(["klass,body", *(f"{label},{text}" for text, label in make_rows(60))])
    file = SimpleUploadedFile("open.csv", lines.encode())
    response = site.post(reverse("simulation-file", args=[project.pk]), {"file": file})
    return str(response["Location"])


def test_an_uploaded_file_is_run_and_adds_no_text(site: Client, owner: User) -> None:
    project = make_project(owner=owner)
    address = upload(site, project)
    assert "The file open.csv" in site.get(address).content.decode()
    columns = {"columns-text": "body", "columns-label": "klass", "columns-split": ""}
    # MiniLM alone: the small embedder of the tests has no tokenizer to count words by.
    chosen = FORM | {"source": "file", "presets": [], "features": ["minilm"], "n_seeds": 1}
    site.post(address, chosen | columns)
    simulation = Simulation.objects.get()
    while work_on(simulation_id=simulation.pk, token=token(), clock=lambda: NOW):
        pass
    simulation.refresh_from_db()
    assert (simulation.status, simulation.error) == ("done", "")
    assert not Example.objects.exists()


def token() -> Any:
    import uuid

    return uuid.uuid4()


def test_texts_and_labels_are_different_columns(site: Client, owner: User) -> None:
    project = make_project(owner=owner)
    address = upload(site, project)
    columns = {"columns-text": "body", "columns-label": "body", "columns-split": ""}
    response = site.post(address, FORM | {"source": "file"} | columns)
    assert "stand in different columns" in response.content.decode()


def test_an_upload_that_cannot_be_read_is_told(site: Client, owner: User) -> None:
    project = make_project(owner=owner)
    address = reverse("simulation-file", args=[project.pk])
    response = site.post(address, {"file": io.BytesIO(b"")})
    assert response.status_code == 422


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"status": "waiting", "curves": {}}, "Waiting for a worker"),
        ({"status": "waiting", "curves": {}, "n_read": 5, "n_to_read": 9}, "5 of 9"),
        ({"status": "running", "curves": {}}, "0 of 9 runs done"),
        ({"status": "cancelled"}, "Cancelled. 9 of 9 runs done."),
        ({"status": "failed", "curves": {}, "error": "Too few."}, "Too few."),
        ({"status": "done"}, "Default is best"),
    ],
)
def test_each_state_is_drawn(
    site: Client, owner: User, columns: dict[str, Any], expected: str
) -> None:
    project = make_project(owner=owner)
    simulation = make_simulation(project, **columns)
    found = words(site, "simulation", project.pk, simulation.pk)
    assert expected in found
    running = columns["status"] in {"waiting", "running"}
    assert ("hx-trigger" in found) is running
    assert (">Cancel<" in found) is running


def test_the_fragment_comes_only_when_something_is_new(site: Client, owner: User) -> None:
    project = make_project(owner=owner)
    simulation = make_simulation(project, status="running", curves={})
    address = reverse("simulation-state", args=[project.pk, simulation.pk])
    response = site.get(address, {"have": "running.0.0.[].running-0"})
    assert response.status_code == 204
    assert site.get(address, {"have": "other"}).status_code == 200


def test_cancelling_and_using_lead_back(site: Client, owner: User) -> None:
    project = make_project(owner=owner)
    simulation = make_simulation(project, status="running")
    here = reverse("simulation", args=[project.pk, simulation.pk])
    for name, said in (("simulation-cancel", {}), ("simulation-use", {"place": 0})):
        address = reverse(name, args=[project.pk, simulation.pk])
        assert site.post(address, said)["Location"] == here
    simulation.refresh_from_db()
    project.refresh_from_db()
    assert simulation.status == "cancelled"
    assert project.strategy == simulation.recipes[0]["strategy"]
    assert "in use" in words(site, "simulation", project.pk, simulation.pk)


def test_a_recipe_that_was_not_compared_is_refused(site: Client, owner: User) -> None:
    project = make_project(owner=owner)
    simulation = make_simulation(project)
    address = reverse("simulation-use", args=[project.pk, simulation.pk])
    response = site.post(address, {"place": "77"}, follow=True)
    assert "compared no such recipe" in response.content.decode()


def test_all_numbers_can_be_taken_away(site: Client, owner: User) -> None:
    project = make_project(owner=owner)
    simulation = make_simulation(project)
    found = site.get(reverse("simulation-runs", args=[project.pk, simulation.pk])).json()
    assert len(found["runs"]) == 9
    assert {summary["name"] for summary in found["summaries"]} == {"default", "margin", "reference"}


def test_another_projects_simulation_is_not_found(site: Client, owner: User) -> None:
    simulation = make_simulation(make_project(owner=owner))
    other = make_project(owner=owner, name="Other")
    response = site.get(reverse("simulation", args=[other.pk, simulation.pk]))
    assert response.status_code == 404
