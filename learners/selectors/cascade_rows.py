"""What a cascade costs and scores beside each of its models alone, as a page reads it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from learners.engine.cascade import Cascade
from learners.engine.intervals import Interval
from learners.engine.rungs.prices import Prices, cost_per_million, cpu_hours_per_million
from learners.services.deferring import Answerer

PER_TEXT = 1_000


@dataclass(frozen=True)
class CascadeRow:
    """One way to answer. Costs are of a million texts; None where nothing was measured or entered.

    Attributes:
        cpu_hours: of this machine. cost: of those, in the ladder's currency. asked: paid for each
            answer, in `asked_currency`. milliseconds: of a text, on the mean.
    """

    label: str
    accuracy: Interval
    goes_up: Interval | None
    cpu_hours: float | None
    cost: float | None
    asked: float | None
    asked_currency: str
    milliseconds: float | None
    is_pair: bool = False


def cascade_rows(
    small: Answerer, big: Answerer, pair: Cascade, prices: Mapping[str, Any]
) -> list[CascadeRow]:
    """The small model alone, the pair, the bigger one alone. `prices`: as on a ladder."""
    up = pair.goes_up.value
    return [
        _row(small.label, pair.small, prices, (1.0, small)),
        _row("Both", pair.both, prices, (1.0, small), (up, big), goes_up=pair.goes_up),
        _row(big.label, pair.big, prices, (1.0, big)),
    ]


def _row(
    label: str,
    accuracy: Interval,
    prices: Mapping[str, Any],
    *parts: tuple[float, Answerer],
    goes_up: Interval | None = None,
) -> CascadeRow:
    """`parts`: who answers, and which share of the texts."""
    own = [(share, one) for share, one in parts if one.asked_cost is None]
    seconds = _sum([(share, one.cpu_seconds) for share, one in own])
    asked = [(share, one) for share, one in parts if one.asked_cost is not None]
    price = prices.get("cpu_hour")
    per_thousand = _sum([(share, one.milliseconds) for share, one in parts])
    return CascadeRow(
        label=label,
        accuracy=accuracy,
        goes_up=goes_up,
        cpu_hours=None if seconds is None else cpu_hours_per_million(seconds),
        cost=None if seconds is None or not price else cost_per_million(seconds, Prices(price, 0)),
        asked=_sum([(share, one.asked_cost) for share, one in asked]) if asked else None,
        asked_currency=asked[0][1].currency if asked else "",
        milliseconds=None if per_thousand is None else per_thousand / PER_TEXT,
        is_pair=goes_up is not None,
    )


def _sum(parts: list[tuple[float, float | None]]) -> float | None:
    """None where one of them was not measured, or there is none."""
    known = [share * value for share, value in parts if value is not None]
    return sum(known) if parts and len(known) == len(parts) else None
