"""A ladder as a page reads it: what was measured of each rung, and what that costs."""

import json
from dataclasses import dataclass
from typing import Any

from learners.engine.rungs import RUNGS, RungKind
from learners.engine.rungs.base import RULES
from learners.engine.rungs.choosing import frontier
from learners.engine.rungs.prices import (
    Prices,
    cost_per_million,
    cpu_hours_per_million,
    watt_hours_per_million,
)
from learners.models import Ladder, Rung
from learners.models.ladder import TEACHER
from learners.selectors.curve import Measure
from learners.services.model_files import ModelFilesGone, open_folder
from projects.models import ModelVersion

BYTES_PER_MB = 1_000_000


@dataclass(frozen=True)
class RungRow:
    """One rung of a ladder. Numbers are None where nothing was measured, or no figure was entered.

    Attributes:
        cpu_hours, cost, watt_hours: for a million predictions.
        verdict: "good_enough", "worse" or "unclear"; "" before it can be judged.
        bound: upper bound of how much more accurate another rung is, a share.
        is_chosen: the smallest that is good enough. is_best: right most often.
        version: number of the version that was made of it.
        rules: of a model that people can read, each with "if", "then", "n_right" and "n".
    """

    rung: Rung
    kind: RungKind | None
    accuracy: Measure | None
    macro_f1: Measure | None
    megabytes: float | None
    cpu_hours: float | None
    cost: float | None
    watt_hours: float | None
    verdict: str
    bound: float | None
    is_chosen: bool
    is_best: bool
    is_on_frontier: bool
    version: int | None
    rules: tuple[dict[str, Any], ...] = ()

    @property
    def label(self) -> str:
        return self.rung.label or self.rung.name

    @property
    def is_teacher(self) -> bool:
        return self.rung.name == TEACHER


def rung_rows(ladder: Ladder) -> list[RungRow]:
    """The rungs of a ladder in their places, the cheapest first."""
    rungs = list(ladder.rungs.defer("manifest"))
    versions = dict(
        ModelVersion.objects.filter(
            project_id=ladder.project_id, rung_id__in=[rung.pk for rung in rungs]
        ).values_list("rung_id", "number")
    )
    on_frontier = _frontier(rungs)
    return [_row(ladder, rung, versions.get(rung.pk), rung.pk in on_frontier) for rung in rungs]


def _row(ladder: Ladder, rung: Rung, version: int | None, is_on_frontier: bool) -> RungRow:
    compared = ladder.choice.get("rungs", {})
    standing, is_compared = compared.get(rung.name, {}), len(compared) > 1
    seconds, figures = rung.cpu_seconds_per_1000, ladder.prices
    price, watts = figures.get("cpu_hour"), figures.get("watts")
    prices = Prices(price or 0.0, watts or 0.0)
    return RungRow(
        rung=rung,
        kind=next((kind for kind in RUNGS if kind.name == rung.name), None),
        accuracy=_measure(rung, "accuracy"),
        macro_f1=_measure(rung, "macro_f1"),
        megabytes=None if rung.n_bytes is None else rung.n_bytes / BYTES_PER_MB,
        cpu_hours=None if seconds is None else cpu_hours_per_million(seconds),
        cost=_asked_cost(ladder, rung)
        if rung.name == TEACHER
        else None
        if seconds is None or not price
        else cost_per_million(seconds, prices),
        watt_hours=None
        if seconds is None or not watts
        else watt_hours_per_million(seconds, prices),
        verdict=standing.get("verdict", "") if is_compared else "",
        bound=standing.get("bound"),
        is_chosen=is_compared and ladder.choice.get("chosen") == rung.name,
        is_best=is_compared and ladder.choice.get("best") == rung.name,
        is_on_frontier=is_on_frontier,
        version=version,
        rules=rules_of(rung),
    )


def rules_of(model: Rung | ModelVersion) -> tuple[dict[str, Any], ...]:
    """The rules of a model that people can read; none for the others, or where its files are gone."""
    if RULES not in model.files or not model.folder:
        return ()
    try:
        return tuple(json.loads((open_folder(model) / RULES).read_bytes()))
    except ModelFilesGone:
        return ()


def _asked_cost(ladder: Ladder, rung: Rung) -> float | None:
    """What a million answers of an outside teacher cost, where the lead counts in its currency."""
    same = rung.manifest.get("currency") == ladder.prices.get("currency")
    return rung.manifest.get("cost_per_million") if same else None


def _measure(rung: Rung, name: str) -> Measure | None:
    value = getattr(rung, name)
    if value is None:
        return None
    low, high = getattr(rung, f"{name}_low"), getattr(rung, f"{name}_high")
    return Measure(value, low, high, rung.n_audit or 0)


def _frontier(rungs: list[Rung]) -> set[int]:
    """Numbers of the rungs that no other beats in both accuracy and cost."""
    measured = [
        (rung.pk, rung.accuracy, rung.cpu_seconds_per_1000)
        for rung in rungs
        if rung.status == Rung.Status.DONE
        and rung.accuracy is not None
        and rung.cpu_seconds_per_1000 is not None
    ]
    places = frontier([each[1] for each in measured], [each[2] for each in measured])
    return {measured[place][0] for place in places}
