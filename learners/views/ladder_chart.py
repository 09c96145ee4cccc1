"""A ladder as a Vega-Lite specification: accuracy against cost. Pure: rows in, plain values out."""

from collections.abc import Sequence
from math import log10
from typing import Any

from learners.models import Rung
from learners.selectors.ladder import RungRow
from learners.views.curve_chart import chart_config
from learners.views.ladder_sentences import accuracy_words, megabytes, significant

DOT, CHOSEN_DOT = 90, 200
TOP = 1.08  # room for a name above 100 %
SIDES = ("left", "right")
LINE = 0.06  # of the height: what a name takes
PHONE = 420  # px: below, names of models on the frontier alone; the table has all of them
LONGEST = 0.5  # of the width: longer names are cut
BESIDE = 0.45  # of the width: within this, names on one side may meet


def ladder_spec(rows: Sequence[RungRow], *, currency: str, has_price: bool) -> dict[str, Any]:
    """One dot a rung with its interval, its name beside it, and the frontier as a line.

    Without a price the axis is core hours for a million predictions.
    """
    values = _named([_value(row, has_price) for row in rows if _is_drawn(row, has_price)])
    title = f"{currency} for a million" if has_price else "CPU hours for a million"
    lowest = min((value["low"] for value in values), default=0.0)
    x = {
        "field": "cost",
        "type": "quantitative",
        "title": title.strip(),
        "scale": {"type": "log", "nice": False, "padding": 24},
        "axis": {"format": "~g", "grid": False, "tickCount": 5, "labelOverlap": True},
    }
    y = _share_axis(lowest)
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "width": "container",
        "height": 320,
        "autosize": {"type": "fit-x", "contains": "padding"},
        "background": "var(--raised)",
        "data": {"values": values},
        "layer": [
            {
                "transform": [{"filter": "datum.frontier"}],
                "mark": {
                    "type": "line",
                    "interpolate": "step-after",
                    "strokeWidth": 2,
                    "strokeDash": [6, 3],
                    "color": "var(--ink-3)",
                },
                "encoding": {"x": x, "y": {"field": "accuracy", **y}},
            },
            {
                "mark": {
                    "type": "rule",
                    "strokeWidth": 2,
                    "opacity": 0.55,
                    "color": "var(--chart-1)",
                },
                "encoding": {"x": x, "y": {"field": "low", **y}, "y2": {"field": "high"}},
            },
            {
                "mark": {
                    "type": "point",
                    "filled": True,
                    "opacity": 1,
                    "color": "var(--chart-1)",
                },
                "encoding": {
                    "x": x,
                    "y": {"field": "accuracy", **y},
                    "shape": {
                        "condition": {"test": "datum.chosen", "value": "diamond"},
                        "value": "circle",
                    },
                    "size": {
                        "condition": {"test": "datum.chosen", "value": CHOSEN_DOT},
                        "value": DOT,
                    },
                    "tooltip": [
                        {"field": field, "type": "nominal"}
                        for field in ("Model", "Accuracy", "Cost", "Size")
                    ],
                },
            },
            *(_names(x, y, side) for side in SIDES),
        ],
        "config": chart_config(),
    }


def _is_drawn(row: RungRow, has_price: bool) -> bool:
    is_done = row.rung.status == Rung.Status.DONE
    return bool(is_done and row.accuracy and (row.cost if has_price else row.cpu_hours))


def _value(row: RungRow, has_price: bool) -> dict[str, Any]:
    assert row.accuracy is not None
    cost = row.cost if has_price else row.cpu_hours
    measure = row.accuracy
    return {
        "Model": row.label,
        "cost": cost,
        "accuracy": measure.value,
        "low": measure.low,
        "high": measure.high,
        "frontier": row.is_on_frontier,
        "chosen": row.is_chosen,
        "Accuracy": accuracy_words(measure.value, measure.low, measure.high),
        "Cost": significant(cost or 0.0),
        "Size": megabytes(row.megabytes),
    }


def _names(x: dict[str, Any], y: dict[str, Any], side: str) -> dict[str, Any]:
    """Names of the dots whose name stands on this side."""
    return {
        "transform": [{"filter": f"datum.side === '{side}'"}],
        "mark": {
            "type": "text",
            "align": "right" if side == "left" else "left",
            "baseline": "bottom",
            "dx": -8 if side == "left" else 8,
            "dy": -2,
            "limit": {"expr": f"{LONGEST} * width"},
            "opacity": {"expr": f"width < {PHONE} && !datum.frontier ? 0 : 1"},
            "color": "var(--ink)",
        },
        "encoding": {
            "x": x,
            "y": {"field": "name_at", **y},
            "text": {"field": "Model", "type": "nominal"},
        },
    }


def _named(values: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same rows with where each name stands: to the inside of the picture, and above the names
    that it would meet.
    """
    if not values:
        return values
    places = [log10(value["cost"]) for value in values]
    first, width = min(places), (max(places) - min(places)) or 1.0
    height = TOP - _bottom(min(value["low"] for value in values))
    named: list[dict[str, Any]] = []
    for value, place in sorted(
        zip(values, places, strict=True), key=lambda pair: pair[0]["accuracy"]
    ):
        at = (place - first) / width
        side = "right" if at <= 0.5 else "left"
        beside = [
            other["name_at"]
            for other in named
            if other["side"] == side and abs(other["at"] - at) < BESIDE
        ]
        lowest = max((taken + LINE * height for taken in beside), default=0.0)
        named.append({**value, "at": at, "side": side, "name_at": max(value["accuracy"], lowest)})
    return named


def _bottom(lowest: float) -> float:
    """A round share below every interval."""
    return max(0.0, int(lowest * 10 - 0.2) / 10)


def _share_axis(lowest: float) -> dict[str, Any]:
    """Up to 100 %, and down to no more than is needed, since here differences are looked at."""
    bottom = _bottom(lowest)
    steps = round((1 - bottom) * 10)
    values = [round(bottom + place / 10, 1) for place in range(steps + 1)]
    return {
        "type": "quantitative",
        "title": "accuracy",
        "scale": {"domain": [bottom, TOP], "zero": False, "nice": False},
        "axis": {"values": values, "labelExpr": "round(datum.value*100)+' %'"},
    }
