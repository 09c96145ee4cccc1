"""Simulated curves as a Vega-Lite specification. Pure: rows in, plain values out."""

from collections.abc import Mapping, Sequence
from typing import Any

from learners.views.chart_layers import band, chart, labels_axis, line, point, tooltip
from learners.views.curve_chart import share_axis

COLOURS = [
    *(f"var(--chart-{place})" for place in range(1, 5)),
    *(f"var(--c{place})" for place in (7, 9, 10, 12, 2, 1, 3, 11)),
]
DASHES = [[1, 0], [6, 3], [2, 2], [8, 3, 2, 3], [1, 3], [10, 4]]


def simulation_spec(
    summaries: Sequence[Mapping[str, Any]], labels: Mapping[str, str], measure: str = "Accuracy"
) -> dict[str, Any]:
    """One line with its band for each summary; never told apart by colour alone.

    `measure`: what the curves are of. A recipe's colour comes from its place in `labels`, so that it stays as others come in.
    """
    present = {summary["name"] for summary in summaries}
    places = [place for place, name in enumerate(labels) if name in present]
    names = [label for name, label in labels.items() if name in present]
    rows = [
        row for summary in summaries for row in _rows(summary, labels[summary["name"]], measure)
    ]
    x = labels_axis("labels", n_ticks=8, nice=False)
    y = {"field": "mean", **share_axis()}
    colour = _scale(names, _taken(COLOURS, places))
    dashes = _scale(names, _taken(DASHES, places))
    told = {"x": x, "y": y, "color": colour, "tooltip": tooltip("Recipe", "Labels", "Accuracy")}
    layer = [
        {"transform": [{"filter": "isValid(datum.low)"}], **band(x, colour)},
        line(x, y, color=colour, strokeDash=dashes),
        point(told, size=60, opacity=0),
    ]
    return chart(rows, height=320, layer=layer)


def _rows(summary: Mapping[str, Any], label: str, measure: str) -> list[dict[str, Any]]:
    curve = summary["accuracy"]
    points = zip(summary["labels"], curve["mean"], curve["low"], curve["high"], strict=True)
    return [
        {
            "labels": n_labels,
            "Recipe": label,
            "Labels": f"{n_labels:,}",
            "mean": mean,
            "low": None if low is None else max(0.0, low),
            "high": None if high is None else min(1.0, high),
            measure: _words(mean, low, high),
        }
        for n_labels, mean, low, high in points
    ]


def _words(mean: float, low: float | None, high: float | None) -> str:
    value = f"{100 * mean:.1f} %"
    if low is None or high is None:
        return value
    return f"{value} ({100 * max(0.0, low):.1f}–{100 * min(1.0, high):.1f} %)"


def _taken(values: Sequence[Any], places: Sequence[int]) -> list[Any]:
    return [values[place % len(values)] for place in places]


def _scale(names: Sequence[str], values: Sequence[Any]) -> dict[str, Any]:
    return {
        "field": "Recipe",
        "type": "nominal",
        "title": None,
        "scale": {"domain": list(names), "range": list(values)},
        "legend": {
            "orient": "top",
            "direction": "horizontal",
            "columns": 2,
            "symbolType": "stroke",
            "symbolSize": 400,
            "symbolStrokeWidth": 3,
            "symbolOpacity": 1,
            "labelLimit": 300,
        },
    }
