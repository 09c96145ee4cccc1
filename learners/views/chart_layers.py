"""What the charts share, as parts of Vega-Lite specifications. Pure: values in, plain values out."""

from collections.abc import Mapping
from typing import Any

from learners.views.curve_chart import chart_config, share_axis

Part = dict[str, Any]


def chart(values: list[Part], *, height: int, layer: list[Any]) -> Part:
    """A whole specification, as wide as its place."""
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


def labels_axis(title: str, *, n_ticks: int, **scale: Any) -> Part:
    """Numbers of labels along the bottom, from 0."""
    return {
        "field": "labels",
        "type": "quantitative",
        "title": title,
        "axis": {"format": ",d", "tickMinStep": 1, "tickCount": n_ticks, "grid": False},
        "scale": {"domainMin": 0, **scale},
    }


def band(x: Part, colour: Part) -> Part:
    """The area from `low` to `high` around each line."""
    y = {"field": "low", **share_axis()}
    return {
        "mark": {"type": "area", "opacity": 0.14, "line": False},
        "encoding": {"x": x, "y": y, "y2": {"field": "high"}, "color": colour},
    }


def line(x: Part, y: Part, **told_apart_by: Part) -> Part:
    """A line for each value of what it is told apart by: `color`, `strokeDash`."""
    return {
        "mark": {"type": "line", "strokeWidth": 2},
        "encoding": {"x": x, "y": y, **told_apart_by},
    }


def whisker(encoding: Mapping[str, Any]) -> Part:
    """A thick pale rule from `low` to `high`, under a point."""
    mark = {"type": "rule", "strokeWidth": 6, "opacity": 0.3, "color": "var(--chart-1)"}
    return {"mark": mark, "encoding": dict(encoding)}


def point(encoding: Mapping[str, Any], **mark: Any) -> Part:
    """Filled points."""
    return {
        "mark": {"type": "point", "filled": True, "size": 55, **mark},
        "encoding": dict(encoding),
    }


def tooltip(*names: str) -> list[dict[str, str]]:
    """Fields in words, on hover."""
    return [{"field": name, "type": "nominal"} for name in names]
