"""Files to predict: taken, predicted row by row, fetched, cancelled, forgotten."""

import csv
import io
import json
import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client, TestCase
from django.urls import reverse

from learners.engine.serving.shelf import Shelf
from learners.models import PredictionFile
from learners.services.predicting_files import MAX_ATTEMPTS, predict_file
from learners.services.prediction_files import (
    cancel_file,
    delete_expired,
    files_to_predict,
    take_file,
)
from learners.services.serving import ModelsAway, predict_texts
from projects.models import Project, User
from projects.reading import BadInput
from projects.services.refusals import Refused
from projects.services.staging import stage
from tests.api.worlds import Program, answer, make_token, problem
from tests.factories import NOW, make_project
from tests.serving.worlds import make_live

pytestmark = pytest.mark.django_db
CSV = "id,text,note\n1,soup,=1+1\n2,a train,\n3, ,blank\n4,bread and soup,-x\n"


def taken(project: Project, content: str, name: str = "mail.csv", **more: Any) -> PredictionFile:
    owner = User.objects.get(username="ada")
    file = io.BytesIO(content.encode())
    return take_file(actor=owner, project=project, file=file, name=name, now=NOW, **more)


def ran(row: PredictionFile) -> PredictionFile:
    with TestCase.captureOnCommitCallbacks(execute=True):
        rng = np.random.default_rng(1)
        predict_file(row_id=row.pk, token=uuid.uuid4(), clock=lambda: NOW, rng=rng)
    row.refresh_from_db()
    return row


def result(row: PredictionFile) -> str:
    with default_storage.open(row.result_file) as file:
        return str(file.read().decode("utf-8-sig"))


def stored() -> list[str]:
    root = Path(default_storage.location)  # type: ignore[attr-defined]
    return [str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()]


def test_every_row_comes_back_with_its_prediction(models: Shelf, project: Project) -> None:
    make_live(project)
    row = ran(taken(project, CSV))
    assert (row.status, row.n_done, row.n_blank, row.percent) == ("done", 4, 1, 100)
    rows = list(csv.DictReader(io.StringIO(result(row))))
    assert [one["predicted label"] for one in rows] == ["Food", "Trains", "", "Food"]
    assert float(rows[0]["probability"]) == float(rows[0]["probability of Food"]) > 0.8
    assert [one["id"] for one in rows] == ["1", "2", "3", "4"]


def test_no_cell_is_a_formula_in_a_spreadsheet(models: Shelf, project: Project) -> None:
    make_live(project, names=("=cmd", "@x"))
    header, *rows = csv.reader(io.StringIO(result(ran(taken(project, CSV)))))
    cells = [cell for row in rows for cell in row]
    assert "'=1+1" in cells
    assert "'=cmd" in cells
    assert not [cell for cell in cells + header if cell.startswith(("=", "@", "-"))]


def test_json_lines_come_back_as_objects(models: Shelf, project: Project) -> None:
    make_live(project)
    lines = '{"text": "soup", "n": 1.50, "tags": ["a"]}\n{"text": "", "n": null}\n'
    first, second = map(json.loads, result(ran(taken(project, lines, "m.jsonl"))).splitlines())
    assert (first["n"], first["tags"]) == (1.5, ["a"])
    assert first["prediction"]["label"] == "Food"
    assert second["prediction"] is None


def test_a_file_that_begins_with_blank_rows_knows_the_classes(
    models: Shelf, project: Project
) -> None:
    make_live(project, thresholds=[0.5, 0.6])
    content = "text\n" + '""\n' * 300 + "soup\n"
    rows = list(csv.DictReader(io.StringIO(result(ran(taken(project, content))))))
    assert len(rows) == 301
    assert rows[-1]["predicted labels"] == "Food"
    assert "probability of Trains" in rows[0]


def test_only_the_predictions_stay_and_go_after_a_day(models: Shelf, project: Project) -> None:
    make_live(project)
    model_files = len(stored())
    row = ran(taken(project, CSV))
    assert [name for name in stored() if not name.startswith("models/")] == [row.result_file]
    assert delete_expired(now=NOW + timedelta(hours=23)) == 0
    with TestCase.captureOnCommitCallbacks(execute=True):
        assert delete_expired(now=NOW + timedelta(hours=25)) == 1
    assert len(stored()) == model_files
    assert not PredictionFile.objects.exists()


def test_without_the_models_process_it_waits_and_goes_on(
    project: Project, request: pytest.FixtureRequest
) -> None:
    make_live(project)
    row = ran(taken(project, CSV))
    assert (row.status, row.attempts) == ("waiting", 0)
    assert row.waits_for == "the process that holds the models"
    assert files_to_predict(now=NOW) == [row.pk]
    request.getfixturevalue("models")
    assert ran(row).status == "done"


