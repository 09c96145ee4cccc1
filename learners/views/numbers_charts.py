"""Pictures of the tabs beside the curve, as Vega-Lite specifications. Pure: values in, values out.

Each stands below a table of the same numbers. Colours as in `curve_chart`.
"""

from collections.abc import Sequence
from typing import Any

from learners.engine.calibration import Bin
from learners.selectors.curve import Measure
from learners.selectors.honesty import Baseline, as_measure
from learners.views.chart_layers import band, chart, labels_axis, line, point, tooltip, whisker
from learners.views.curve_chart import share_axis
from learners.views.sentences import count, interval, percent

ROW_HEIGHT = 22
_RANDOM, _PROJECT = "random labels", "the project’s labels"


def _words(measure: Measure, what: str) -> dict[str, Any]:
    return {
        "value": measure.value,
        "low": measure.low,
        "high": measure.high,
        "Value": f"{percent(measure.value)} ({interval(measure)})",
        "Measured on": count(measure.n, what),
    }


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
    x = labels_axis("labels that a model learned from", n_ticks=6)
    y = {"field": "value", **share_axis()}
    colour = _side_scale(["var(--chart-1)", "var(--ink-3)"])
    shown = {
        "x": x,
        "y": y,
        "color": colour,
        "shape": _side_scale(["circle", "cross"]),
        "tooltip": tooltip("side", "Labels", "Value", "Measured on"),
    }
    dashes = _side_scale([[1, 0], [4, 4]])
    layer = [band(x, colour), line(x, y, color=colour, strokeDash=dashes), point(shown)]
    return chart(values, height=220, layer=layer)


def _side_scale(values: list[Any]) -> dict[str, Any]:
    return {
        "field": "side",
        "type": "nominal",
        "title": None,
        "scale": {"domain": [_PROJECT, _RANDOM], "range": values},
        "legend": {"orient": "top", "symbolOpacity": 1},
    }


def recall_spec(rows: Sequence[tuple[str, Measure]], noun: str = "text") -> dict[str, Any]:
    """Recall by class with its interval, the worst first. `rows`: names with their recall."""
    values = [{"name": name, **_words(recall, f"random {noun}")} for name, recall in rows]
    order = {"field": "name", "type": "nominal", "title": None, "sort": None}
    y = {**order, "axis": {"labelLimit": 220, "ticks": False, "domain": False}}
    x = {**share_axis(), "title": f"found of its random {noun}s"}
    return chart(
        values,
        height=ROW_HEIGHT * len(values),
        layer=[
            whisker({"y": y, "x": {"field": "low", **x}, "x2": {"field": "high"}}),
            point(
                {
                    "y": y,
                    "x": {"field": "value", **x},
                    "tooltip": tooltip("name", "Value", "Measured on"),
                },
                color="var(--chart-1)",
            ),
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
    return chart(
        values,
        height=260,
        layer=[
            {
                "data": {"values": [{"sure": 0, "value": 0}, {"sure": 1, "value": 1}]},
                "mark": {"type": "line", "strokeDash": [3, 3], "color": "var(--ink-3)"},
                "encoding": {"x": x, "y": {"field": "value", **y}},
            },
            whisker({"x": x, "y": {"field": "low", **y}, "y2": {"field": "high"}}),
            point(
                {
                    "x": x,
                    "y": {"field": "value", **y},
                    "tooltip": tooltip("Sure", "Value", "Measured on"),
                },
                color="var(--chart-1)",
            ),
        ],
    )
