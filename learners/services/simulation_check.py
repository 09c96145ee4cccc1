"""Whether a simulation can be run on what a project has now, before anybody waits for a worker."""

from learners.engine.errors import CannotSimulate
from learners.engine.simulation.data import check_plan, plan_notes
from learners.models import Simulation
from learners.services.simulating import Plan, Source
from learners.services.simulation_data import read_source
from projects.models import Project
from projects.services.refusals import Refused


def notes_before(*, project: Project, source: str, plan: Plan) -> list[str]:
    """What a reader must know of such a simulation: rare classes, more classes than labels.

    Raises:
        Refused: fewer than two classes, no texts to ask or to measure on, or a budget larger than
            the pool; on `source` or `budget`.
    """
    plan.check()
    try:
        data = read_source(Simulation(project=project, source=Source(source)))
    except CannotSimulate as error:
        raise Refused("source", _sentence(error)) from error
    try:
        check_plan(data, budget=plan.budget, batch=plan.batch)
    except CannotSimulate as error:
        raise Refused("budget", _sentence(error)) from error
    return [*data.notes, *plan_notes(data, budget=plan.budget, batch=plan.batch)]


def _sentence(error: CannotSimulate) -> str:
    words = str(error)
    return f"{words[:1].upper()}{words[1:]}."
