"""Counts into rows: added to what other processes wrote, in few statements."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from projects.models import Project, TrafficMinute, TrafficTotal
from projects.services.traffic.tally import Counts, Key

_COLUMNS = (
    "n_requests",
    "n_texts",
    "n_deferred",
    "n_errors",
    "latency",
    "latency_ms",
    "by_class",
)
# Sums of arrays place by place, and of objects key by key.
_ADD = """
n_requests = t.n_requests + excluded.n_requests,
n_texts = t.n_texts + excluded.n_texts,
n_deferred = t.n_deferred + excluded.n_deferred,
n_errors = t.n_errors + excluded.n_errors,
latency = ARRAY(
    SELECT coalesce(a, 0) + coalesce(b, 0)
    FROM unnest(t.latency, excluded.latency) WITH ORDINALITY AS u(a, b, place) ORDER BY place),
latency_ms = t.latency_ms + excluded.latency_ms,
by_class = (
    SELECT coalesce(jsonb_object_agg(name, n), '{}') FROM (
        SELECT name, sum(n::bigint) AS n FROM (
            SELECT * FROM jsonb_each_text(t.by_class)
            UNION ALL SELECT * FROM jsonb_each_text(excluded.by_class)) AS each(name, n)
        GROUP BY name) AS sums)
"""


@transaction.atomic
def write_counts(counts: Mapping[Key, Counts]) -> None:
    """Add counts to the minutes and totals that stand, whoever wrote them. All, or none.

    Those of a project that is gone are left out. In one order, so that two processes that write at
    once wait for each other and never in a circle.

    Raises:
        IntegrityError: a project went just now; the next attempt leaves it out.
    """
    wanted = {key.project_id for key in counts}
    there = set(Project.objects.filter(pk__in=wanted).values_list("pk", flat=True))
    rows = [(key, counts[key]) for key in sorted(counts) if key.project_id in there]
    _upsert(
        TrafficMinute,
        ("project_id", "version_number", "origin", "minute"),
        [
            (key.project_id, key.version_number, key.origin, key.minute, *_values(one))
            for key, one in rows
        ],
    )
    _upsert(
        TrafficTotal,
        ("project_id", "version_number", "origin"),
        [(*key, *_values(one)) for key, one in _totals(rows)],
    )


def _totals(rows: Iterable[tuple[Key, Counts]]) -> list[tuple[tuple[int, int, str], Counts]]:
    found: dict[tuple[int, int, str], Counts] = {}
    for key, one in rows:
        total = found.setdefault((key.project_id, key.version_number, key.origin), Counts())
        for name in ("n_requests", "n_texts", "n_deferred", "n_errors", "latency_ms"):
            setattr(total, name, getattr(total, name) + getattr(one, name))
        total.latency = [a + b for a, b in zip(total.latency, one.latency, strict=True)]
        total.by_class.update(one.by_class)
    return list(found.items())


def _values(one: Counts) -> tuple[Any, ...]:
    plain = (one.n_requests, one.n_texts, one.n_deferred, one.n_errors)
    return (*plain, one.latency, one.latency_ms, json.dumps(one.by_class))


def _upsert(model: type[Any], key: Sequence[str], rows: list[tuple[Any, ...]]) -> None:
    if not rows:
        return
    columns = (*key, *_COLUMNS)
    places = ", ".join(["%s"] * (len(columns) - 1) + ["%s::jsonb"])
    with connection.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO {model._meta.db_table} AS t ({', '.join(columns)}) VALUES ({places})"  # noqa: S608  names of our own
            f" ON CONFLICT ({', '.join(key)}) DO UPDATE SET {_ADD}",
            rows,
        )


def forget_old_minutes(*, now: datetime) -> int:
    """Delete minutes older than `LABELER_TRAFFIC_DAYS`; totals stay. Returns how many."""
    before = now - timedelta(days=settings.LABELER_TRAFFIC_DAYS)
    n_gone, _ = TrafficMinute.objects.filter(minute__lt=before).delete()
    return n_gone
