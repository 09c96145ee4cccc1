"""Chains: a class leads into another project, whose live model is asked, too."""

import json
from itertools import pairwise
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from learners.engine.serving.shelf import Shelf
from projects.models import LabelClass, Membership, ModelVersion, Project, ProjectEvent, Route, User
from projects.services.refusals import Refused
from projects.services.routes import set_routes
from tests.api.worlds import Program, answer
from tests.factories import NOW, make_ladder, make_model_version, make_project, make_rung, make_user
from tests.serving.worlds import tiny_files

pytestmark = pytest.mark.django_db


@pytest.fixture
def trains(owner: User) -> Project:
    return make_project(owner=owner, name="Railways", classes=("Late", "On time"))


def live(project: Project, *names: str, **rule: Any) -> ModelVersion:
    """The tiny model with the ids of the project's own classes."""
    ids = {one.name: one.pk for one in project.label_classes.all()}
    files = tiny_files(names=names)
    labels = [{"id": ids[name], "name": name} for name in names]
    files["labels.json"] = json.dumps(labels).encode()
    rung = make_rung(make_ladder(project), "tfidf", files=files)
    return make_model_version(project, rung=rung, stage="live", deferral=rule or None)


def class_of(project: Project, name: str) -> LabelClass:
    return project.label_classes.get(name=name)


def lead(project: Project, name: str, target: Project, owner: User) -> None:
    routes = {class_of(project, name).pk: target.pk}
    set_routes(actor=owner, project=project, routes=routes, now=NOW)


def predicted(program: Program, *texts: str) -> list[dict[str, Any]]:
    return list(answer(program.post("/predict", {"texts": list(texts)}))["predictions"])


def test_a_text_goes_on_by_its_class_and_the_answer_holds_both(
    models: Shelf, *, project: Project, program: Program, owner: User, trains: Project
) -> None:
    live(project, "Food", "Trains")
    there = live(trains, "On time", "Late")
    lead(project, "Trains", trains, owner)
    soup, train = predicted(program, "soup", "train ticket")
    assert "then" not in soup
    then = train["then"]
    assert (then["project"], then["name"], then["label"]) == (trains.pk, "Railways", "Late")
    assert then["model"] == {"version": there.number, "rung": "tfidf"}


def test_a_project_without_a_live_model_is_said_in_the_answer_and_on_the_page(
    models: Shelf,
    *,
    project: Project,
    program: Program,
    owner: User,
    trains: Project,
    client: Client,
) -> None:
    live(project, "Food", "Trains")
    lead(project, "Trains", trains, owner)
    (train,) = predicted(program, "train")
    assert train["then"]["why"] == "This project has no live model."
    client.force_login(owner)
    html = client.get(reverse("model-routes", args=[project.pk])).content.decode()
    assert "Not now: This project has no live model." in html


def test_what_a_person_has_yet_to_decide_goes_nowhere(
    models: Shelf, *, project: Project, program: Program, owner: User, trains: Project
) -> None:
    live(project, "Food", "Trains", threshold=0.999, wanted=0.9, to="person")
    lead(project, "Trains", trains, owner)
    (train,) = predicted(program, "train")
    assert (train["deferred"], "then" in train) == (True, False)


def test_without_a_common_owner_nothing_goes_on(
    models: Shelf, *, project: Project, program: Program, owner: User, trains: Project
) -> None:
    live(project, "Food", "Trains")
    lead(project, "Trains", trains, owner)
    Membership.objects.filter(project=trains).update(user=make_user("grace"))
    (train,) = predicted(program, "train")
    assert train["then"]["why"] == "Nobody owns both projects any more."


def test_a_merged_class_leads_where_its_successor_does(
    models: Shelf, *, project: Project, program: Program, owner: User, trains: Project
) -> None:
    live(project, "Food", "Trains")
    lead(project, "Food", trains, owner)
    LabelClass.objects.filter(project=project, name="Trains").update(
        merged_into=class_of(project, "Food"), retired_at=NOW
    )
    (train,) = predicted(program, "train")
    assert train["then"]["project"] == trains.pk


def test_circles_are_refused(project: Project, owner: User, trains: Project) -> None:
    lead(project, "Trains", trains, owner)
    with pytest.raises(Refused, match="in a circle"):
        lead(trains, "Late", project, owner)
    with pytest.raises(Refused, match="cannot lead to itself"):
        lead(trains, "Late", trains, owner)


def test_chains_are_no_longer_than_four_projects(project: Project, owner: User) -> None:
    chain = [project, *(make_project(owner=owner, name=f"Next {n}") for n in range(4))]
    for one, other in pairwise(chain[:4]):
        lead(one, one.label_classes.all()[0].name, other, owner)
    with pytest.raises(Refused, match="through 5 projects; allowed: 4"):
        lead(chain[3], "yes", chain[4], owner)
    assert Route.objects.count() == 3


def test_only_projects_of_ones_own_can_be_led_to(project: Project, owner: User) -> None:
    foreign = make_project(owner=make_user("grace"), name="Hers")
    with pytest.raises(Refused, match="You own no project"):
        lead(project, "Food", foreign, owner)


def test_ways_are_set_on_their_page_and_stand_in_the_ledger(
    project: Project, owner: User, trains: Project, client: Client
) -> None:
    client.force_login(owner)
    address = reverse("model-routes", args=[project.pk])
    chosen = class_of(project, "Trains").pk
    html = client.post(address, {f"class_{chosen}": str(trains.pk)}, follow=True).content.decode()
    assert "calls “Trains” is also asked of “Railways”" in html
    event = ProjectEvent.objects.get(project=project, kind="routes_changed")
    assert (event.actor, event.payload["new"]) == (owner, {str(chosen): trains.pk})


def test_a_refusal_stands_at_its_class(
    project: Project, owner: User, trains: Project, client: Client
) -> None:
    lead(trains, "Late", project, owner)
    client.force_login(owner)
    chosen = class_of(project, "Trains").pk
    address = reverse("model-routes", args=[project.pk])
    response = client.post(address, {f"class_{chosen}": str(trains.pk)})
    assert response.status_code == 422
    assert f'id="id_class_{chosen}_error"' in response.content.decode()
