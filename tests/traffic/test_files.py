"""Files of predictions as traffic: counted whole and once, kept in part, never with a latency."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from learners.engine.rungs import get_rung
from learners.engine.rungs.base import Surroundings
from learners.engine.serving.shelf import Shelf
from learners.models import PredictionFile
from learners.tasks.predicting import predict_file
from projects.models import (
    Annotation,
    Example,
    KeptPrediction,
    Project,
    TrafficTotal,
    User,
)
from projects.models.traffic import Origin
from projects.reading.tables import rendered
from projects.services.traffic.keeping import keep_served
from tests.engine.rungs.worlds import make_table_data
from tests.engine.tables import COLUMNS, make_rows
from tests.factories import (
    NOW,
    make_examples,
    make_label,
    make_ladder,
    make_model_version,
    make_rung,
)
from tests.serving.test_files import CSV, ran, taken
from tests.serving.worlds import make_live
from tests.traffic.test_keeping import keep, served

pytestmark = pytest.mark.django_db


def file_of(project: Project, n: int) -> PredictionFile:
    return ran(taken(project, "text\n" + "".join(f"soup {i}\n" for i in range(n))))


def test_a_file_is_counted_whole_and_without_a_time(models: Shelf, project: Project) -> None:
    version = make_live(project)
    ran(taken(project, CSV))
    total = TrafficTotal.objects.get(project=project)
    assert (total.origin, total.version_number) == (Origin.FILE, version.number)
    assert (total.n_requests, total.n_texts) == (1, 3)
    assert total.by_class == {"Food": 2, "Trains": 1}
    assert (sum(total.latency), total.latency_ms) == (0, 0)


def test_a_file_that_is_predicted_anew_counts_once(models: Shelf, project: Project) -> None:
    make_live(project)
    row = taken(project, CSV)
    PredictionFile.objects.update(status="running", attempts=1, n_done=4)
    ran(row)
    assert TrafficTotal.objects.get(project=project).n_texts == 3


def test_a_file_that_failed_is_no_traffic(models: Shelf, project: Project, owner: User) -> None:
    make_live(project)
    keep(project, owner)
    row = taken(project, CSV)
    PredictionFile.objects.update(attempts=3)
    assert ran(row).status == "failed"
    assert not TrafficTotal.objects.exists()
    assert not KeptPrediction.objects.exists()


def test_nothing_of_a_file_is_kept_unless_a_lead_says_so(models: Shelf, project: Project) -> None:
    make_live(project)
    assert ran(taken(project, CSV)).n_kept == 0
    assert not KeptPrediction.objects.exists()


def test_what_is_kept_of_a_file_is_redacted_and_says_so(
    models: Shelf, project: Project, owner: User
) -> None:
    version = make_live(project)
    keep(project, owner)
    row = ran(taken(project, "text\nsoup for ada@example.org\n"))
    kept = KeptPrediction.objects.get()
    assert (row.n_kept, kept.origin, kept.token_name) == (1, Origin.FILE, "")
    assert (kept.text, kept.version_number) == ("soup for [e-mail]", version.number)
    assert kept.labels == ["Food"]


def test_of_a_long_file_a_sample_is_kept_from_all_of_it(
    models: Shelf, project: Project, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("learners.services.prediction_file_traffic.MOST_OF_A_FILE", 40)
    make_live(project)
    keep(project, owner)
    assert file_of(project, 400).n_kept == 40
    numbers = [int(row.text.split()[1]) for row in KeptPrediction.objects.all()]
    assert len(set(numbers)) == 40
    assert 120 < sum(numbers) / 40 < 280  # 200 is expected, with a deviation of 18


def test_all_files_of_a_day_have_a_limit(
    models: Shelf, project: Project, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("learners.services.prediction_file_traffic.MOST_OF_FILES_A_DAY", 5)
    make_live(project)
    keep(project, owner)
    old = served(project, origin=Origin.FILE, asked_at=NOW - timedelta(days=1, seconds=1))
    keep_served([old, served(project), served(project, origin=Origin.FILE)])
    assert file_of(project, 9).n_kept == 4


def test_a_share_holds_for_files_too(models: Shelf, project: Project, owner: User) -> None:
    make_live(project)
    keep(project, owner, share=0.5)
    assert 60 < file_of(project, 200).n_kept < 140


def test_the_page_says_what_came_in_files_and_how_much_of_it_is_kept(
    models: Shelf, project: Project, owner: User, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("learners.services.prediction_file_traffic.MOST_OF_A_FILE", 4)
    monkeypatch.setattr("tests.serving.test_files.NOW", timezone.now())
    make_live(project)
    keep(project, owner)
    file_of(project, 16)
    client.force_login(owner)
    page = client.get(reverse("traffic", args=[project.pk])).content.decode()
    assert "16 texts in 1 file; these have no time of their own" in page
    assert "4 of the 16 texts in files" in page
    assert "25\N{NO-BREAK SPACE}%" in page


# ---- random questions among its texts ----


def reserved(project: Project, *texts: str) -> list[Example]:
    return make_examples(project, texts, n_audit=len(texts))


def test_random_rows_in_a_table_are_counted(models: Shelf, project: Project, folders: Path) -> None:
    place = Surroundings(trunk_folder=folders, cache_folder=folders, seed=3)
    files = get_rung("tree").train(make_table_data(96), place)
    make_model_version(
        project, rung=make_rung(make_ladder(project), "tree", files=files), stage="live"
    )
    features = [(column.name, column.kind) for column in COLUMNS]
    project.input_kind = "table"
    project.feature_columns = [{"name": name, "kind": kind} for name, kind in features]
    project.save()
    names, rows = [name for name, _ in features], make_rows(3)[0]
    reserved(project, rendered(dict(zip(names, rows[1], strict=True)), features))
    lines = "\n".join(",".join(cells) for cells in [names, *rows])
    assert ran(taken(project, lines)).n_reserved == 1


def test_random_questions_in_a_file_are_counted_and_said(
    models: Shelf, project: Project, owner: User, client: Client
) -> None:
    make_live(project)
    reserved(project, "soup", "bread and soup", "not in the file")
    row = ran(taken(project, CSV + "5, soup ,again\n"))
    assert row.n_reserved == 2
    client.force_login(owner)
    page = client.get(reverse("predict-files", args=[project.pk])).content.decode()
    assert "2 of its texts are random questions not answered yet: whoever reads" in page


def test_answered_questions_and_texts_of_the_pool_are_not_counted(
    models: Shelf, project: Project
) -> None:
    make_live(project)
    (answered,) = reserved(project, "soup")
    make_label(answered, project.label_classes.all()[0], User.objects.get(username="ada"))
    make_examples(project, ["a train"])
    assert ran(taken(project, CSV)).n_reserved == 0


def test_a_question_that_is_asked_again_is_counted(models: Shelf, project: Project) -> None:
    make_live(project)
    (answered,) = reserved(project, "soup")
    make_label(answered, project.label_classes.all()[0], User.objects.get(username="ada"))
    Annotation.objects.update(stale=True)
    assert ran(taken(project, CSV)).n_reserved == 1


def test_the_task_draws_by_itself(models: Shelf, project: Project, owner: User) -> None:
    make_live(project)
    keep(project, owner)
    row = taken(project, CSV)
    predict_file(row.pk)
    row.refresh_from_db()
    assert (row.status, row.n_kept) == ("done", 3)
