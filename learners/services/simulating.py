"""What an owner does with simulations: start one, cancel it, make its winner the project's setting."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from learners.engine.errors import EngineError
from learners.engine.recipes import Recipe
from learners.models import Simulation, SimulationRun
from learners.services.labelled_files import Columns
from projects.models import Project, StagedUpload, User
from projects.reading import Layout
from projects.services.project_settings import change_settings
from projects.services.refusals import Refused

MAX_BUDGET = 2_000
MAX_SEEDS = 50
MAX_RUNS = 400

Source = Simulation.Source
Status = Simulation.Status
OPEN = (Status.WAITING, Status.RUNNING)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is compared, and how far and how often it is run. `is_table`: over rows of a table;
    `multilabel`: over texts with any number of classes.
    """

    strategies: Sequence[str] = ()
    heads: Sequence[str] = ()
    features: Sequence[str] = ()
    budget: int = 256
    batch: int = 8
    n_seeds: int = 10
    is_table: bool = False
    multilabel: bool = False

    def recipes(self) -> list[Recipe]:
        """Raises Refused for a name that does not exist."""
        try:
            # Strategies import scikit-learn: seconds that no other page should wait for.
            from learners.engine.simulation.choices import chosen_recipes  # noqa: PLC0415

            return chosen_recipes(
                strategies=self.strategies,
                heads=self.heads,
                features=self.features,
                is_table=self.is_table,
                multilabel=self.multilabel,
            )
        except EngineError as error:
            raise Refused("strategies", f"{error}.") from error

    def check(self) -> None:
        """Raises Refused on numbers that cannot be, whatever the data."""
        for name, most in (("budget", MAX_BUDGET), ("batch", MAX_BUDGET), ("n_seeds", MAX_SEEDS)):
            value = getattr(self, name)
            if not 1 <= value <= most:
                raise Refused(name, f"{value:,}; allowed: 1 to {most:,}.")
        if self.budget % self.batch:
            near = max(1, round(self.budget / self.batch)) * self.batch
            raise Refused(
                "budget",
                f"{self.budget} labels in batches of {self.batch}; allowed: a multiple of the "
                f"batch, such as {near}.",
            )
        n_runs = len(self.recipes()) * self.n_seeds
        if n_runs > MAX_RUNS:
            raise Refused(
                "n_seeds",
                f"{n_runs:,} runs: {len(self.recipes())} recipes, each {self.n_seeds} times; "
                f"allowed: {MAX_RUNS} in one simulation. Choose fewer of either.",
            )


@transaction.atomic
def start_simulation(
    *,
    actor: User,
    project: Project,
    source: str,
    plan: Plan,
    staged: StagedUpload | None = None,
    columns: Columns | None = None,
    now: datetime,
) -> Simulation:
    """Ask for a simulation; workers take it up. An upload becomes the simulation's own.

    Raises:
        Refused: the plan cannot be, or another simulation of the project is not over.
    """
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    if Simulation.objects.filter(project=project, status__in=OPEN).exists():
        raise Refused("", "A simulation of this project is running; wait for it or cancel it.")
    plan.check()
    recipes = plan.recipes()
    simulation = Simulation.objects.create(
        project=project,
        created_by=actor,
        created_at=now,
        source=source,
        recipes=[asdict(recipe) for recipe in recipes],
        budget=plan.budget,
        batch=plan.batch,
        n_seeds=plan.n_seeds,
        **_upload(staged, columns),
    )
    SimulationRun.objects.bulk_create(
        SimulationRun(simulation=simulation, place=place, seed=seed)
        for seed in range(plan.n_seeds)
        for place in _same_features_together(recipes)
    )
    if staged is not None:
        staged.delete()  # the row alone: its file belongs to the simulation now
    return simulation


def _same_features_together(recipes: Sequence[Recipe]) -> list[int]:
    """What is fitted on a seed's pool then serves runs that follow each other."""
    return sorted(range(len(recipes)), key=lambda place: recipes[place].features)


def _upload(staged: StagedUpload | None, columns: Columns | None) -> dict[str, Any]:
    if staged is None or columns is None:
        return {}
    layout: Mapping[str, Any] = staged.guess["layout"]
    return {
        "file": str(staged.file.name),
        "source_name": staged.name,
        "columns": {**asdict(columns), "layout": Layout(**layout).as_json()},
    }


@transaction.atomic
def cancel_simulation(*, simulation_id: int, now: datetime) -> bool:
    """End it; runs that are done stay. Returns whether it was still going on."""
    ended = Simulation.objects.filter(pk=simulation_id, status__in=OPEN).update(
        status=Status.CANCELLED, finished_at=now, token=None
    )
    return bool(ended)


def use_recipe(
    *, actor: User, simulation: Simulation, place: int, now: datetime
) -> tuple[Recipe, list[str]]:
    """Make a compared recipe what the project learns with.

    Returns:
        The recipe, and the names of the settings that differ now.

    Raises:
        Refused: there is no such recipe, or the project cannot be set to it.
    """
    if not 0 <= place < len(simulation.recipes):
        raise Refused("place", "This simulation compared no such recipe.")
    recipe = Recipe(**simulation.recipes[place])
    changes = {
        "strategy": recipe.strategy,
        "head": recipe.head,
        "features": recipe.features,
        "label_names": recipe.label_names,
    }
    changed = change_settings(actor=actor, project=simulation.project, changes=changes, now=now)
    return recipe, changed
