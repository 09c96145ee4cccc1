"""From a button to results, decided from rows: frozen labels, one run at a time, cancel, dead workers."""

import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest

from learners.models import Simulation, SimulationRun, WorkerHeartbeat
from learners.services import simulation_work
from learners.services.simulating import Plan, cancel_simulation, start_simulation, use_recipe
from learners.services.simulation_data import freeze, read_source, thaw
from learners.services.simulation_work import simulations_to_work_on, work_on
from projects.models import Example, GoldLabel, Project, ProjectEvent, User
from projects.services.refusals import Refused
from tests.factories import NOW, make_examples, make_label, make_project, make_user
from tests.simulation.rows import make_simulation
from tests.simulation.worlds import CLASSES, make_rows

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=5)
PLAN = Plan(strategies=["random"], heads=["logistic"], features=["minilm"], budget=16, n_seeds=2)


@pytest.fixture(autouse=True)
def var_folder(settings: Any, tmp_path: Any) -> None:
    settings.VAR_DIR = tmp_path / "var"
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.LABELER_EMBEDDER = "tests.machine.fakes.tiny_embedder"


@pytest.fixture
def owner() -> User:
    return make_user("ada")


@pytest.fixture
def project(owner: User) -> Project:
    return gold_project(owner)


def gold_project(owner: User, n_texts: int = 60) -> Project:
    project = make_project(owner=owner, classes=CLASSES)
    rows = make_rows(n_texts)
    classes = {row.name: row for row in project.label_classes.all()}
    for example, (_, label) in zip(
        make_examples(project, [text for text, _ in rows]), rows, strict=True
    ):
        GoldLabel.objects.create(example=example, label_class=classes[label])
    return project


def start(project: Project, owner: User, plan: Plan = PLAN, source: str = "gold") -> Simulation:
    return start_simulation(actor=owner, project=project, source=source, plan=plan, now=NOW)


def work(simulation: Simulation, now: datetime = NOW, times: int = 100) -> Simulation:
    for _ in range(times):
        if not work_on(simulation_id=simulation.pk, token=uuid.uuid4(), clock=lambda: now):
            break
    simulation.refresh_from_db()
    return simulation


def test_it_runs_to_its_end_and_says_what_came_of_it(project: Project, owner: User) -> None:
    simulation = work(start(project, owner))
    assert (simulation.status, simulation.error) == ("done", "")
    assert simulation.n_ended == simulation.n_runs == 4
    names = [found["name"] for found in simulation.results["summaries"]]
    assert names == ["random/logistic/minilm", "reference"]
    assert simulation.facts == {"n_pool": 45, "n_test": 15, "n_classes": 3}


def test_each_run_is_the_commands_run(project: Project, owner: User) -> None:
    simulation = work(start(project, owner))
    run = SimulationRun.objects.filter(simulation=simulation).first()
    assert run
    assert run.result
    assert run.result["labels"] == [8, 16]
    assert run.result["name"] == "random/logistic/minilm"


def test_labels_changed_while_it_runs_do_not_count(project: Project, owner: User) -> None:
    simulation = work(start(project, owner), times=1)
    GoldLabel.objects.all().delete()
    assert work(simulation).status == "done"


def test_peoples_labels_are_used_without_gold(owner: User) -> None:
    project = gold_project(owner)
    for gold in GoldLabel.objects.select_related("example", "label_class"):
        make_label(gold.example, gold.label_class, owner)
    GoldLabel.objects.all().delete()
    simulation = work(start(project, owner, source="labels"))
    assert simulation.status == "done"


def test_a_given_test_split_measures(project: Project, owner: User) -> None:
    Example.objects.filter(source_row__lte=6).update(role=Example.Role.TEST)
    data = read_source(start(project, owner))
    assert (len(data.test_rows), data.n_pool) == (6, 54)


def test_none_of_these_names_no_text(project: Project, owner: User) -> None:
    project.label_classes.filter(name="metal").update(is_none=True)
    data = read_source(start(project, owner))
    assert [text for text, _ in data.name_pairs()] == ["fruit", "river"]


def test_frozen_data_thaws_as_it_was(project: Project, owner: User) -> None:
    simulation = start(project, owner)
    data = read_source(simulation)
    found = thaw(freeze(simulation, data))
    assert (found.texts, found.y.tolist(), found.notes) == (
        data.texts,
        data.y.tolist(),
        data.notes,
    )


