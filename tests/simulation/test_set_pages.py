"""Simulations of projects in which a text has any number of classes, from the page to the results."""

import uuid
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from learners.models import Simulation
from learners.services.simulation_data import freeze, read_source, thaw
from learners.services.simulation_work import work_on
from projects.models import Example, GoldSet, LabelClass, Project, User
from projects.services.classes import ClassSpec, add_classes
from tests.factories import NOW, make_examples
from tests.multilabel.worlds import ids, make_multilabel, mixed_texts, tell, true_set

pytestmark = pytest.mark.django_db
PLAN = {
    "presets": [],
    "strategies": ["multilabel_binary_minimum"],
    "features": ["minilm"],
    "budget": 16,
    "batch": 8,
    "n_seeds": 2,
}


@pytest.fixture(autouse=True)
def folders(settings: Any, tmp_path: Any) -> None:
    settings.VAR_DIR, settings.MEDIA_ROOT = tmp_path / "var", tmp_path / "media"
    settings.LABELER_EMBEDDER = "tests.machine.fakes.tiny_embedder"


@pytest.fixture
def project(owner: User) -> Project:
    """Eighty texts whose sets came with the data."""
    project = make_multilabel(owner, classes=("bird", "tool"))
    examples = make_examples(project, mixed_texts(80))
    GoldSet.objects.bulk_create(
        GoldSet(example=example, labels=ids(project, *true_set(example))) for example in examples
    )
    return project


def finished(project: Project) -> Simulation:
    simulation = Simulation.objects.get(project=project)
    while work_on(simulation_id=simulation.pk, token=uuid.uuid4(), clock=lambda: NOW):
        pass
    simulation.refresh_from_db()
    return simulation


def page_of(site: Client, project: Project) -> str:
    return site.get(reverse("simulations", args=[project.pk])).content.decode()


def test_the_page_offers_sets_and_what_serves_them(site: Client, project: Project) -> None:
    page = page_of(site, project)
    assert "Gold labels of this project: 80 texts, 2 classes" in page
    assert "Nearest border: the default, asking where a yes or no of one class is closest" in page
    assert 'value="multilabel_max_loss"' in page
    assert 'value="entropy"' not in page
    assert "one logistic regression a class" in page


def test_gold_sets_are_run_to_the_end(site: Client, project: Project) -> None:
    site.post(reverse("simulations", args=[project.pk]), PLAN | {"source": "gold"})
    simulation = finished(project)
    assert (simulation.status, simulation.error) == ("done", "")
    assert {recipe["head"] for recipe in simulation.recipes} == {"one_vs_rest"}
    assert simulation.results["failed"] == []
    address = reverse("simulation", args=[project.pk, simulation.pk])
    page = site.get(address).content.decode()
    assert "Whole sets right against labels" in page
    assert "Mean micro-F1" in page
    assert "of mean whole sets right" in page or "Nothing that was compared" in page
    curves = site.get(reverse("simulation-curves", args=[project.pk, simulation.pk])).json()
    assert "Whole sets right" in curves["data"]["values"][0]
    runs = site.get(reverse("simulation-runs", args=[project.pk, simulation.pk])).json()["runs"]
    assert all(len(run["micro_f1"]) == 2 for run in runs)


def test_the_winner_becomes_the_projects_setting(site: Client, project: Project) -> None:
    site.post(reverse("simulations", args=[project.pk]), PLAN | {"source": "gold", "n_seeds": 1})
    simulation = finished(project)
    site.post(reverse("simulation-use", args=[project.pk, simulation.pk]), {"place": 0})
    project.refresh_from_db()
    assert (project.strategy, project.head) == ("multilabel_binary_minimum", "one_vs_rest")


def test_frozen_sets_thaw_as_they_were(site: Client, project: Project) -> None:
    site.post(reverse("simulations", args=[project.pk]), PLAN | {"source": "gold"})
    simulation = Simulation.objects.get()
    data = read_source(simulation)
    assert data.multilabel
    assert (thaw(freeze(simulation, data)).y == data.y).all()


def test_peoples_labels_leave_out_what_was_not_asked(
    site: Client, owner: User, project: Project
) -> None:
    examples = list(Example.objects.order_by("pk"))
    tell(examples[:30], owner)
    add_classes(actor=owner, project=project, specs=[ClassSpec(name="fish")], now=NOW)
    tell(examples[30:60], owner)
    assert "Labels that people gave: 30 texts, 2 classes" in page_of(site, project)
    data = read_source(Simulation(project=project, source=Simulation.Source.LABELS))
    assert len(data.texts) == 30
    assert data.notes[0] == "Left out, answered before a class was added: 30 texts."


def test_an_uploaded_file_of_several_labels_is_run(site: Client, project: Project) -> None:
    lines = [f"{text},{'|'.join(_labels(text))}" for text in mixed_texts(80)]
    content = "\n".join(["text,tags", *lines]).encode()
    file = SimpleUploadedFile("open.csv", content)
    response = site.post(reverse("simulation-file", args=[project.pk]), {"file": file})
    address = str(response["Location"])
    page = site.get(address).content.decode()
    assert '<option value="|" selected>at a bar, as in “a|b”</option>' in page
    columns = {
        "columns-text": "text",
        "columns-label": "tags",
        "columns-split": "",
        "columns-separator": "|",
    }
    n_before = LabelClass.objects.count()
    assert site.post(address, PLAN | columns | {"source": "file"}).status_code == 302
    simulation = finished(project)
    assert (simulation.status, simulation.error) == ("done", "")
    notes = " ".join(simulation.notes)
    assert "Several labels of a cell are told apart at each “|”." in notes
    assert "Left out, having no label: 20 rows." in notes
    assert LabelClass.objects.count() == n_before


def _labels(text: str) -> list[str]:
    return true_set(Example(text=text))


def test_what_is_for_one_class_is_refused(site: Client, project: Project) -> None:
    asked = PLAN | {"source": "gold", "strategies": ["entropy"]}
    response = site.post(reverse("simulations", args=[project.pk]), asked)
    assert response.status_code == 422
    assert "Select a valid choice" in response.content.decode()


def test_without_sets_the_page_says_what_is_needed(site: Client, owner: User) -> None:
    project = make_multilabel(owner, name="Empty")
    make_examples(project, ["a", "b"])
    assert "There are no known labels to run on yet." in page_of(site, project)
