"""Simulations for programs: start one on labels that are known, watch it, cancel it."""

from datetime import datetime
from typing import Annotated, Any, Literal

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Path, Query, Router, Schema
from pydantic import Field

from labeler.api.auth import project_of, token_of
from labeler.api.errors import ApiError
from labeler.api.once import once
from labeler.api.projects import ProjectId
from labeler.api.shapes import PROBLEMS, Asked
from labeler.sending import send
from learners.models import Simulation
from learners.services.simulating import (
    MAX_BUDGET,
    MAX_SEEDS,
    Plan,
    cancel_simulation,
    start_simulation,
)
from learners.services.simulation_check import notes_before
from projects.models import Project
from projects.models.api import Scope

router = Router(tags=["simulations"])
MAX_NAMED = 50
Names = Annotated[list[Annotated[str, Field(max_length=200)]], Field(max_length=MAX_NAMED)]
SimulationId = Annotated[int, Path(ge=1)]


class SimulationAsked(Asked):
    """`source`: gold labels, or labels that people gave. Without a strategy, classifier or features
    named, the default, margin and random choice are compared.
    """

    source: Literal["gold", "labels"]
    strategies: Names = []
    heads: Names = []
    features: Names = []
    budget: int = Field(256, ge=1, le=MAX_BUDGET)
    batch: int = Field(8, ge=1, le=MAX_BUDGET)
    n_seeds: int = Field(10, ge=1, le=MAX_SEEDS)


class SimulationShape(Schema):
    """`summaries`: by recipe the area under its curve with interval, and labels to each accuracy."""

    id: int
    status: Literal["waiting", "running", "done", "failed", "cancelled"]
    source: str
    recipes: list[dict[str, Any]]
    budget: int
    batch: int
    n_seeds: int
    n_runs: int
    n_ended: int
    created_at: datetime
    finished_at: datetime | None
    notes: list[str]
    summaries: list[dict[str, Any]]
    best: str | None
    error: str


@router.get(
    "/simulations", response={200: list[SimulationShape], **PROBLEMS}, operation_id="simulations"
)
def simulations(
    request: HttpRequest, project_id: ProjectId, limit: Annotated[int, Query(ge=1, le=100)] = 20
) -> list[dict[str, Any]]:
    """The newest simulations."""
    found = project_of(request, project_id, Scope.READ)
    return [_shape(row) for row in Simulation.objects.filter(project=found)[:limit]]


@router.post(
    "/simulations", response={202: SimulationShape, **PROBLEMS}, operation_id="start_simulation"
)
def start(request: HttpRequest, project_id: ProjectId, payload: SimulationAsked) -> HttpResponse:
    """Ask for one; workers take it up. One of a project runs at a time."""
    found = project_of(request, project_id, Scope.MANAGE)
    return once(request, lambda: (202, _started(request, found, payload)))


def _started(request: HttpRequest, project: Project, asked: SimulationAsked) -> dict[str, Any]:
    plan = Plan(
        **asked.model_dump(exclude={"source"}),
        is_table=project.is_table,
        multilabel=project.multilabel,
    )
    notes = notes_before(project=project, source=asked.source, plan=plan)
    simulation = start_simulation(
        actor=token_of(request).created_by,
        project=project,
        source=asked.source,
        plan=plan,
        now=timezone.now(),
    )
    transaction.on_commit(lambda: send("learners.simulate", simulation.pk) and None)
    shape = SimulationShape.model_validate(_shape(simulation) | {"notes": notes})
    return shape.model_dump(mode="json")


@router.get(
    "/simulations/{simulation_id}",
    response={200: SimulationShape, **PROBLEMS},
    operation_id="simulation",
)
def simulation(
    request: HttpRequest, project_id: ProjectId, simulation_id: SimulationId
) -> dict[str, Any]:
    """How far it is, and what it found so far."""
    return _shape(_found(project_of(request, project_id, Scope.READ), simulation_id))


@router.post(
    "/simulations/{simulation_id}/cancel",
    response={200: SimulationShape, **PROBLEMS},
    operation_id="cancel_simulation",
)
def cancel(
    request: HttpRequest, project_id: ProjectId, simulation_id: SimulationId
) -> dict[str, Any]:
    """End it; runs that are done stay."""
    found = _found(project_of(request, project_id, Scope.MANAGE), simulation_id)
    if not cancel_simulation(simulation_id=found.pk, now=timezone.now()):
        found.refresh_from_db()
        raise ApiError(409, f"This simulation is over: {found.status}.")
    found.refresh_from_db()
    return _shape(found)


def _found(project: Project, simulation_id: int) -> Simulation:
    found = Simulation.objects.filter(project=project, pk=simulation_id).first()
    if found is None:
        raise ApiError(404, "This project has no simulation of that number.", field="simulation_id")
    return found


def _shape(row: Simulation) -> dict[str, Any]:
    plain = set(SimulationShape.model_fields) - {"summaries", "best"}
    return {
        **{name: getattr(row, name) for name in plain},
        "summaries": row.results.get("summaries", []),
        "best": row.results.get("best"),
    }
