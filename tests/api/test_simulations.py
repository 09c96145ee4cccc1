"""Simulations for programs: started by the page's own service, refused with its reasons."""

import uuid
from typing import Any

import pytest

from learners.models import Simulation
from projects.models import Example, GoldLabel, Project, User
from tests.api.worlds import Program, answer, make_program, problem
from tests.factories import make_examples, make_label, make_project
from tests.simulation.rows import make_simulation
from tests.simulation.test_work import gold_project

pytestmark = pytest.mark.django_db
ASKED = {"source": "gold", "strategies": ["margin"], "budget": 16, "batch": 8, "n_seeds": 2}


@pytest.fixture
def gold(owner: User) -> Program:
    return make_program(gold_project(owner))


def test_starting_one_answers_with_it(gold: Program, owner: User) -> None:
    said = answer(gold.post("/simulations", ASKED), 202)
    row = Simulation.objects.get()
    assert (said["id"], said["status"], said["n_runs"]) == (row.pk, "waiting", 4)
    assert row.created_by == owner
    assert answer(gold.get(f"/simulations/{row.pk}"))["recipes"] == said["recipes"]


def test_one_runs_at_a_time(gold: Program) -> None:
    gold.post("/simulations", ASKED)
    assert "wait for it or cancel it" in problem(gold.post("/simulations", ASKED), 409)["message"]


@pytest.mark.parametrize(
    ("changes", "field", "message"),
    [
        ({"strategies": ["telepathy"]}, "strategies", "telepathy"),
        ({"heads": ["oracle"]}, "strategies", "oracle"),
        ({"budget": 20}, "budget", "a multiple of the batch, such as 16"),
        ({"budget": 1600}, "budget", "for a pool of"),
        ({"budget": 2001}, "budget", "less than or equal to 2000"),
        ({"n_seeds": 0}, "n_seeds", "greater than or equal to 1"),
        ({"source": "labels"}, "source", "No labelled texts"),
        ({"source": "file"}, "source", "'gold' or 'labels'"),
    ],
)
def test_what_cannot_be_run_is_refused_at_once(
    gold: Program, changes: dict[str, Any], field: str, message: str
) -> None:
    said = problem(gold.post("/simulations", ASKED | changes), 422)
    assert said["field"] == field
    assert message in said["message"]
    assert not Simulation.objects.exists()


def test_one_class_only_is_refused_with_its_name(project: Project, program: Program) -> None:
    yes = project.label_classes.all()[0]
    for example in make_examples(project, [f"text {n}" for n in range(40)]):
        GoldLabel.objects.create(example=example, label_class=yes)
    said = problem(program.post("/simulations", ASKED), 422)
    assert "of one class, “yes”" in said["message"]


def test_more_classes_than_labels_are_said_and_run(owner: User) -> None:
    names = [f"class {n}" for n in range(20)]
    project = make_project(owner=owner, classes=names)
    texts = [f"words of {name}, {n}" for name in names for n in range(4)]
    classes = list(project.label_classes.all())
    for place, example in enumerate(make_examples(project, texts)):
        GoldLabel.objects.create(example=example, label_class=classes[place // 4])
    said = answer(make_program(project).post("/simulations", ASKED), 202)
    assert any("20 classes and 16 labels" in note for note in said["notes"])


def test_a_class_with_one_example_is_said_and_run(gold: Program) -> None:
    project = gold.project
    rare = project.label_classes.create(name="rare", position=9)
    one = make_examples(project, ["nothing like the others"], seed=4)[0]
    GoldLabel.objects.create(example=one, label_class=rare)
    said = answer(gold.post("/simulations", ASKED), 202)
    assert any("rare" in note for note in said["notes"])


def test_an_empty_pool_is_refused(gold: Program) -> None:
    Example.objects.update(role=Example.Role.TEST)
    assert "pool is empty" in problem(gold.post("/simulations", ASKED), 422)["message"]


def test_peoples_labels_are_a_source(project: Project, program: Program, owner: User) -> None:
    classes = list(project.label_classes.all())
    for place, example in enumerate(make_examples(project, [f"text {n}" for n in range(40)])):
        make_label(example, classes[place % 2], owner)
    said = answer(program.post("/simulations", ASKED | {"source": "labels"}), 202)
    assert said["source"] == "labels"


def test_the_same_key_starts_one_and_tells_it_again(gold: Program) -> None:
    key = str(uuid.uuid4())
    first = gold.post("/simulations", ASKED, **{"Idempotency-Key": key})
    again = gold.post("/simulations", ASKED, **{"Idempotency-Key": key})
    assert answer(again, 202) == answer(first, 202)
    assert again["Idempotent-Replayed"] == "true"
    assert Simulation.objects.count() == 1


def test_a_key_of_another_request_is_refused(gold: Program) -> None:
    key = {"Idempotency-Key": str(uuid.uuid4())}
    gold.post("/simulations", ASKED, **key)
    said = problem(gold.post("/simulations", ASKED | {"n_seeds": 3}, **key), 409)
    assert said["code"] == "key_reused"
    problem(gold.post("/simulations", ASKED, **{"Idempotency-Key": "twelve"}), 400)


def test_a_refused_request_may_be_sent_again_with_its_key(gold: Program) -> None:
    key = {"Idempotency-Key": str(uuid.uuid4())}
    problem(gold.post("/simulations", ASKED | {"budget": 20}, **key), 422)
    answer(gold.post("/simulations", ASKED, **key), 202)


def test_cancelling_works_once(project: Project, program: Program) -> None:
    row = make_simulation(project, status="running")
    address = f"/simulations/{row.pk}/cancel"
    assert answer(program.post(address))["status"] == "cancelled"
    assert problem(program.post(address), 409)["message"].endswith("cancelled.")


def test_results_are_told(project: Project, program: Program) -> None:
    row = make_simulation(project)
    said = answer(program.get(f"/simulations/{row.pk}"))
    assert {one["name"] for one in said["summaries"]} == {"default", "margin", "reference"}
    assert said["best"] == "default"
    assert [one["id"] for one in answer(program.get("/simulations"))] == [row.pk]


def test_another_projects_simulation_is_not_found(program: Program, owner: User) -> None:
    row = make_simulation(make_project(owner=owner, name="Other"))
    assert problem(program.get(f"/simulations/{row.pk}"), 404)["field"] == "simulation_id"
    problem(program.get("/simulations/99999999999999999999"), 404)
