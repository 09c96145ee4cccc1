"""Which rung of a ladder is the smallest that is good enough, and the figures that a lead enters.

What is measured stays; only what follows from the figures is worked out again.

Every model that was ever compared on a ladder counts in the correction, also a student that was taught
again since: they are all candidates of one choice, and the luckiest of many must not be taken for one
of few. Ladders over mostly the same random texts are not divided by: how many there will be nobody
knows at the first, and a bound that grew with each would change what was said before. The page counts
them instead, and says that the confidence is of one look alone (`learners.selectors.looks`).
"""

import logging
from collections.abc import Sequence
from datetime import datetime
from math import inf
from typing import Any

import numpy as np
from django.db import transaction
from numpy.typing import NDArray

from learners.engine.rungs import RUNGS
from learners.engine.rungs.choosing import Choice, smallest_good_enough
from learners.models import Ladder, Rung
from learners.models.ladder import TEACHER
from learners.services.ladder import Figures
from learners.services.model_files import ModelFilesGone
from learners.services.model_predictions import read_predictions
from projects.models import Project, ProjectEvent, User
from projects.services.ledger import append_project_event

logger = logging.getLogger(__name__)

ALIKE = 1.1  # times as many CPU seconds: less than this is noise of the clock


def choice_of(ladder: Ladder) -> dict[str, Any]:
    """As `Ladder.choice`: {} while nothing is measured, else plain values.

    Keys: n (answers), margin, level, best and chosen (names of rungs; `chosen` is None where no rung
    was shown to be good enough), too_small (more answers could tell), rungs (by name: accuracy,
    rival, difference, bound, verdict, n_needed, as `engine.rungs.choosing.Standing`), compared (names
    of the predictions that were ever compared on this ladder).

    Raises:
        ModelFilesGone: what a rung said of the audit answers is gone from the storage.
    """
    measured = [
        rung
        for rung in ladder.rungs.filter(status=Rung.Status.DONE).defer("manifest")
        if rung.predictions_file and (rung.cpu_seconds_per_1000 is not None or rung.name == TEACHER)
    ]
    if not measured:
        return {}
    before = ladder.choice.get("compared", [])
    compared = sorted({*before, *(rung.predictions_file for rung in measured)})
    choice = smallest_good_enough(
        np.array([_right(rung) for rung in measured]),
        _places_by_size(measured),
        margin=ladder.margin,
        n_compared=len(compared),
    )
    return _as_json(choice, [rung.name for rung in measured]) | {"compared": compared}


def choice_or_before(ladder: Ladder) -> dict[str, Any]:
    """`choice_of`; where what a rung said of the answers is gone, what was chosen before, and the log
    says so.
    """
    try:
        return choice_of(ladder)
    except ModelFilesGone as gone:
        logger.warning("ladder %d keeps its choice: %s", ladder.pk, gone)
        return dict(ladder.choice)


def by_size(rungs: Sequence[Rung]) -> list[Rung]:
    """The smallest first: least CPU for a prediction; where that is alike, the fewest bytes, and then
    models that come out the same when they are trained again. An outside teacher is larger than
    all, whatever it asks: texts leave for it.
    """
    left, found = sorted(rungs, key=_cpu), []
    while left:
        alike = [rung for rung in left if _cpu(rung) <= ALIKE * _cpu(left[0])]
        found += sorted(alike, key=lambda r: (r.n_bytes or 0, _never_the_same(r), r.place))
        left = left[len(alike) :]
    return found


def _cpu(rung: Rung) -> float:
    return inf if rung.name == TEACHER else rung.cpu_seconds_per_1000 or 0.0


def _never_the_same(rung: Rung) -> bool:
    """Students are of a kind that comes out the same."""
    return any(kind.name == rung.name and not kind.reproducible for kind in RUNGS)


def _places_by_size(rungs: list[Rung]) -> list[float]:
    ordered = [rung.pk for rung in by_size(rungs)]
    return [float(ordered.index(rung.pk)) for rung in rungs]


def _right(rung: Rung) -> NDArray[np.bool_]:
    found = read_predictions(rung.predictions_file)
    return np.asarray(found.said == found.y)


def _as_json(choice: Choice, names: list[str]) -> dict[str, Any]:
    return {
        "n": choice.n,
        "margin": choice.margin,
        "level": choice.level,
        "best": names[choice.best],
        "chosen": None if choice.chosen is None else names[choice.chosen],
        "too_small": choice.too_small,
        "rungs": {
            name: {
                "accuracy": standing.accuracy,
                "rival": names[standing.rival],
                "difference": standing.difference,
                "bound": standing.bound,
                "verdict": str(standing.verdict),
                "n_needed": standing.n_needed,
            }
            for name, standing in zip(names, choice.standings, strict=True)
        },
    }


@transaction.atomic
def set_figures(*, actor: User, ladder_id: int, figures: Figures, now: datetime) -> Ladder:
    """Give a ladder these figures; what is good enough is judged again by the margin. What differs goes
    into the ledger, with whether there was a result to see. No change writes no event.

    Raises:
        Refused: a figure that cannot be; nothing is changed.
        ModelFilesGone: another margin cannot be judged by; nothing is changed.
    """
    figures.check()
    project_id = Ladder.objects.values_list("project_id", flat=True).get(pk=ladder_id)
    Project.objects.select_for_update(no_key=True).get(pk=project_id)
    ladder = Ladder.objects.select_for_update(no_key=True).get(pk=ladder_id)
    changed = _differing(ladder, figures)
    if not changed:
        return ladder
    was_seen = bool(ladder.choice)
    ladder.prices, ladder.margin = figures.prices(), figures.margin
    if "margin" in changed:
        ladder.choice = choice_of(ladder)
    ladder.save(update_fields=["prices", "margin", "choice"])
    append_project_event(
        project_id=project_id,
        kind=ProjectEvent.Kind.LADDER_FIGURES,
        actor=actor,
        payload={"ladder": ladder.pk, "changed": changed, "after_result": was_seen},
        now=now,
    )
    return ladder


def _differing(ladder: Ladder, figures: Figures) -> dict[str, dict[str, Any]]:
    """Old and new value of each figure that differs, by its name."""
    old = {"cpu_hour": None, "currency": "", "watts": None} | ladder.prices
    old["margin"] = ladder.margin
    new = {**figures.prices(), "margin": figures.margin}
    return {
        name: {"old": old[name], "new": value} for name, value in new.items() if old[name] != value
    }
