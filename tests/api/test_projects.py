"""A project for programs: what is told of it, and changes that the page would make too."""

from typing import Any

import pytest

from projects.models import Project, ProjectEvent, User
from tests.api.worlds import Program, answer, make_program, problem
from tests.factories import make_examples, make_project
from tests.pages.worlds import labelled_project, make_fit

pytestmark = pytest.mark.django_db


def test_a_new_project_is_told_without_a_fit(program: Program, project: Project) -> None:
    make_examples(project, ["a", "b", "c"], n_audit=1)
    said = answer(program.get())
    assert (said["id"], said["name"], said["input_kind"]) == (project.pk, "Tickets", "text")
    assert said["counts"] == {"texts": 3, "pool": 2, "audit": 1, "labelled": 0, "known": 0}
    assert (said["newest_fit"], said["live_model"]) == (None, None)
    assert any("worker" in notice["text"].lower() for notice in said["notices"])


def test_the_newest_fit_has_its_accuracy_with_the_interval(owner: User) -> None:
    project = labelled_project(owner)
    fit = make_fit(project, n_labels=10, right=(3, 4))
    said = answer(make_program(project).get())["newest_fit"]
    accuracy = said["measures"]["accuracy"]
    assert said["id"] == fit.pk
    assert (accuracy["value"], accuracy["n"]) == (0.75, 4)
    assert 0 <= accuracy["low"] < 0.75 < accuracy["high"] <= 1


def test_fits_come_newest_first_and_in_pieces(program: Program, project: Project) -> None:
    old, new = make_fit(project, n_labels=10), make_fit(project, n_labels=20)
    assert [fit["id"] for fit in answer(program.get("/fits"))] == [new.pk, old.pk]
    assert [fit["id"] for fit in answer(program.get(f"/fits?before={new.pk}"))] == [old.pk]
    assert len(answer(program.get("/fits?limit=1"))) == 1


@pytest.mark.parametrize("query", ["limit=0", "limit=501", "limit=many", "before=0", "limit="])
def test_a_piece_that_cannot_be_is_refused(program: Program, query: str) -> None:
    assert problem(program.get(f"/fits?{query}"), 422)["field"] in {"limit", "before"}


def test_the_curve_has_points_and_marks(program: Program, project: Project) -> None:
    make_fit(project, n_labels=10, right=(8, 10))
    program.call("PATCH", "/learning", {"strategy": "entropy"})
    said = answer(program.get("/curve"))
    assert said["points"][0]["n_labels"] == 10
    assert said["points"][0]["measures"]["accuracy"]["value"] == 0.8
    assert [mark["text"] for mark in said["marks"]] == ["strategy changed to Entropy"]


def test_classes_are_listed_in_their_order(program: Program) -> None:
    assert [one["name"] for one in answer(program.get("/classes"))] == ["yes", "no"]


def test_what_is_changed_is_in_the_ledger_under_the_makers_name(
    program: Program, project: Project, owner: User
) -> None:
    changes = {"strategy": "entropy", "strict_audit": True, "batch_size": 20, "audit_share": 0.3}
    said = answer(program.call("PATCH", "/learning", changes))
    assert said["changed"] == ["strategy", "strict_audit", "batch_size", "audit_share"]
    assert said["learning"]["batch_size"] == 20
    events = ProjectEvent.objects.filter(project=project)
    assert {event.actor for event in events} == {owner}
    assert len(events) == 4


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"strategy": "telepathy"}, "telepathy"),
        ({"strategy": "multilabel_max_loss"}, "not for texts with one class each"),
        ({"head": "tree"}, "not for texts"),
        ({"features": "table"}, "not features of texts"),
        ({"head": "x\u0000y"}, "NUL or half of a surrogate pair"),
        ({"batch_size": 0}, "greater than or equal to 1"),
        ({"batch_size": "10"}, "valid integer"),
        ({"audit_share": 1.5}, "less than or equal to 1"),
        ({"label_names": 1}, "valid boolean"),
        ({"strategy": None}, "leave the field out"),
        ({"seed": 4}, "no such field"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_and_nothing_changes(
    program: Program, project: Project, change: dict[str, Any], message: str
) -> None:
    said = problem(program.call("PATCH", "/learning", {"strict_audit": True} | change), 422)
    assert said["field"] in change
    assert message in said["message"]
    project.refresh_from_db()
    assert not project.strict_audit


def test_a_strategy_that_does_not_exist_is_answered_with_those_that_do(program: Program) -> None:
    said = problem(program.call("PATCH", "/learning", {"strategy": "telepathy"}), 422)
    choices = answer(program.get("/learning"))["choices"]
    assert said["allowed"] == choices["strategy"]
    assert "margin" in said["allowed"]


def test_an_expensive_strategy_is_refused_for_a_large_pool(program: Program) -> None:
    Project.objects.update(n_pool=1_000_000)
    said = problem(program.call("PATCH", "/learning", {"strategy": "expected_error"}), 422)
    assert "pools of up to 5,000" in said["message"]


def test_what_was_shown_to_one_project_is_not_of_another(owner: User, program: Program) -> None:
    other = make_fit(make_project(owner=owner, name="Other"), n_labels=5)
    assert other.pk not in [fit["id"] for fit in answer(program.get("/fits"))]
