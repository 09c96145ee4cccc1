"""What was asked of a project's models over time, from the counts; and how often people kept an answer."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Count, Max, Min

from projects.models import Feedback, KeptPrediction, Project, TrafficMinute
from projects.models.traffic import LATENCY_BOUNDS_MS, N_BINS, Origin


@dataclass(frozen=True)
class Span:
    """How far back to look, in steps of what."""

    name: str
    words: str
    length: timedelta
    step: timedelta
    step_words: str


SPANS = {
    span.name: span
    for span in (
        Span("day", "24 hours", timedelta(days=1), timedelta(hours=1), "hour"),
        Span("week", "7 days", timedelta(days=7), timedelta(hours=6), "6 hours"),
        Span("month", "30 days", timedelta(days=30), timedelta(days=1), "day"),
        Span("quarter", "90 days", timedelta(days=90), timedelta(days=3), "3 days"),
    )
}


@dataclass
class Traffic:
    """Sums of one version over one stretch of time. `n_requests`, `n_errors` and `latency` (answered
    requests by bin) are those of the API alone; `n_texts`, `n_deferred` and `by_class` of all origins,
    `by_origin` their texts.
    """

    version: int
    at: datetime | None = None
    n_requests: int = 0
    n_texts: int = 0
    n_deferred: int = 0
    n_errors: int = 0
    latency: list[int] = field(default_factory=lambda: [0] * N_BINS)
    n_accepted: int = 0
    n_judged: int = 0
    n_files: int = 0
    by_origin: Counter[str] = field(default_factory=Counter)
    by_class: Counter[str] = field(default_factory=Counter)

    @property
    def n_asked(self) -> int:
        """Texts and rows of requests to the API."""
        return self.by_origin[Origin.API]

    @property
    def n_led_here(self) -> int:
        """Texts that came from other projects."""
        return self.by_origin[Origin.ROUTE]

    @property
    def n_in_files(self) -> int:
        """Texts and rows of files."""
        return self.by_origin[Origin.FILE]

    def milliseconds(self, share: float) -> float | None:
        """The latency below which `share` of the answers lie, evenly spread within their bin; None
        without an answer. Beyond the last bound it is that bound: see `is_beyond`.
        """
        wanted, before = share * sum(self.latency), 0
        if not wanted:
            return None
        for place, n in enumerate(self.latency):
            if n and before + n >= wanted:
                low = LATENCY_BOUNDS_MS[place - 1] if place else 0
                high = LATENCY_BOUNDS_MS[min(place, N_BINS - 2)]
                return low + (high - low) * (wanted - before) / n
            before += n
        return float(LATENCY_BOUNDS_MS[-1])

    def is_beyond(self, share: float) -> bool:
        """Whether that latency is in the last bin, which has no upper bound."""
        return share * sum(self.latency) > sum(self.latency[:-1])

    def add(self, other: "Traffic") -> None:
        """Sums of both."""
        for name in _SUMS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.latency = [a + b for a, b in zip(self.latency, other.latency, strict=True)]
        self.by_origin.update(other.by_origin)
        self.by_class.update(other.by_class)


@dataclass(frozen=True)
class TrafficOverTime:
    """`points`: by version and step, oldest first; `versions`: newest first; `total`: of all."""

    span: Span
    since: datetime
    points: Sequence[Traffic]
    versions: Sequence[Traffic]
    total: Traffic

    @property
    def is_empty(self) -> bool:
        return not (self.total.n_requests or self.total.n_texts or self.total.n_judged)

    def at_home(self, zone: str) -> list[Traffic]:
        """The points with their times in that zone."""
        return [
            replace(one, at=one.at and one.at.astimezone(ZoneInfo(zone))) for one in self.points
        ]


def traffic_over_time(project: Project, span: Span, now: datetime) -> TrafficOverTime:
    """The counts of the last stretch, a few queries over its minutes."""
    origin = now.astimezone(ZoneInfo(project.time_zone)).replace(
        hour=0, minute=0, second=0, microsecond=0
    )
    since = now - span.length
    found: dict[tuple[int, datetime], Traffic] = {}
    for read in (_sums, _latencies, _judged):
        for one in read(project, span, since, origin):
            assert one.at is not None
            found.setdefault((one.version, one.at), Traffic(one.version, one.at)).add(one)
    points = [found[key] for key in sorted(found, key=lambda key: (key[1], key[0]))]
    versions: dict[int, Traffic] = {}
    total = Traffic(0)
    for point in points:
        versions.setdefault(point.version, Traffic(point.version)).add(point)
    for version, by_class in _classes(project, since):
        versions.setdefault(version, Traffic(version)).by_class.update(by_class)
    for one in versions.values():
        total.add(one)
    newest_first = [versions[number] for number in sorted(versions, reverse=True)]
    return TrafficOverTime(span, since, points, newest_first, total)


def _rows(sql: str, *values: Any) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return list(cursor.fetchall())


_SUMS = (
    "n_requests", "n_texts", "n_deferred", "n_errors", "n_accepted", "n_judged", "n_files",
)  # fmt: skip
_FROM = "FROM projects_trafficminute WHERE project_id = %s AND minute >= %s"


def _sums(project: Project, span: Span, since: datetime, origin: datetime) -> Iterable[Traffic]:
    for row in _rows(
        "SELECT version_number, date_bin(%s, minute, %s), origin, sum(n_requests), sum(n_texts),"
        f" sum(n_deferred), sum(n_errors) {_FROM} GROUP BY 1, 2, 3",
        span.step,
        origin,
        project.pk,
        since,
    ):
        came, (n_requests, n_texts, n_deferred, n_errors) = row[2], map(int, row[3:])
        one = Traffic(row[0], row[1], n_texts=n_texts, n_deferred=n_deferred)
        one.by_origin[came] = n_texts
        if came == Origin.API:
            one.n_requests, one.n_errors = n_requests, n_errors
        elif came == Origin.FILE:
            one.n_files = n_requests
        yield one


def _latencies(
    project: Project, span: Span, since: datetime, origin: datetime
) -> Iterable[Traffic]:
    for version, at, place, n in _rows(
        "SELECT version_number, date_bin(%s, minute, %s), place, sum(n) FROM projects_trafficminute,"
        " unnest(latency) WITH ORDINALITY AS bins(n, place)"
        " WHERE project_id = %s AND minute >= %s GROUP BY 1, 2, 3 HAVING sum(n) > 0",
        span.step,
        origin,
        project.pk,
        since,
    ):
        one = Traffic(version, at)
        one.latency[place - 1] = int(n)
        yield one


def _judged(project: Project, span: Span, since: datetime, origin: datetime) -> Iterable[Traffic]:
    for version, at, n, n_accepted in _rows(
        "SELECT coalesce(version_number, 0), date_bin(%s, received_at, %s), count(*),"
        " count(*) FILTER (WHERE accepted) FROM projects_feedback"
        " WHERE project_id = %s AND received_at >= %s AND accepted IS NOT NULL GROUP BY 1, 2",
        span.step,
        origin,
        project.pk,
        since,
    ):
        yield Traffic(version, at, n_judged=n, n_accepted=n_accepted)


def _classes(project: Project, since: datetime) -> list[tuple[int, dict[str, int]]]:
    rows = TrafficMinute.objects.filter(project=project, minute__gte=since)
    return list(rows.values_list("version_number", "by_class"))


@dataclass(frozen=True)
class Kept:
    """How many predictions are kept, of when, and how many labels came back. `by_origin`: of those that
    were asked for since a moment.
    """

    n: int
    oldest: datetime | None
    newest: datetime | None
    n_feedback: int
    by_origin: Counter[str]


def kept(project: Project, since: datetime) -> Kept:
    """What is kept now."""
    found = KeptPrediction.objects.filter(project=project).aggregate(
        n=Count("pk"), oldest=Min("asked_at"), newest=Max("asked_at")
    )
    n_feedback = Feedback.objects.filter(project=project).count()
    newest = KeptPrediction.objects.filter(project=project, asked_at__gte=since).order_by()
    by_origin = Counter(dict(newest.values_list("origin").annotate(n=Count("pk"))))
    return Kept(found["n"], found["oldest"], found["newest"], n_feedback, by_origin)