def test_a_cancelled_file_leaves_nothing(
    models: Shelf, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_live(project)
    row = taken(project, CSV)

    def cancelled_meanwhile(*args: Any, **more: Any) -> Any:
        cancel_file(row=row, now=NOW)
        return predict_texts(*args, **more)

    monkeypatch.setattr("learners.services.predicting_files.predict_texts", cancelled_meanwhile)
    assert ran(row).status == "cancelled"
    assert row.result_file == ""
    assert not [name for name in stored() if not name.startswith("models/")]


def test_one_file_is_predicted_at_a_time(models: Shelf, project: Project) -> None:
    make_live(project)
    first, second = taken(project, CSV), taken(project, CSV)
    PredictionFile.objects.filter(pk=first.pk).update(status="running", heartbeat_at=NOW)
    assert ran(second).status == "waiting"
    assert files_to_predict(now=NOW) == [second.pk]
    assert files_to_predict(now=NOW + timedelta(minutes=5)) == [first.pk, second.pk]


def test_a_file_whose_workers_die_is_given_up(models: Shelf, project: Project) -> None:
    make_live(project)
    row = taken(project, CSV)
    PredictionFile.objects.update(attempts=MAX_ATTEMPTS)
    assert "worker died" in ran(row).error
    assert row.status == "failed"


def test_a_file_that_the_models_fail_on_is_given_up_and_stops_no_other(
    models: Shelf, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_live(project)
    first, second = taken(project, CSV), taken(project, CSV)

    def killed(*args: Any, **more: Any) -> Any:
        raise ModelsAway("the connection was closed")

    monkeypatch.setattr("learners.services.predicting_files.predict_texts", killed)
    assert (ran(first).status, first.attempts) == ("waiting", 1)
    assert files_to_predict(now=NOW) == [second.pk, first.pk]
    assert [ran(first).status, ran(first).status] == ["waiting", "failed"]
    assert "ended or took too long over this file" in first.error


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('{"text": "soup"}\n{"text": ["a"]\n', "line 2"),
        ("", "empty file"),
        ("text\n", "no rows"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_line(
    project: Project, content: str, words: str
) -> None:
    make_live(project)
    name = "m.jsonl" if "{" in content else "m.csv"
    with pytest.raises(BadInput, match=words):
        taken(project, content, name, kind="jsonl" if "{" in content else "csv")
    assert not PredictionFile.objects.exists()


def test_a_column_that_is_not_there_is_told_with_those_that_are(project: Project) -> None:
    make_live(project)
    with pytest.raises(Refused, match="no column “body”; found: id, text, note"):
        taken(project, CSV, text_column="body")
    assert not [name for name in stored() if name.startswith("uploads/")]


def test_without_a_live_model_no_file_is_taken(project: Project) -> None:
    with pytest.raises(Refused, match="no live model"):
        taken(project, CSV)


def test_too_many_open_files_are_refused(project: Project) -> None:
    make_live(project)
    for _ in range(5):
        taken(project, CSV)
    with pytest.raises(Refused, match="5 files of this project wait or run"):
        taken(project, CSV)


# ---- for programs ----


def sent(
    program: Program, content: str = CSV, name: str = "mail.csv", *, key: str = "", **fields: str
) -> Any:
    file = SimpleUploadedFile(name, content.encode())
    auth = {"Authorization": f"Bearer {program.secret}", "Idempotency-Key": key}
    address = f"/api/v1/projects/{program.project.pk}/batches"
    return program.client.post(address, {"file": file, **fields}, headers=auth)


def test_a_program_sends_watches_and_fetches(
    models: Shelf, project: Project, program: Program
) -> None:
    version = make_live(project)
    said = answer(sent(program), 202)
    assert (said["status"], said["text_column"], said["version"]) == (
        "waiting", "text", version.number,
    )  # fmt: skip
    path = f"/batches/{said['id']}"
    assert "it is waiting" in problem(program.get(f"{path}/result"), 409)["message"]
    ran(PredictionFile.objects.get())
    assert answer(program.get(path))["status"] == "done"
    response = program.get(f"{path}/result")
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert b"predicted label" in b"".join(response.streaming_content)  # type: ignore[attr-defined]
    assert program.call("DELETE", path).status_code == 204
    problem(program.get(path), 404)


def test_a_program_is_told_what_is_wrong_with_a_file(project: Project, program: Program) -> None:
    make_live(project)
    said = problem(sent(program, '{"text": 1}\nnothing\n', "m.jsonl"), 422)
    assert (said["field"], said["line"]) == ("file", 2)
    assert problem(sent(program, text_column="body"), 422)["field"] == "text_column"
    assert problem(program.post("/batches", {"file": "x"}), 422)["field"] == "file"


def test_a_program_cancels_once(project: Project, program: Program) -> None:
    make_live(project)
    path = f"/batches/{answer(sent(program), 202)['id']}/cancel"
    assert answer(program.post(path))["status"] == "cancelled"
    assert "cancelled" in problem(program.post(path), 409)["message"]


def test_a_token_that_only_predicts_sees_its_own_files_alone(
    project: Project, program: Program
) -> None:
    make_live(project)
    router = Program(project, make_token(project, scopes=["predict"], random=b"p" * 32)[1])
    others, mine = answer(sent(program), 202)["id"], answer(sent(router), 202)["id"]
    assert [one["id"] for one in answer(router.get("/batches"))] == [mine]
    problem(router.get(f"/batches/{others}/result"), 404)
    problem(router.call("DELETE", f"/batches/{others}"), 404)
    assert [one["id"] for one in answer(program.get("/batches"))] == [mine, others]


def test_another_projects_file_is_not_found(program: Program, owner: User) -> None:
    other = make_project(owner=owner, name="Other")
    make_live(other)
    row = taken(other, CSV)
    problem(program.get(f"/batches/{row.pk}"), 404)
    problem(program.call("DELETE", f"/batches/{row.pk}"), 404)


@pytest.mark.django_db(transaction=True)
def test_neither_project_nor_token_is_locked_while_a_file_is_looked_through(
    project: Project, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_live(project)

    def looked_through(**given: Any) -> Any:
        other = connection.copy()
        with other.cursor() as cursor:
            for table in ("projects_project", "projects_apitoken"):
                cursor.execute(f"SELECT 1 FROM {table} FOR NO KEY UPDATE NOWAIT")
        other.close()
        return stage(**given)

    monkeypatch.setattr("learners.services.prediction_files.stage", looked_through)
    said = answer(sent(program, key=str(uuid.uuid4())), 202)
    assert said["status"] == "waiting"


# ---- for people ----


@pytest.fixture
def site(owner: User) -> Client:
    client = Client()
    client.force_login(owner)
    return client


def test_the_page_takes_a_file_shows_it_and_gives_it_back(
    models: Shelf, project: Project, site: Client
) -> None:
    make_live(project)
    address = reverse("predict-files", args=[project.pk])
    file = SimpleUploadedFile("mail.csv", CSV.encode())
    page = site.post(address, {"file": file}, follow=True).content.decode()
    assert "Waits for a worker" in page
    assert "hx-trigger" in page
    row = ran(PredictionFile.objects.get())
    page = site.get(address).content.decode()
    assert "4 rows, 1 of them without a text, by version" in page
    assert "hx-trigger" not in page
    got = site.get(reverse("predict-file-result", args=[project.pk, row.pk]))
    assert got["Content-Disposition"] == 'attachment; filename="mail-predicted.csv"'
    site.post(reverse("predict-file-delete", args=[project.pk, row.pk]))
    assert not PredictionFile.objects.exists()


def test_the_page_says_that_no_model_is_live(project: Project, site: Client) -> None:
    page = site.get(reverse("predict-files", args=[project.pk])).content.decode()
    assert "No model of this project is live yet." in page
    assert '<form method="post" enctype' not in page


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "Choose a file."), ("", "submitted file is empty"), ("text\n", "no rows")],
)
def test_the_page_tells_what_is_wrong_with_a_file(
    project: Project, site: Client, content: str | None, words: str
) -> None:
    make_live(project)
    sent = {"file": SimpleUploadedFile("m.csv", content.encode())} if content is not None else {}
    response = site.post(reverse("predict-files", args=[project.pk]), sent)
    assert response.status_code == 422
    assert words in response.content.decode()


def test_the_page_says_that_the_models_are_away(project: Project, site: Client) -> None:
    make_live(project)
    taken(project, CSV)
    page = site.get(reverse("predict-files", args=[project.pk])).content.decode()
    assert "process that holds the models does not answer" in page


def test_the_fragment_comes_only_when_something_is_new(project: Project, site: Client) -> None:
    make_live(project)
    row = taken(project, CSV)
    address = reverse("predict-files-state", args=[project.pk])
    assert site.get(address, {"have": f"True-{row.pk}.waiting.0"}).status_code == 204
    assert site.get(address, {"have": "else"}).status_code == 200


def test_a_program_is_told_of_a_file_that_is_too_large(
    project: Project, program: Program, settings: Any
) -> None:
    make_live(project)
    settings.LABELER_MAX_UPLOAD_BYTES = 20
    said = problem(sent(program), 413)
    assert "20 bytes a file" in said["message"]
