"""Counts of requests: in memory on the way, in rows soon after, nothing lost between processes."""

import threading
from collections import Counter
from datetime import timedelta

import pytest
from django.db import OperationalError, connection

from labeler.traffic import Asked, recorder
from learners.engine.serving.shelf import Shelf
from projects.models import Project, TrafficMinute, TrafficTotal
from projects.models.traffic import LATENCY_BOUNDS_MS, N_BINS
from projects.services.traffic.counting import forget_old_minutes, write_counts
from projects.services.traffic.tally import Tally, bin_of
from tests.api.worlds import Program, answer, problem
from tests.factories import NOW, make_project
from tests.serving.worlds import make_live


def count(tally: Tally, project_id: int, *, number: int = 1, labels: tuple[str, ...] = ()) -> None:
    tally.answered(
        project_id=project_id,
        version_number=number,
        at=NOW,
        milliseconds=4.0,
        n_texts=len(labels),
        n_deferred=0,
        labels=labels,
    )


@pytest.mark.django_db
def test_a_request_is_counted_with_its_texts_and_classes(
    models: Shelf, project: Project, program: Program
) -> None:
    make_live(project)
    answer(program.post("/predict", {"texts": ["soup", "train", "bread"]}))
    answer(program.post("/predict", {"text": "soup"}))
    recorder.flush()
    total = TrafficTotal.objects.get(project=project)
    assert (total.n_requests, total.n_texts, total.n_errors) == (2, 4, 0)
    assert total.by_class == {"Food": 3, "Trains": 1}
    assert sum(total.latency) == 2
    assert total.latency_ms > 0


@pytest.mark.django_db
def test_an_answer_writes_no_row_of_traffic(
    models: Shelf, project: Project, program: Program
) -> None:
    make_live(project)
    answer(program.post("/predict", {"text": "soup"}))
    assert not TrafficMinute.objects.exists()
    recorder.flush()
    assert TrafficMinute.objects.count() == 1


@pytest.mark.django_db
def test_an_answer_asks_the_database_nothing_more_than_without_counts(
    models: Shelf, project: Project, program: Program
) -> None:
    make_live(project)
    answer(program.post("/predict", {"text": "soup"}))
    with connection.execute_wrapper(_no_traffic):
        answer(program.post("/predict", {"text": "soup"}))


def _no_traffic(execute, sql, params, many, context):  # type: ignore[no-untyped-def]
    assert "projects_traffic" not in sql
    assert "INSERT" not in sql
    return execute(sql, params, many, context)


@pytest.mark.django_db
def test_a_model_that_is_away_counts_as_an_error(project: Project, program: Program) -> None:
    version = make_live(project)
    problem(program.post("/predict", {"text": "soup"}), 503)
    recorder.flush()
    minute = TrafficMinute.objects.get(project=project)
    assert (minute.version_number, minute.n_requests, minute.n_errors) == (version.number, 1, 1)
    assert sum(minute.latency) == 0


@pytest.mark.django_db
def test_what_was_refused_is_no_traffic(models: Shelf, project: Project, program: Program) -> None:
    make_live(project)
    problem(program.post("/predict", {"text": ""}), 422)
    recorder.flush()
    assert not TrafficTotal.objects.exists()


@pytest.mark.django_db
def test_counts_add_up_over_writes_and_processes() -> None:
    project = make_project()
    for labels in (("a", "b"), ("b",), ("c", "b")):
        tally = Tally()
        count(tally, project.pk, labels=labels)
        write_counts(tally.take())
    minute = TrafficMinute.objects.get()
    assert (minute.n_requests, minute.n_texts) == (3, 5)
    assert minute.by_class == {"a": 1, "b": 3, "c": 1}
    assert minute.latency == [0, 0, 0, 3] + [0] * (N_BINS - 4)
    assert minute.latency_ms == pytest.approx(12)


@pytest.mark.django_db
def test_a_project_that_went_meanwhile_takes_no_others_counts_along() -> None:
    project, tally = make_project(), Tally()
    count(tally, project.pk)
    count(tally, project.pk + 1_000)
    write_counts(tally.take())
    assert TrafficTotal.objects.get().project == project


def test_threads_lose_no_count() -> None:
    tally = Tally()

    def work() -> None:
        for _ in range(500):
            count(tally, 1, labels=("a",))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (counts,) = tally.take().values()
    assert (counts.n_requests, counts.by_class) == (4_000, Counter(a=4_000))


@pytest.mark.django_db(transaction=True)
def test_writers_at_once_lose_no_count_and_never_block_each_other() -> None:
    projects = [make_project(name=f"P{n}") for n in range(3)]
    errors: list[Exception] = []

    def work(order: int) -> None:
        try:
            for _ in range(10):
                tally = Tally()
                for project in projects[::order]:
                    count(tally, project.pk, labels=("a", "b"))
                write_counts(tally.take())
        except Exception as error:  # noqa: BLE001  shown below
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(order,)) for order in (1, -1, 1, -1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert set(TrafficTotal.objects.values_list("n_texts", flat=True)) == {80}
    assert {row.by_class["a"] for row in TrafficMinute.objects.all()} == {40}


@pytest.mark.django_db
def test_what_the_database_does_not_take_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    project = make_project()
    recorder.record(Asked(project.pk, 1, n_texts=1, labels=["a"]), 200, 3.0)
    with monkeypatch.context() as patched:
        patched.setattr("labeler.traffic.write_counts", _away)
        recorder.flush()
    assert not TrafficTotal.objects.exists()
    recorder.flush()
    assert TrafficTotal.objects.get().n_texts == 1


def _away(counts: object) -> None:
    raise OperationalError("the database is away")


@pytest.mark.django_db
def test_old_minutes_go_and_totals_stay() -> None:
    project, tally = make_project(), Tally()
    count(tally, project.pk)
    write_counts(tally.take())
    assert forget_old_minutes(now=NOW + timedelta(days=89)) == 0
    assert forget_old_minutes(now=NOW + timedelta(days=91)) == 1
    assert TrafficTotal.objects.get().n_requests == 1


def test_a_latency_falls_into_the_first_bin_that_reaches_it() -> None:
    assert [bin_of(value) for value in (0.2, 1.0, 1.1, 5_000, 5_001)] == [0, 0, 1, 13, 14]
    assert len(LATENCY_BOUNDS_MS) + 1 == N_BINS
