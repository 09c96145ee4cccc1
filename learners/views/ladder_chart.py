"""A ladder as a Vega-Lite specification: accuracy against cost. Pure: rows in, plain values out."""

from collections.abc import Sequence
from typing import Any

from learners.selectors.ladder import RungRow
from learners.views.curve_chart import chart_config
from learners.views.ladder_sentences import accuracy_words, megabytes, significant

DOT, CHOSEN_DOT = 90, 200


def ladder_spec(rows: Sequence[RungRow], *, currency: str, has_price: bool) -> dict[str, Any]:
    """One dot a rung with its interval, its name beside it, and the frontier as a line.

    Without a price the axis is core hours for a million predictions.
    """
    drawn = [row for row in rows if row.accuracy and (row.cost if has_price else row.cpu_hours)]
    values = [_value(row, has_price) for row in drawn]
    title = f"{currency} for a million" if has_price else "CPU hours for a million"
    lowest = min((value["low"] for value in values), default=0.0)
    x = {
        "field": "cost",
        "type": "quantitative",
        "title": title.strip(),
        "scale": {"type": "log", "nice": False, "padding": 60},
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
            {
                "mark": {
                    "type": "text",
                    "align": "center",
                    "baseline": "bottom",
                    "color": "var(--ink)",
                },
                "encoding": {
                    "x": x,
                    "y": {"field": "high", **y},
                    "yOffset": {"value": -6},
                    "text": {"field": "Model", "type": "nominal"},
                },
            },
        ],
        "config": chart_config(),
    }


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


def _share_axis(lowest: float) -> dict[str, Any]:
    """Up to 100 %; down to a round share below every interval, since here differences are looked at."""
    bottom = max(0.0, int(lowest * 10 - 0.2) / 10)
    steps = round((1 - bottom) * 10)
    values = [round(bottom + place / 10, 1) for place in range(steps + 1)]
    return {
        "type": "quantitative",
        "title": "accuracy",
        "scale": {"domain": [bottom, 1.04], "zero": False, "nice": False},
        "axis": {"values": values, "labelExpr": "round(datum.value*100)+' %'"},
    }
