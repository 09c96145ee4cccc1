"""Pictures of the tabs beside the curve, as Vega-Lite specifications. Pure: values in, values out.

Each stands below a table of the same numbers. Colours as in `curve_chart`.
"""

from collections.abc import Sequence
from typing import Any

from learners.engine.calibration import Bin
from learners.selectors.curve import Measure
from learners.selectors.honesty import Baseline, as_measure
from learners.views.curve_chart import chart_config, share_axis
from learners.views.sentences import count, interval, percent

ROW_HEIGHT = 22
_RANDOM, _PROJECT = "random labels", "the project’s labels"


def _chart(values: list[dict[str, Any]], *, height: int, layer: list[Any]) -> dict[str, Any]:
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "width": "container",
        "height": height,
        "autosize": {"type": "fit-x", "contains": "padding"},
        "background": "var(--raised)",
        "data": {"values": values},
        "layer": layer,
        "config": chart_config(),
    }


def _words(measure: Measure, what: str) -> dict[str, Any]:
    return {
        "value": measure.value,
        "low": measure.low,
        "high": measure.high,
        "Value": f"{percent(measure.value)} ({interval(measure)})",
        "Measured on": count(measure.n, what),
    }


def _tooltip(*names: str) -> list[dict[str, str]]:
    return [{"field": name, "type": "nominal"} for name in names]


def helping_spec(baseline: Baseline, noun: str = "text") -> dict[str, Any]:
    """Both sides at the same numbers of labels, with bands."""
    sides = [(_PROJECT, [row.project for row in baseline.rows])]
    sides.append((_RANDOM, [row.random for row in baseline.rows]))
    values = [
        {
            "side": side,
            "labels": row.n_labels,
            "Labels": f"{row.n_labels:,}",
            **_words(measure, f"random {noun}"),
        }
        for side, measures in sides
        for row, measure in zip(baseline.rows, measures, strict=True)
    ]
    x = {
        "field": "labels",
        "type": "quantitative",
        "title": "labels that a model learned from",
        "axis": {"format": ",d", "tickMinStep": 1, "tickCount": 6, "grid": False},
        "scale": {"domainMin": 0},
    }

    def scale(values_: list[Any]) -> dict[str, Any]:
        return {
            "field": "side",
            "type": "nominal",
            "title": None,
            "scale": {"domain": [_PROJECT, _RANDOM], "range": values_},
            "legend": {"orient": "top", "symbolOpacity": 1},
        }

    colour = {"color": scale(["var(--chart-1)", "var(--ink-3)"])}
    y = {"field": "value", **share_axis()}
    return _chart(
        values,
        height=220,
        layer=[
            {
                "mark": {"type": "area", "opacity": 0.14, "line": False},
                "encoding": {
                    "x": x,
                    "y": {"field": "low", **share_axis()},
                    "y2": {"field": "high"},
                    **colour,
                },
            },
            {
                "mark": {"type": "line", "strokeWidth": 2},
                "encoding": {"x": x, "y": y, **colour, "strokeDash": scale([[1, 0], [4, 4]])},
            },
            {
                "mark": {"type": "point", "filled": True, "size": 55},
                "encoding": {
                    "x": x,
                    "y": y,
                    **colour,
                    "shape": scale(["circle", "cross"]),
                    "tooltip": _tooltip("side", "Labels", "Value", "Measured on"),
                },
            },
        ],
    )


def recall_spec(rows: Sequence[tuple[str, Measure]], noun: str = "text") -> dict[str, Any]:
    """Recall by class with its interval, the worst first. `rows`: names with their recall."""
    values = [{"name": name, **_words(recall, f"random {noun}")} for name, recall in rows]
    order = {"field": "name", "type": "nominal", "title": None, "sort": None}
    y = {**order, "axis": {"labelLimit": 220, "ticks": False, "domain": False}}
    x = {**share_axis(), "title": f"found of its random {noun}s"}
    return _chart(
        values,
        height=ROW_HEIGHT * len(values),
        layer=[
            {
                "mark": {
                    "type": "rule",
                    "strokeWidth": 6,
                    "opacity": 0.3,
                    "color": "var(--chart-1)",
                },
                "encoding": {"y": y, "x": {"field": "low", **x}, "x2": {"field": "high"}},
            },
            {
                "mark": {"type": "point", "filled": True, "size": 55, "color": "var(--chart-1)"},
                "encoding": {
                    "y": y,
                    "x": {"field": "value", **x},
                    "tooltip": _tooltip("name", "Value", "Measured on"),
                },
            },
        ],
    )


def calibration_spec(found: Sequence[Bin], noun: str = "text") -> dict[str, Any]:
    """What was right against how sure the model was; on the thin line both are the same."""
    return _reliability(found, f"random {noun}", ("how sure the model was", "right"))


def pooled_spec(found: Sequence[Bin]) -> dict[str, Any]:
    """How often classes were there against how likely the model held them."""
    return _reliability(
        found, "yes or no", ("how likely the model held a class", "the text has the class")
    )


def _reliability(found: Sequence[Bin], what: str, titles: tuple[str, str]) -> dict[str, Any]:
    values = [
        {
            "sure": bin_.confidence,
            "Sure": percent(bin_.confidence),
            **_words(as_measure(bin_.right), what),
        }
        for bin_ in found
    ]
    x = {"field": "sure", **share_axis(), "title": titles[0]}
    y = {**share_axis(), "title": titles[1]}
    return _chart(
        values,
        height=260,
        layer=[
            {
                "data": {"values": [{"sure": 0, "value": 0}, {"sure": 1, "value": 1}]},
                "mark": {"type": "line", "strokeDash": [3, 3], "color": "var(--ink-3)"},
                "encoding": {"x": x, "y": {"field": "value", **y}},
            },
            {
                "mark": {
                    "type": "rule",
                    "strokeWidth": 6,
                    "opacity": 0.3,
                    "color": "var(--chart-1)",
                },
                "encoding": {"x": x, "y": {"field": "low", **y}, "y2": {"field": "high"}},
            },
            {
                "mark": {"type": "point", "filled": True, "size": 55, "color": "var(--chart-1)"},
                "encoding": {
                    "x": x,
                    "y": {"field": "value", **y},
                    "tooltip": _tooltip("Sure", "Value", "Measured on"),
                },
            },
        ],
    )
