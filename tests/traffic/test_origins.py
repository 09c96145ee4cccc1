"""Predictions that reach a model through another project are counted and kept as that project says."""

import pytest

from labeler.traffic import recorder
from learners.engine.serving.shelf import Shelf
from projects.models import KeptPrediction, Project, TrafficTotal, User
from projects.models.traffic import Origin
from projects.services.traffic.redacting import Redaction
from tests.api.worlds import Program, answer
from tests.factories import make_project
from tests.serving.test_chains import lead, live
from tests.traffic.test_keeping import keep

pytestmark = pytest.mark.django_db


@pytest.fixture
def trains(owner: User, project: Project) -> Project:
    """Where trains of `project` go on to; both models answer."""
    target = make_project(owner=owner, name="Railways", classes=("Food", "Trains"))
    live(project, "Food", "Trains")
    live(target, "Food", "Trains")
    lead(project, "Trains", target, owner)
    return target


def test_a_text_that_goes_on_is_counted_there_as_a_route_without_a_time(
    models: Shelf, trains: Project, program: Program
) -> None:
    answer(program.post("/predict", {"texts": ["soup", "train", "a train"]}))
    recorder.flush()
    total = TrafficTotal.objects.get(project=trains)
    assert (total.origin, total.n_requests, total.n_texts) == (Origin.ROUTE, 1, 2)
    assert total.by_class == {"Trains": 2}
    assert (sum(total.latency), total.latency_ms) == (0, 0)


def test_what_goes_on_is_still_one_request_of_the_first_project(
    models: Shelf, trains: Project, project: Project, program: Program
) -> None:
    answer(program.post("/predict", {"text": "train"}))
    recorder.flush()
    total = TrafficTotal.objects.get(project=project)
    assert (total.origin, total.n_requests, total.n_texts) == (Origin.API, 1, 1)
    assert sum(total.latency) == 1


def test_the_other_project_keeps_and_redacts_as_its_own_lead_says(
    models: Shelf, project: Project, trains: Project, owner: User, program: Program
) -> None:
    keep(trains, owner, redaction=Redaction(own=["secret"]))
    said = answer(program.post("/predict", {"texts": ["soup", "a secret train"]}))
    recorder.flush()
    row = KeptPrediction.objects.get()
    first, second = said["predictions"]
    assert (row.project, row.origin, row.token_name) == (trains, Origin.ROUTE, project.name)
    assert row.text == "a [removed] train"
    assert second["then"]["id"] == str(row.pk)
    assert "id" not in first
    assert "id" not in second


def test_a_request_that_fails_on_the_way_is_not_counted_there(
    models: Shelf, trains: Project, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("labeler.api.predicting.note", _broken)
    assert program.post("/predict", {"text": "train"}).status_code == 500
    recorder.flush()
    assert not TrafficTotal.objects.filter(project=trains).exists()


def _broken(*_: object) -> None:
    raise RuntimeError("broken")