def test_a_budget_that_the_pool_cannot_fill_fails_in_words(project: Project, owner: User) -> None:
    simulation = work(start(project, owner, Plan(budget=800)))
    assert simulation.status == "failed"
    assert "for a pool of 45 distinct texts; needed: at most 40" in simulation.error


def test_a_strategy_that_raises_fails_its_runs_alone(project: Project, owner: User) -> None:
    plan = Plan(
        strategies=["tests.simulation.failing.failing_strategy"],
        features=["minilm"],
        budget=16,
        n_seeds=1,
    )
    simulation = work(start(project, owner, plan))
    assert simulation.status == "done"
    assert simulation.results["failed"][0]["error"] == "ZeroDivisionError: no density here"


def test_a_second_simulation_waits_for_the_first(project: Project, owner: User) -> None:
    start(project, owner)
    with pytest.raises(Refused, match="is running"):
        start(project, owner)


@pytest.mark.parametrize(
    ("plan", "field"),
    [
        (Plan(budget=20), "budget"),
        (Plan(batch=0), "batch"),
        (Plan(n_seeds=51), "n_seeds"),
        (Plan(strategies=["magic"]), "strategies"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(
    project: Project, owner: User, plan: Plan, field: str
) -> None:
    with pytest.raises(Refused) as refused:
        start(project, owner, plan)
    assert refused.value.field == field
    assert not Simulation.objects.exists()


def test_cancelling_keeps_what_is_done_and_does_no_more(project: Project, owner: User) -> None:
    simulation = work(start(project, owner), times=2)  # prepared, one run
    assert cancel_simulation(simulation_id=simulation.pk, now=LATER)
    assert work(simulation).n_ended == 1
    assert simulation.status == "cancelled"
    assert not cancel_simulation(simulation_id=simulation.pk, now=LATER)


def test_a_run_that_is_cancelled_midway_stores_nothing(
    project: Project, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulation = work(start(project, owner), times=1)

    def simulate(*, pulse: Any, **_: Any) -> None:
        cancel_simulation(simulation_id=simulation.pk, now=NOW)
        pulse(8)

    monkeypatch.setattr(simulation_work, "simulate", simulate)
    work(simulation)
    assert not simulation.runs.exclude(status="waiting").exists()


def test_what_is_due_is_told_from_rows(project: Project, owner: User) -> None:
    simulation = start(project, owner)
    assert simulations_to_work_on(NOW) == [simulation.pk]
    work(simulation)
    assert simulations_to_work_on(NOW) == []


def test_a_live_run_is_left_alone_and_a_dead_workers_is_done_again(
    project: Project, owner: User
) -> None:
    simulation = work(start(project, owner), times=1)
    run = simulation.runs.all()[0]
    SimulationRun.objects.filter(pk=run.pk).update(status="running", heartbeat_at=NOW, attempts=1)
    assert not work_on(simulation_id=simulation.pk, token=uuid.uuid4(), clock=lambda: NOW)
    assert work(simulation, LATER).status == "done"


def test_a_run_whose_worker_died_three_times_is_a_failure(project: Project, owner: User) -> None:
    simulation = work(start(project, owner), times=1)
    run = simulation.runs.all()[0]
    SimulationRun.objects.filter(pk=run.pk).update(status="running", heartbeat_at=NOW, attempts=3)
    work(simulation, LATER)
    assert simulation.status == "done"
    assert "died" in simulation.results["failed"][0]["error"]


def test_another_worker_may_run_beside_the_first(project: Project, owner: User) -> None:
    simulation = work(start(project, owner), times=1)
    SimulationRun.objects.filter(pk=simulation.runs.all()[0].pk).update(
        status="running", heartbeat_at=NOW
    )
    for name in ("one", "two"):
        WorkerHeartbeat.objects.create(name=name, kind="worker", started_at=NOW, seen_at=NOW)
    assert work_on(simulation_id=simulation.pk, token=uuid.uuid4(), clock=lambda: NOW)


def test_the_winner_becomes_the_projects_setting(project: Project, owner: User) -> None:
    simulation = make_simulation(project)
    recipe, _ = use_recipe(actor=owner, simulation=simulation, place=0, now=NOW)
    project.refresh_from_db()
    settings = (project.strategy, project.head, project.features, project.label_names)
    assert settings == (recipe.strategy, recipe.head, recipe.features, True)
    assert ProjectEvent.objects.filter(project=project, kind="strategy_changed").exists()
