"""Every page of a project of table rows opens, before and after its first model."""

import csv
import io

import pytest
from django.test import Client

from learners.views.numbers import TABS
from projects.models import Project
from tests.factories import make_user
from tests.machine.test_tables import labelled_project, published

pytestmark = pytest.mark.django_db
PAGES = (
    "",
    *(f"?tab={tab.name}" for tab in TABS),
    "status/",
    "curve.csv",
    "queue/",
    "confirm/",
    "simulations/",
    "history/",
    "model/",
    "settings/",
    "settings/learning/",
    "settings/texts/",
    "settings/delete/",
)


def opened(client: Client, project: Project, address: str) -> int:
    response = client.get(f"/projects/{project.pk}/{address}")
    return response.status_code


@pytest.mark.parametrize("has_model", [False, True])
def test_every_page_of_a_table_opens(client: Client, has_model: bool) -> None:
    owner = make_user()
    project = labelled_project("logistic", owner)
    if has_model:
        published(project)
    client.force_login(owner)
    statuses = {address: opened(client, project, address) for address in PAGES}
    assert {address: code for address, code in statuses.items() if code not in {200, 204}} == {}


def test_labels_leave_with_every_cell_as_it_was_spelled(client: Client) -> None:
    owner = make_user()
    project = labelled_project("logistic", owner)
    client.force_login(owner)
    response = client.get(f"/projects/{project.pk}/labels.csv")
    text = b"".join(response).decode("utf-8-sig")
    first = next(csv.DictReader(io.StringIO(text)))
    cells = {name: value for name, value in first.items() if name.startswith("meta")}
    cells = {name: first[f"metadata.{name}"] for name in ("age", "job", "balance", "country")}
    assert cells == {"age": "20", "job": "nurse", "balance": "NA", "country": "fr"}
