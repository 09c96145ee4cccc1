"""Simulations of projects of table rows, from the page to the results."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from learners.models import Simulation
from learners.services.simulation_data import freeze, read_source, thaw
from learners.services.simulation_work import work_on
from projects.models import Example, Project, User
from tests.creating.table_files import FILE, table_project
from tests.factories import NOW

pytestmark = pytest.mark.django_db
PLAN = {"presets": ["default"], "heads": ["tree"], "budget": 16, "batch": 8, "n_seeds": 1}
COLUMNS = {
    "columns-features": ["age", "job", "balance"],
    "columns-label": "buys",
    "columns-split": "",
}


@pytest.fixture(autouse=True)
def folders(settings: Any, tmp_path: Any) -> Iterator[None]:
    settings.VAR_DIR, settings.MEDIA_ROOT = tmp_path / "var", tmp_path / "media"
    settings.LABELER_EMBEDDER = "no.such.embedder"
    return iter(())


@pytest.fixture
def project(owner: User) -> Project:
    return table_project(owner=owner)[0]


def finished(project: Project) -> Simulation:
    simulation = Simulation.objects.get(project=project)
    while work_on(simulation_id=simulation.pk, token=uuid.uuid4(), clock=lambda: NOW):
        pass
    simulation.refresh_from_db()
    return simulation


def address_of_upload(site: Client, project: Project, content: str = FILE) -> str:
    file = SimpleUploadedFile("open.csv", content.encode())
    response = site.post(reverse("simulation-file", args=[project.pk]), {"file": file})
    return str(response["Location"])


def test_the_page_offers_rows_and_what_reads_them(site: Client, project: Project) -> None:
    page = site.get(reverse("simulations", args=[project.pk])).content.decode()
    assert "Gold labels of this project: 120 rows, 2 classes" in page
    assert "logistic regression on the same columns" in page
    assert 'value="tree"' in page
    assert "minilm" not in page


def test_gold_labels_of_a_table_are_run_to_the_end(site: Client, project: Project) -> None:
    site.post(reverse("simulations", args=[project.pk]), PLAN | {"source": "gold"})
    simulation = finished(project)
    assert (simulation.status, simulation.error) == ("done", "")
    assert {recipe["features"] for recipe in simulation.recipes} == {"table"}
    assert simulation.results["failed"] == []
    page = site.get(reverse("simulation", args=[project.pk, simulation.pk])).content.decode()
    assert "90 rows to choose from" in page


def test_frozen_rows_thaw_with_their_columns(site: Client, project: Project) -> None:
    site.post(reverse("simulations", args=[project.pk]), PLAN | {"source": "gold"})
    simulation = Simulation.objects.get()
    data = read_source(simulation)
    assert [(column.name, column.kind) for column in data.columns] == [
        (column["name"], column["kind"]) for column in project.feature_columns
    ]
    assert thaw(freeze(simulation, data)).columns == data.columns


def test_an_uploaded_table_is_run_and_adds_no_row(site: Client, project: Project) -> None:
    n_before = Example.objects.count()
    address = address_of_upload(site, project)
    page = site.get(address).content.decode()
    assert "Columns that the model reads" in page
    response = site.post(address, PLAN | COLUMNS | {"source": "file"})
    assert response.status_code == 302
    simulation = finished(project)
    assert (simulation.status, simulation.error) == ("done", "")
    assert "Columns: age (numeric), job (categorical)" in " ".join(simulation.notes)
    assert Example.objects.count() == n_before


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"columns-features": ["age", "buys"]}, "“buys” is the label: it tells the answer."),
        ({"columns-features": []}, "This field is required."),
    ],
)
def test_columns_that_cannot_be_features_are_refused(
    site: Client, project: Project, said: dict[str, Any], expected: str
) -> None:
    address = address_of_upload(site, project)
    response = site.post(address, PLAN | COLUMNS | {"source": "file"} | said)
    assert response.status_code == 422
    assert expected in response.content.decode()
    assert not Simulation.objects.exists()


def test_the_winner_becomes_what_the_table_learns_with(site: Client, project: Project) -> None:
    site.post(reverse("simulations", args=[project.pk]), PLAN | {"source": "gold"})
    simulation = finished(project)
    place = next(i for i, recipe in enumerate(simulation.recipes) if recipe["head"] == "tree")
    site.post(reverse("simulation-use", args=[project.pk, simulation.pk]), {"place": place})
    project.refresh_from_db()
    assert (project.head, project.features) == ("tree", "table")
