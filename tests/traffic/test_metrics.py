"""`/metrics`: off until it has a token, the same from every process, readable by Prometheus' own parser."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families
from redis.exceptions import RedisError

from labeler.traffic import Asked, recorder
from learners.models import WorkerHeartbeat
from projects.models import Project
from tests.factories import make_project

pytestmark = pytest.mark.django_db
TOKEN = "scrape-me"


@pytest.fixture(autouse=True)
def switched_on(settings: Any) -> None:
    settings.LABELER_METRICS_TOKEN = TOKEN


def scraped(**headers: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    answer = Client().get("/metrics", headers={"Authorization": f"Bearer {TOKEN}", **headers})
    assert answer.status_code == 200
    families = text_string_to_metric_families(answer.content.decode())
    return {
        (one.name, frozenset(one.labels.items())): one.value
        for family in families
        for one in family.samples
    }


def of(project: Project, **more: str) -> frozenset[tuple[str, str]]:
    return frozenset({"project": str(project.pk), "version": "1", **more}.items())


def test_there_is_no_such_address_without_a_token_in_the_settings(settings: Any) -> None:
    settings.LABELER_METRICS_TOKEN = ""
    assert Client().get("/metrics").status_code == 404


@pytest.mark.parametrize("said", ["", "Bearer wrong", "Basic scrape-me", "Bearer é"])
def test_a_wrong_token_is_told_nothing(said: str) -> None:
    answer = Client().get("/metrics", headers={"Authorization": said})
    assert (answer.status_code, b"labeler_" in answer.content) == (401, False)


def test_traffic_is_told_by_version_and_class() -> None:
    project = make_project()
    for milliseconds in (0.5, 4.0, 9_000.0):
        asked = Asked(project.pk, 1, n_texts=2, n_deferred=1, labels=["yes", "no"])
        recorder.record(asked, 200, milliseconds)
    recorder.record(Asked(project.pk, 1), 503, 1.0)
    recorder.flush()
    found = scraped()
    assert found["labeler_requests_total", of(project, origin="api")] == 4
    assert found["labeler_texts_total", of(project, origin="api")] == 6
    assert found["labeler_deferred_total", of(project, origin="api")] == 3
    assert found["labeler_request_errors_total", of(project, origin="api")] == 1
    assert found["labeler_predictions_total", of(project, origin="api", label="yes")] == 3
    assert found["labeler_request_seconds_bucket", of(project, le="0.005")] == 2
    assert found["labeler_request_seconds_count", of(project)] == 3
    assert found["labeler_request_seconds_sum", of(project)] == pytest.approx(9.0045)


def test_texts_that_another_project_led_here_are_told_apart_and_have_no_time() -> None:
    project, first = make_project(), make_project(name="first")
    asked = Asked(first.pk, 1, n_texts=1)
    asked.led_on.append(Asked(project.pk, 1, n_texts=1, labels=["yes"], origin="route"))
    recorder.record(asked, 200, 4.0)
    recorder.flush()
    found = scraped()
    assert found["labeler_texts_total", of(project, origin="route")] == 1
    assert found["labeler_predictions_total", of(project, origin="route", label="yes")] == 1
    assert ("labeler_request_seconds_count", of(project)) not in found


def test_processes_that_are_alive_are_counted() -> None:
    now = timezone.now()
    for name, ago in (("a", 5), ("b", 600)):
        seen = now - timedelta(seconds=ago)
        WorkerHeartbeat.objects.create(name=name, kind="worker", started_at=seen, seen_at=seen)
    assert scraped()["labeler_processes", frozenset({("kind", "worker")})] == 1


def test_a_broker_that_is_away_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> None:
        raise RedisError("away")

    monkeypatch.setattr("labeler.metrics.client", away)
    found = scraped()
    assert found["labeler_broker_up", frozenset()] == 0
    assert not any(name == "labeler_queue_length" for name, _ in found)
