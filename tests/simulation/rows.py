"""Simulations as rows: one that is over, with the results that its runs gave."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from learners.engine.recipes import DEFAULT, MARGIN, REFERENCE, Recipe
from learners.engine.simulation.as_json import run_as_json
from learners.models import Simulation, SimulationRun
from learners.services.simulation_work import results_of
from projects.models import Project, User
from tests.factories import NOW
from tests.simulation.worlds import make_run

CURVES = {
    REFERENCE.name: [0.50, 0.60, 0.70, 0.80],
    MARGIN.name: [0.60, 0.72, 0.80, 0.84],
    DEFAULT.name: [0.70, 0.80, 0.86, 0.88],
}


def make_simulation(
    project: Project,
    *,
    actor: User | None = None,
    status: str = "done",
    curves: dict[str, list[float]] | None = None,
    recipes: Sequence[Recipe] = (DEFAULT, REFERENCE, MARGIN),
    n_seeds: int = 3,
    now: datetime = NOW,
    **columns: Any,
) -> Simulation:
    """`curves`: accuracy by recipe; each seed lies a hundredth above the one before it."""
    curves = CURVES if curves is None else curves
    simulation = Simulation.objects.create(
        project=project,
        created_by=actor,
        created_at=now,
        source="gold",
        recipes=[asdict(recipe) for recipe in recipes],
        budget=32,
        batch=8,
        n_seeds=n_seeds,
        status=status,
        started_at=now,
        facts={"n_pool": 900, "n_test": 300, "n_classes": 2},
        notes=["Measured on 300 texts."],
        **columns,
    )
    for place, recipe in enumerate(recipes):
        for seed in range(n_seeds):
            curve = curves.get(recipe.name)
            run = curve and make_run(recipe.name, seed, [value + seed / 100 for value in curve])
            SimulationRun.objects.create(
                simulation=simulation,
                place=place,
                seed=seed,
                status="done" if run else "waiting",
                result=run_as_json(replace(run, strategy=recipe.strategy)) if run else None,
            )
    simulation.results = results_of(simulation)
    simulation.n_ended = simulation.runs.filter(status="done").count()
    simulation.save()
    return simulation
