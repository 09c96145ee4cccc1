"""What a ladder's choice counts: what is there, by size, and not by the noise of a clock."""

import logging
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.storage import default_storage
from django.db import OperationalError
from django.test import Client
from django.urls import reverse

from learners.models import Ladder, Rung
from learners.selectors.ladder import rung_rows
from learners.services import ladder_work
from learners.services.ladder import cancel_ladder, request_due_ladders, request_ladder
from learners.services.ladder_choice import by_size
from learners.services.ladder_work import work_on
from learners.services.model_files import ModelFilesGone
from learners.services.model_predictions import read_predictions, save_predictions
from learners.services.teacher_on_ladder import ladders_to_complete
from learners.views.ladder_chart import ladder_spec
from projects.models import Project, User
from tests.factories import NOW, make_ladder
from tests.ladder.rows import measured_ladder, measured_rung, predictions
from tests.ladder.worlds import Kitchen, kitchen
from tests.teacher.rows import make_answer, make_run
from tests.teacher.worlds import make_teacher

__all__ = ["kitchen"]
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _storage(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path / "storage"
    settings.LABELER_OUTSIDE_TEACHER = True


def spoil(name: str) -> None:
    """Half of the file stays, as a writer that was killed leaves it."""
    with default_storage.open(name) as stored:
        content = stored.read()
    with open(default_storage.path(name), "wb") as half:
        half.write(content[: len(content) // 2])


def drawn(ladder: Ladder) -> list[dict[str, Any]]:
    values: list[dict[str, Any]] = ladder_spec(rung_rows(ladder), currency="", has_price=False)[
        "data"
    ]["values"]
    return values


def test_every_dot_has_a_name_beside_it(project: Project) -> None:
    dots = drawn(measured_ladder(project))
    assert len(dots) == 3
    assert all(dot["side"] in {"left", "right"} and dot["name_at"] > 0 for dot in dots)


def test_what_is_trained_again_is_neither_drawn_nor_on_the_frontier(project: Project) -> None:
    ladder = measured_ladder(project)
    ladder.rungs.filter(name="static").update(status=Rung.Status.WAITING)
    rows = {row.rung.name: row for row in rung_rows(ladder)}
    assert not rows["static"].is_on_frontier
    assert {dot["cost"] for dot in drawn(ladder)} == {
        rows["tfidf"].cpu_hours,
        rows["minilm"].cpu_hours,
    }


def test_a_cancelled_ladder_chooses_among_what_is_left(project: Project) -> None:
    ladder = measured_ladder(project, margin=0.3)
    assert ladder.choice["chosen"] == "static"
    ladder.rungs.filter(name="static").update(status=Rung.Status.WAITING)
    Ladder.objects.update(status=Ladder.Status.WAITING)
    assert cancel_ladder(ladder_id=ladder.pk, now=NOW)
    ladder.refresh_from_db()
    assert set(ladder.choice["rungs"]) == {"tfidf", "minilm"}


def sized(place: int, name: str, seconds: float, n_bytes: int) -> Rung:
    return Rung(pk=place, place=place, name=name, cpu_seconds_per_1000=seconds, n_bytes=n_bytes)


def test_where_cpu_is_alike_the_fewest_bytes_are_smaller() -> None:
    rungs = [sized(0, "minilm", 9.0, 91), sized(1, "working", 9.2, 90), sized(2, "static", 1, 200)]
    assert [rung.name for rung in by_size(rungs)] == ["static", "working", "minilm"]


def test_what_comes_out_the_same_again_goes_before_what_does_not() -> None:
    rungs = [sized(0, "tuned", 9.0, 91), sized(1, "minilm", 9.2, 91), sized(2, "teacher", 0, 0)]
    assert [rung.name for rung in by_size(rungs)] == ["minilm", "tuned", "teacher"]


def test_the_page_says_what_smallest_means(client: Client, ada: User, project: Project) -> None:
    measured_ladder(project, margin=0.3)
    client.force_login(ada)
    html = client.get(reverse("models", args=[project.pk])).content.decode()
    assert "Smallest: least CPU for a prediction; where that is alike, fewest MB." in html


def test_half_a_file_of_predictions_is_replaced(project: Project) -> None:
    said = predictions(project, 1)
    name = save_predictions(project_id=project.pk, predictions=said)
    spoil(name)
    with pytest.raises(ModelFilesGone, match="not whole"):
        read_predictions(name)
    assert save_predictions(project_id=project.pk, predictions=said) == name
    assert (read_predictions(name).y == said.y).all()


def test_figures_are_refused_in_words_where_predictions_are_gone(
    client: Client, ada: User, project: Project
) -> None:
    ladder = measured_ladder(project)
    spoil(ladder.rungs.get(name="static").predictions_file)
    client.force_login(ada)
    answer = client.post(reverse("models-figures", args=[project.pk]), {"margin": "7"})
    assert answer.status_code == 422
    assert "gone from the storage" in answer.content.decode()
    ladder.refresh_from_db()
    assert ladder.margin != 0.07


def asked(project: Project, actor: User | None = None, **facts: Any) -> Ladder:
    return request_ladder(actor=actor, project=project, now=NOW, **facts)


def work(ladder: Ladder) -> Ladder:
    while work_on(ladder_id=ladder.pk, token=uuid4(), clock=lambda: NOW):
        pass
    ladder.refresh_from_db()
    return ladder


def test_a_ladder_ends_where_predictions_of_a_rung_are_gone(
    kitchen: Kitchen, project: Project
) -> None:
    ladder = asked(project)
    lost = measured_rung(ladder, "tfidf", 3)
    spoil(lost.predictions_file)
    work(ladder)
    assert (ladder.status, ladder.choice) == ("done", {})
    assert set(ladder.rungs.values_list("status", flat=True)) == {"done"}


def test_a_database_that_is_away_for_a_moment_fails_no_rung(
    kitchen: Kitchen, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any) -> None:
        raise OperationalError("connection to server at 10.0.0.1 failed")

    ladder = asked(project)
    with monkeypatch.context() as patch:
        patch.setattr(ladder_work, "_done", away)
        with pytest.raises(OperationalError):
            work(ladder)
    assert set(ladder.rungs.values_list("status", "error")) == {("running", ""), ("waiting", "")}


def test_a_fault_is_told_by_its_number_and_not_by_its_words(
    kitchen: Kitchen, project: Project, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_: Any) -> None:
        raise FileNotFoundError("/srv/secret/model.onnx")

    kitchen.before = {"blind": broken}
    with caplog.at_level(logging.ERROR):
        rung = work(asked(project)).rungs.get(name="blind")
    assert rung.error == f"Something went wrong; the log of the worker has it (rung {rung.pk})."
    assert f"rung {rung.pk}" in caplog.text


def test_a_ladder_that_comes_by_itself_has_the_kinds_that_somebody_chose(
    kitchen: Kitchen, ada: User, project: Project
) -> None:
    work(asked(project, ada, rungs=["keen"]))
    Ladder.objects.update(upto_seq=0)
    Project.objects.update(ladder_every=5)
    assert request_due_ladders(NOW) == 1
    newest = Ladder.objects.order_by("-pk").first()
    assert newest is not None
    assert [rung.name for rung in newest.rungs.all()] == ["keen"]


def test_a_ladder_with_nothing_to_compare_waits_for_no_teacher(project: Project) -> None:
    make_ladder(project, status=Ladder.Status.FAILED)
    run = make_run(make_teacher(project), "audit")
    for example in project.examples.filter(role="audit"):
        make_answer(run, example, "metal")
    assert ladders_to_complete() == []
