"""The learning curve as a Vega-Lite specification. Pure: rows in, plain values out.

Colours are written as `var(--token)` of the stylesheet. The browser puts the computed values in
(light or dark); for a picture made on the server `painted` does it with the light ones.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from string import ascii_lowercase
from typing import Any

from learners.selectors.curve import CurveMark, CurvePoint, Measure
from learners.selectors.honesty import Baseline
from learners.views.sentences import count, interval, percent

ACCURACY = "accuracy"
MACRO_F1 = "macro-F1"
TEST_ACCURACY = "accuracy, test split"
TEST_MACRO_F1 = "macro-F1, test split"
RANDOM = "random, this project"
MICRO_F1 = "micro-F1"
EXACT_MATCH = "whole sets right"
TEST_MICRO_F1 = "micro-F1, test split"


@dataclass(frozen=True)
class Series:
    """One line of the chart; never told apart by colour alone."""

    name: str
    field: str
    colour: str
    shape: str
    dash: list[int]
    texts: str


SERIES = (
    Series(ACCURACY, "accuracy", "var(--chart-1)", "circle", [1, 0], "random text"),
    Series(MICRO_F1, "micro_f1", "var(--chart-1)", "circle", [1, 0], "random text"),
    Series(MACRO_F1, "macro_f1", "var(--chart-2)", "square", [6, 3], "random text"),
    Series(TEST_ACCURACY, "test_accuracy", "var(--chart-3)", "triangle-up", [2, 2], "test text"),
    Series(TEST_MACRO_F1, "test_macro_f1", "var(--chart-4)", "diamond", [8, 3, 2, 3], "test text"),
    Series(RANDOM, "random", "var(--ink-3)", "cross", [4, 4], "random text"),
    Series(EXACT_MATCH, "exact_match", "var(--ink-3)", "cross", [4, 4], "random text"),
    Series(TEST_MICRO_F1, "test_micro_f1", "var(--chart-3)", "triangle-up", [2, 2], "test text"),
)
LIGHT = {
    "--chart-1": "#1f5fbf",
    "--chart-2": "#b34a00",
    "--chart-3": "#00795c",
    "--chart-4": "#8a3d78",
    "--ink": "#1b1c1e",
    "--ink-2": "#55585e",
    "--ink-3": "#6b6f76",
    "--line": "#dcdcd8",
    "--raised": "#ffffff",
}


def curve_rows(points: Iterable[CurvePoint]) -> list[dict[str, Any]]:
    """One row a point and measure, with the words of its tooltip."""
    return [
        _row(point, series, measure)
        for point in points
        for series in SERIES
        if (measure := _measure(point, series)) is not None
    ]


def _measure(point: CurvePoint, series: Series) -> Measure | None:
    found: Measure | None = getattr(point, series.field, None)
    return found or getattr(point.sets, series.field, None)


def random_rows(baseline: Baseline | None) -> list[dict[str, Any]]:
    """The same for models of random labels alone, as of one fit."""
    if baseline is None:
        return []
    return [
        {
            "n_labels": row.n_labels,
            "series": RANDOM,
            "value": row.random.value,
            "low": row.random.low,
            "high": row.random.high,
            "joined": True,
            "Labels": f"{row.n_labels:,}",
            "Value": f"{percent(row.random.value)} ({interval(row.random)})",
            "Measured on": count(row.random.n, "random text"),
            "Strategy": "at random",
            "Fit and score": "–",
        }
        for row in baseline.rows
    ]


def _row(point: CurvePoint, series: Series, measure: Measure) -> dict[str, Any]:
    return {
        "n_labels": point.n_labels,
        "series": series.name,
        "value": measure.value,
        "low": measure.low,
        "high": measure.high,
        "joined": point.newest_here,
        "Labels": f"{point.n_labels:,}",
        "Value": f"{percent(measure.value)} ({interval(measure)})",
        "Measured on": count(measure.n, series.texts),
        "Strategy": point.strategy,
        "Fit and score": "–" if point.seconds is None else f"{point.seconds:.1f} s",
    }


def mark_letter(index: int) -> str:
    """The letter that ties a line in the chart to its sentence below; after z comes aa."""
    rounds, rest = divmod(index, len(ascii_lowercase))
    return ascii_lowercase[rest] * (rounds + 1)


def mark_rows(marks: Sequence[CurveMark]) -> list[dict[str, Any]]:
    """One row a decision, with its letter."""
    return [
        {"n_labels": mark.n_labels, "letter": mark_letter(index), "What": mark.text}
        for index, mark in enumerate(marks)
    ]


def curve_spec(
    points: Sequence[CurvePoint],
    marks: Sequence[CurveMark],
    *,
    baseline: Baseline | None = None,
    width: int | str = "container",
) -> dict[str, Any]:
    """The whole chart: bands, lines, points, a ruled line for each decision, and random choice."""
    rows = [*curve_rows(points), *random_rows(baseline)]
    present = [series for series in SERIES if any(row["series"] == series.name for row in rows)]
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "width": width,
        "height": 320,
        "autosize": {"type": "fit-x", "contains": "padding"},
        "background": "var(--raised)",
        "data": {"values": rows},
        "layer": [*_curve_layers(rows, present), *_mark_layers(mark_rows(marks))],
        "config": chart_config(),
    }


def _curve_layers(rows: list[dict[str, Any]], present: list[Series]) -> list[dict[str, Any]]:
    """Bands, lines and points; a lone point carries its interval as a bar instead of a band."""
    joined = {"filter": "datum.joined"}
    x = _x(rows)
    y = {"field": "value", **share_axis()}
    low_high = {"y": {"field": "low", **share_axis()}, "y2": {"field": "high"}}
    colour = {"color": _scale([s.colour for s in present], present)}
    own = {row["n_labels"] for row in rows if row["joined"] and row["series"] != RANDOM}
    alone = len(own) == 1
    band = {"type": "rule", "strokeWidth": 6, "opacity": 0.25} if alone else _BAND
    return [
        {
            "transform": [joined],
            "mark": band,
            "encoding": {"x": x, **low_high, **colour},
        },
        {
            "transform": [joined],
            "mark": {"type": "line", "strokeWidth": 2},
            "encoding": {
                "x": x,
                "y": y,
                **colour,
                "strokeDash": _scale([s.dash for s in present], present),
            },
        },
        {
            "mark": {"type": "point", "filled": True, "size": 55},
            "encoding": {
                "x": x,
                "y": y,
                **colour,
                "shape": _scale([s.shape for s in present], present),
                "opacity": {"condition": {"test": "datum.joined", "value": 1}, "value": 0.4},
                "tooltip": [
                    {"field": name, "type": "nominal", "title": title} for name, title in _TOOLTIP
                ],
            },
        },
    ]


_BAND = {"type": "area", "opacity": 0.14, "line": False}
_TOOLTIP = (
    ("series", "Curve"),
    ("Labels", "Labels"),
    ("Value", "Value (95 % interval)"),
    ("Measured on", "Measured on"),
    ("Strategy", "Strategy"),
    ("Fit and score", "Fit and score"),
)


def _mark_layers(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    if not rows:
        return []
    x = {"field": "n_labels", "type": "quantitative"}
    tooltip = {"field": "What", "type": "nominal"}
    return [
        {
            "data": {"values": rows},
            "mark": {"type": "rule", "strokeDash": [3, 3], "color": "var(--ink-3)"},
            "encoding": {"x": x, "tooltip": tooltip},
        },
        {
            "data": {"values": rows},
            "mark": {"type": "text", "baseline": "bottom", "dy": -3, "color": "var(--ink-2)"},
            "encoding": {
                "x": x,
                "y": {"value": 0},
                "text": {"field": "letter", "type": "nominal"},
                "tooltip": tooltip,
            },
        },
    ]


def _x(rows: list[dict[str, Any]]) -> dict[str, Any]:
    most = max((row["n_labels"] for row in rows), default=0)
    return {
        "field": "n_labels",
        "type": "quantitative",
        "title": "texts labelled by people",
        "scale": {"domainMin": 0, "domainMax": max(most + 10, most * 1.04), "nice": False},
        "axis": {
            "tickMinStep": 1,
            "format": ",d",
            "grid": False,
            "labelFlush": False,
            "tickCount": 8,
        },
    }


def share_axis() -> dict[str, Any]:
    """Always 0 to 100 %, so that the picture neither flatters nor jumps."""
    return {
        "type": "quantitative",
        "title": None,
        "scale": {"domain": [0, 1]},
        "axis": {"values": [0, 0.2, 0.4, 0.6, 0.8, 1], "labelExpr": "round(datum.value*100)+' %'"},
    }


_LEGEND = {
    "orient": "top",
    "direction": "horizontal",
    "columns": 2,  # two lines of two still fit a phone
    "symbolSize": 90,
    "symbolOpacity": 1,  # else the legend takes the band's
}


def _scale(values: list[Any], present: list[Series]) -> dict[str, Any]:
    return {
        "field": "series",
        "type": "nominal",
        "title": None,
        "scale": {"domain": [series.name for series in present], "range": values},
        "legend": _LEGEND,
    }


def chart_config() -> dict[str, Any]:
    """Fonts and colours of every chart."""
    font = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Liberation Sans', Arial, sans-serif"
    return {
        "font": font,
        "view": {"stroke": None},
        "axis": {
            "labelColor": "var(--ink-2)",
            "titleColor": "var(--ink-2)",
            "titleFontWeight": "normal",
            "titlePadding": 10,
            "labelFontSize": 12,
            "titleFontSize": 13,
            "gridColor": "var(--line)",
            "domainColor": "var(--ink-3)",
            "tickColor": "var(--ink-3)",
            "ticks": False,
            "labelPadding": 6,
        },
        "axisY": {"domain": False},
        "legend": {
            "labelColor": "var(--ink)",
            "labelFontSize": 13,
            "labelLimit": 300,
            "symbolStrokeWidth": 0,
        },
        "text": {"fontSize": 12, "fontWeight": 600},
    }


def painted(spec: Any, palette: dict[str, str]) -> Any:
    """The same specification with each `var(--token)` replaced by the palette's colour."""
    if isinstance(spec, dict):
        return {key: painted(value, palette) for key, value in spec.items()}
    if isinstance(spec, list):
        return [painted(value, palette) for value in spec]
    if isinstance(spec, str) and spec.startswith("var("):
        return palette[spec[4:-1]]
    return spec
