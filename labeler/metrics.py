"""`/metrics` for Prometheus: read from rows, so that it is the same whichever process answers.

There is no such address until `LABELER_METRICS_TOKEN` is set; then it takes that token as a bearer.
"""

import secrets
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector
from redis.exceptions import RedisError

from labeler.api.rates import client
from learners.models import Fit, Ladder, PredictionFile, WorkerHeartbeat
from learners.services.serving import models_answer
from projects.models import DataImport, Feedback, KeptPrediction, TrafficTotal
from projects.models.traffic import LATENCY_BOUNDS_MS, Origin

QUEUES = ("fast", "slow")
ALIVE = timedelta(seconds=60)
VERSION = ("project", "version")
ORIGIN = (*VERSION, "origin")


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """All figures in Prometheus' text format. 404 without a token in the settings, 401 without it here."""
    wanted = settings.LABELER_METRICS_TOKEN
    if not wanted:
        raise Http404("Metrics are off.")
    kind, _, said = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer" or not secrets.compare_digest(said.encode(), wanted.encode()):
        headers = {"WWW-Authenticate": 'Bearer realm="Labeler metrics"'}
        return HttpResponse("Send LABELER_METRICS_TOKEN as a bearer token.\n", "text/plain", 401,
                            headers=headers)  # fmt: skip
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Figures(timezone.now()))
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


class Figures(Collector):
    """What is told at one moment, a few indexed queries in all."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def collect(self) -> Iterator[Metric]:
        totals = list(TrafficTotal.objects.order_by("project_id", "version_number", "origin"))
        yield from _requests(totals)
        yield _latency([row for row in totals if row.origin == Origin.API])
        yield _feedback()
        yield from _work()
        yield from self._processes()

    def _processes(self) -> Iterator[Metric]:
        alive = GaugeMetricFamily(
            "labeler_processes", "Workers and beats that gave a sign of life.", labels=["kind"]
        )
        rows = WorkerHeartbeat.objects.filter(seen_at__gte=self.now - ALIVE)
        found = dict(rows.values_list("kind").annotate(n=Count("pk")).order_by())
        for kind in ("worker", "beat"):
            alive.add_metric([kind], found.get(kind, 0))
        yield alive
        yield _gauge("labeler_models_up", "Whether the models process answers.", models_answer())
        yield from _queues()


def _requests(totals: list[TrafficTotal]) -> Iterator[Metric]:
    for name, column, said in (
        ("labeler_requests", "n_requests", "Requests, or files, that reached a model."),
        ("labeler_texts", "n_texts", "Texts or rows that were predicted."),
        ("labeler_deferred", "n_deferred", "Texts that a model left to somebody else."),
        ("labeler_request_errors", "n_errors", "Requests that a model could not answer."),
    ):
        counter = CounterMetricFamily(name, said, labels=ORIGIN)
        for row in totals:
            counter.add_metric([*_version(row), row.origin], getattr(row, column))
        yield counter
    by_class = CounterMetricFamily(
        "labeler_predictions", "Texts by predicted class.", labels=[*ORIGIN, "label"]
    )
    for row in totals:
        for label, n in sorted(row.by_class.items()):
            by_class.add_metric([*_version(row), row.origin, label], n)
    yield by_class


def _latency(totals: list[TrafficTotal]) -> Metric:
    found = HistogramMetricFamily(
        "labeler_request_seconds", "Time to answer a request to the API.", labels=VERSION
    )
    for row in totals:
        buckets, n = [], 0
        for bound, here in zip((*LATENCY_BOUNDS_MS, None), row.latency, strict=True):
            n += here
            buckets.append(("+Inf" if bound is None else str(bound / 1000), float(n)))
        found.add_metric(_version(row), buckets, row.latency_ms / 1000)
    return found


def _feedback() -> Metric:
    found = GaugeMetricFamily(
        "labeler_feedback",
        "Feedback by whether the model's answer was kept.",
        labels=["project", "accepted"],
    )
    rows = Feedback.objects.values_list("project_id", "accepted").annotate(n=Count("pk"))
    words = {True: "yes", False: "no", None: "unknown"}
    for project_id, accepted, n in rows.order_by("project_id", "accepted"):
        found.add_metric([str(project_id), words[accepted]], n)
    return found


def _work() -> Iterator[Metric]:
    for name, said, rows in (
        ("labeler_fits", "Fits by status.", Fit.objects),
        ("labeler_ladders", "Ladders by status.", Ladder.objects),
        ("labeler_prediction_files", "Files to predict by status.", PredictionFile.objects),
        ("labeler_imports", "Imports by status.", DataImport.objects),
    ):
        gauge = GaugeMetricFamily(name, said, labels=["status"])
        for status, n in rows.values_list("status").annotate(n=Count("pk")).order_by("status"):
            gauge.add_metric([str(status)], n)
        yield gauge
    n_kept = KeptPrediction.objects.count()
    yield _gauge("labeler_kept_predictions", "Predictions kept with their texts.", n_kept)


def _queues() -> Iterator[Metric]:
    """Without the broker there is no length to tell; `labeler_broker_up` says so."""
    lengths = GaugeMetricFamily(
        "labeler_queue_length", "Messages that no worker took yet.", labels=["queue"]
    )
    try:
        for queue in QUEUES:
            lengths.add_metric([queue], int(client().llen(queue)))
        is_up = True
    except (RedisError, OSError):
        lengths.samples.clear()
        is_up = False
    yield lengths
    yield _gauge("labeler_broker_up", "Whether the broker answers.", is_up)


def _gauge(name: str, said: str, value: float) -> Metric:
    return GaugeMetricFamily(name, said, value=float(value))


def _version(row: TrafficTotal) -> list[str]:
    return [str(row.project_id), str(row.version_number)]
