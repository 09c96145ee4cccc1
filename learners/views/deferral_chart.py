"""Accuracy against coverage as a Vega-Lite specification. Pure: points in, plain values out."""

from collections.abc import Sequence
from typing import Any

from learners.engine.deferral import Point
from learners.views.chart_layers import chart, point, tooltip
from learners.views.deferral_sentences import share, threshold

FEWEST = 5  # kept: below, the interval is the whole picture


def deferral_spec(points: Sequence[Point], chosen: Point | None, wanted: float) -> dict[str, Any]:
    """A line with its 95 % band, a dot at the chosen threshold and a dashed rule at what is wanted."""
    drawn = [found for found in points if found.n_kept >= FEWEST]
    values = [_value(found) for found in drawn]
    if chosen and chosen.accuracy:
        values.append({**_value(chosen), "chosen": True})
    lowest = min([wanted, *(value["low"] for value in values if not value["chosen"])])
    x, y = _coverage(), _accuracy(max(0.0, int(lowest * 10) / 10))
    of_curve = [{"filter": "!datum.chosen"}]
    return chart(
        values,
        height=280,
        layer=[
            {
                "transform": of_curve,
                "mark": {"type": "area", "opacity": 0.14, "color": "var(--chart-1)"},
                "encoding": {"x": x, "y": {"field": "low", **y}, "y2": {"field": "high"}},
            },
            {
                "data": {"values": [{"wanted": wanted}]},
                "mark": {"type": "rule", "strokeDash": [6, 3], "color": "var(--ink-3)"},
                "encoding": {"y": {"field": "wanted", **y}},
            },
            {
                "transform": of_curve,
                "mark": {"type": "line", "strokeWidth": 2, "color": "var(--chart-1)"},
                "encoding": {"x": x, "y": {"field": "accuracy", **y}},
            },
            {
                "transform": [{"filter": "datum.chosen"}],
                **point(
                    {
                        "x": x,
                        "y": {"field": "accuracy", **y},
                        "tooltip": tooltip("Threshold", "Answered", "Right"),
                    },
                    size=140,
                    opacity=1,
                    shape="diamond",
                    color="var(--chart-1)",
                ),
            },
        ],
    )


def _value(found: Point) -> dict[str, Any]:
    assert found.accuracy is not None
    return {
        "coverage": found.coverage.value,
        "accuracy": found.accuracy.value,
        "low": found.accuracy.low,
        "high": found.accuracy.high,
        "chosen": False,
        "Threshold": threshold(found.threshold),
        "Answered": share(found.coverage),
        "Right": share(found.accuracy),
    }


def _coverage() -> dict[str, Any]:
    return {
        "field": "coverage",
        "type": "quantitative",
        "title": "answered by the model",
        "scale": {"domain": [0, 1]},
        "axis": {
            "values": [0, 0.2, 0.4, 0.6, 0.8, 1],
            "labelExpr": "round(datum.value*100)+' %'",
            "grid": False,
        },
    }


def _accuracy(bottom: float) -> dict[str, Any]:
    return {
        "type": "quantitative",
        "title": "right, of what it answers",
        "scale": {"domain": [bottom, 1], "zero": False, "nice": False},
        "axis": {"tickCount": 5, "labelExpr": "round(datum.value*100)+' %'"},
    }
