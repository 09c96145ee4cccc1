"""Traffic over time as Vega-Lite specifications. Pure: sums in, plain values out."""

from collections.abc import Sequence
from typing import Any

from learners.engine.intervals import wilson
from learners.views.chart_layers import chart, line, point, tooltip
from learners.views.curve_chart import share_axis
from learners.views.sentences import percent
from projects.selectors.traffic import Traffic

SHARES = ((0.5, "half"), (0.95, "95 %"), (0.99, "99 %"))
COLOURS = ["var(--chart-1)", "var(--chart-2)", "var(--chart-3)", "var(--chart-4)"]
DASHES = [[1, 0], [6, 3], [2, 2], [8, 3, 2, 3]]
DAY = "timeFormat(datum.value, '%-d %b')"
TIMES = f"hours(datum.value) ? [timeFormat(datum.value, '%H:%M'), {DAY}] : {DAY}"
CHARTS = {
    "texts": "Texts",
    "files": "In files",
    "latency": "Latency",
    "deferred": "Deferred",
    "accepted": "Accepted",
}


def traffic_spec(points: Sequence[Traffic], show: str, zone: str) -> dict[str, Any]:
    """The picture `show` of `CHARTS`. Times are those of the project: `zone` is only named."""
    draw = {
        "texts": _texts,
        "files": _files,
        "latency": _latency,
        "deferred": _deferred,
        "accepted": _accepted,
    }
    return draw[show](points, zone)


def _time(zone: str) -> dict[str, Any]:
    # Written without their offset, so that the browser shows the project's own hours.
    return {
        "field": "at",
        "type": "temporal",
        "title": f"time ({zone})",
        "axis": {"grid": False, "labelOverlap": True, "tickCount": 8, "labelExpr": TIMES},
    }


def _told(one: Traffic, **more: Any) -> dict[str, Any]:
    assert one.at is not None
    at = one.at.replace(tzinfo=None)
    model = f"version {one.version}" if one.version else "not known"
    words = {"From": f"{at:%a} {at.day} {at:%b, %H:%M}", "Model": model}
    return {"at": at.isoformat(), **words, **more}


def _colour(points: Sequence[Traffic]) -> dict[str, Any]:
    names = [f"version {number}" for number in sorted({one.version for one in points})]
    return {
        "field": "Model",
        "type": "nominal",
        "title": None,
        "scale": {"domain": names, "range": [COLOURS[i % 4] for i in range(len(names))]},
        "legend": {"orient": "top"},
    }


def _texts(points: Sequence[Traffic], zone: str) -> dict[str, Any]:
    """Without those in files: one file would leave nothing else to be seen."""
    return _bars(points, [one.n_texts - one.n_in_files for one in points], zone)


def _files(points: Sequence[Traffic], zone: str) -> dict[str, Any]:
    return _bars(points, [one.n_in_files for one in points], zone)


def _bars(points: Sequence[Traffic], texts: Sequence[int], zone: str) -> dict[str, Any]:
    rows = [_told(one, n=n, Texts=f"{n:,}") for one, n in zip(points, texts, strict=True) if n]
    y = {
        "field": "n",
        "type": "quantitative",
        "title": "texts",
        "aggregate": "sum",
        "axis": {"format": "~s", "tickMinStep": 1},
    }
    bar = {
        "mark": {"type": "bar", "width": 6, "opacity": 1},
        "encoding": {
            "x": _time(zone),
            "y": y,
            "color": _colour(points),
            "tooltip": tooltip("From", "Model", "Texts"),
        },
    }
    return chart(rows, height=260, layer=[bar])


def _latency(points: Sequence[Traffic], zone: str) -> dict[str, Any]:
    rows = [
        _told(one, ms=ms, Share=words, Within=latency_words(one, share))
        for one in _over_versions(points)
        for share, words in SHARES
        if (ms := one.milliseconds(share)) is not None
    ]
    names = [words for _, words in SHARES]
    colour = _scale(names, COLOURS, legend={"orient": "top"})
    y = {"field": "ms", "type": "quantitative", "title": "answered within, ms"}
    told = {
        "x": _time(zone),
        "y": y,
        "color": colour,
        "tooltip": tooltip("From", "Share", "Within"),
    }
    dashes = _scale(names, DASHES, legend={"orient": "top"})
    layer = [line(_time(zone), y, color=colour, strokeDash=dashes), point(told, size=40)]
    return chart(rows, height=260, layer=layer)


def _scale(names: list[str], values: list[Any], *, legend: dict[str, Any]) -> dict[str, Any]:
    scale = {"domain": names, "range": values[: len(names)]}
    return {"field": "Share", "type": "nominal", "title": None, "scale": scale, "legend": legend}


def _over_versions(points: Sequence[Traffic]) -> list[Traffic]:
    found: dict[Any, Traffic] = {}
    for one in points:
        found.setdefault(one.at, Traffic(one.version, one.at)).add(one)
    return list(found.values())


def _deferred(points: Sequence[Traffic], zone: str) -> dict[str, Any]:
    pairs = [(one, one.n_deferred, one.n_texts) for one in points]
    return _shares(points, pairs, "Deferred", zone)


def _accepted(points: Sequence[Traffic], zone: str) -> dict[str, Any]:
    pairs = [(one, one.n_accepted, one.n_judged) for one in points]
    return _shares(points, pairs, "Accepted", zone)


def _shares(
    points: Sequence[Traffic], pairs: Sequence[tuple[Traffic, int, int]], name: str, zone: str
) -> dict[str, Any]:
    """A share with its 95 % interval at each step, told apart by version."""
    rows = []
    for one, k, n in pairs:
        if n:
            share = wilson(k, n)
            words = (
                f"{percent(share.value)} of {n:,} ({percent(share.low)} to {percent(share.high)})"
            )
            rows.append(
                _told(one, share=share.value, low=share.low, high=share.high, **{name: words})
            )
    colour = _colour([one for one, _, n in pairs if n])
    x, y = _time(zone), {"field": "share", **share_axis()}
    rule = {
        "mark": {"type": "rule", "strokeWidth": 2, "opacity": 0.5},
        "encoding": {
            "x": x,
            "y": {"field": "low", **share_axis()},
            "y2": {"field": "high"},
            "color": colour,
        },
    }
    told = {"x": x, "y": y, "color": colour, "tooltip": tooltip("From", "Model", name)}
    return chart(rows, height=260, layer=[rule, line(x, y, color=colour), point(told)])


def latency_words(one: Traffic, share: float) -> str:
    """`4 ms`, `0.8 ms`, `more than 5 s`; a dash without an answer."""
    found = one.milliseconds(share)
    if found is None:
        return "–"
    if one.is_beyond(share):
        return "more than 5\N{NO-BREAK SPACE}s"
    unit = "\N{NO-BREAK SPACE}ms"
    return f"{found:.1f}{unit}" if found < 10 else f"{found:,.0f}{unit}"
