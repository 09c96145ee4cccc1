"""`POST /predict`: the live model answers, what cannot be is told, each model is loaded once."""

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from learners.engine.rungs import Surroundings, get_rung
from learners.engine.serving.shelf import Shelf
from learners.services.serving import client, predict_texts
from projects.models import ModelVersion, Project
from tests.api.worlds import Program, answer, make_program, problem
from tests.engine.packing.models import counted_bag, text_model
from tests.engine.rungs.worlds import make_table_data
from tests.engine.tables import COLUMNS, make_rows
from tests.factories import make_ladder, make_model_version, make_rung
from tests.serving.worlds import make_live, tiny_files

pytestmark = pytest.mark.django_db


def test_one_text_is_classified_by_the_live_model(
    models: Shelf, project: Project, program: Program
) -> None:
    version = make_live(project)
    said = answer(program.post("/predict", {"text": "Soup and bread"}))
    digest = version.manifest_digest
    assert said["model"] == {"version": version.number, "rung": "tfidf", "digest": digest}
    (prediction,) = said["predictions"]
    assert prediction["label"] == "Food"
    assert prediction["probability"] == prediction["probabilities"]["Food"] > 0.9
    assert sum(prediction["probabilities"].values()) == pytest.approx(1)


def test_many_texts_keep_their_order(models: Shelf, project: Project, program: Program) -> None:
    make_live(project)
    texts = ["train", "soup", "ticket " * 300, "bread", "👍 neither"] * 40
    said = answer(program.post("/predict", {"texts": texts}))["predictions"]
    labels = [one["label"] for one in said]
    assert labels[:4] == ["Trains", "Food", "Trains", "Food"]
    assert labels == labels[:5] * 40


def test_a_text_of_any_number_of_classes_has_labels(
    models: Shelf, project: Project, program: Program
) -> None:
    make_live(project, thresholds=[0.6, 0.6])
    texts = ["soup on the train", "soup", "nothing"]
    said = answer(program.post("/predict", {"texts": texts}))["predictions"]
    assert [one["labels"] for one in said] == [["Food", "Trains"], ["Food"], []]


@pytest.mark.parametrize(
    ("body", "field", "message"),
    [
        ({}, None, "Send one of text, texts, row, rows; found: none"),
        ({"text": "a", "texts": ["b"]}, None, "found: text, texts"),
        ({"text": ""}, "text", "no text"),
        ({"text": " \n"}, "text", "no text"),
        ({"text": 3}, "text", "valid string"),
        ({"texts": []}, "texts", "0 of them; allowed: 1 to 1,000"),
        ({"texts": ["a"] * 1001}, "texts", "1,001 of them"),
        ({"texts": ["a", "b" * 100_001]}, "texts.1", "100,001 characters; allowed: 100,000"),
        ({"texts": "soup"}, "texts", "valid list"),
        ({"row": {"age": 4}}, "row", "reads texts"),
        ({"text": "a", "temperature": 1}, "temperature", "no such field"),
    ],
)
def test_what_cannot_be_classified_is_told(
    models: Shelf,
    *,
    project: Project,
    program: Program,
    body: dict[str, Any],
    field: str | None,
    message: str,
) -> None:
    make_live(project)
    said = problem(program.post("/predict", body), 422)
    assert said.get("field") == field
    assert message in said["message"]


def test_without_a_live_model_the_way_to_one_is_told(
    models: Shelf, project: Project, program: Program
) -> None:
    make_model_version(project)
    said = problem(program.post("/predict", {"text": "soup"}), 409)
    assert said["code"] == "no_live_model"
    assert "promote" in said["message"]


def test_to_read_is_not_to_predict(project: Project) -> None:
    program = make_program(project, scopes=["read"])
    assert problem(program.post("/predict", {"text": "soup"}), 403)["scope"] == "predict"


def test_a_models_process_that_is_away_is_told(project: Project, program: Program) -> None:
    make_live(project)
    response = program.post("/predict", {"text": "soup"})
    assert problem(response, 503)["code"] == "models_away"
    assert response["Retry-After"] == "2"


def test_files_that_are_gone_are_told(models: Shelf, project: Project, program: Program) -> None:
    ModelVersion.objects.filter(pk=make_live(project).pk).update(folder="models/elsewhere")
    assert problem(program.post("/predict", {"text": "soup"}), 503)["code"] == "model_files_gone"


def test_a_damaged_model_is_told(models: Shelf, project: Project, program: Program) -> None:
    files = tiny_files() | {"model.onnx": b"nothing"}
    rung = make_rung(make_ladder(project), "tfidf", files=files)
    make_model_version(project, rung=rung, stage="live")
    assert problem(program.post("/predict", {"text": "soup"}), 503)["code"] == "model_unusable"
    assert models.names == []


def test_a_promoted_version_answers_from_then_on(
    models: Shelf, project: Project, program: Program
) -> None:
    old = make_live(project)
    answer(program.post("/predict", {"text": "soup"}))
    ModelVersion.objects.filter(pk=old.pk).update(stage="retired")
    new = make_live(project, strength=-2.0)
    said = answer(program.post("/predict", {"text": "soup"}))
    assert (said["model"]["version"], said["predictions"][0]["label"]) == (new.number, "Trains")


def test_concurrent_first_requests_load_a_model_once(models: Shelf, project: Project) -> None:
    version = make_live(project)
    found: list[str] = []
    ready = threading.Barrier(8)

    def ask() -> None:
        ready.wait()
        found.extend(predict_texts(version, ["soup"]).labels(0))
        client().close()

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (found, models.n_loaded) == (["Food"] * 8, 1)


def test_rows_of_a_table_are_classified(
    models: Shelf, project: Project, program: Program, folders: Path
) -> None:
    place = Surroundings(trunk_folder=folders, cache_folder=folders, seed=3)
    files = get_rung("tree").train(make_table_data(96), place)
    rung = make_rung(make_ladder(project), "tree", files=files)
    make_model_version(project, rung=rung, stage="live")
    cells = dict(zip([column.name for column in COLUMNS], make_rows(1)[0][0], strict=True))
    said = answer(program.post("/predict", {"rows": [cells, {}]}))
    assert len(said["predictions"]) == 2
    assert (
        "no column “salary”"
        in problem(program.post("/predict", {"row": {"salary": 1}}), 422)["message"]
    )
    assert "its columns" in problem(program.post("/predict", {"text": "a"}), 422)["message"]


def test_the_words_behind_an_answer_are_told_and_add_up(
    models: Shelf, project: Project, program: Program
) -> None:
    rung = make_rung(make_ladder(project), "tfidf", files=text_model(counted_bag(), "tfidf"))
    make_model_version(project, rung=rung, stage="live")
    text = "Please refund my late loan"
    (said,) = answer(program.post("/predict", {"text": text, "explain": True}))["predictions"]
    assert [text[w["start"] : w["end"]] for w in said["words"]] == text.split()
    logits = dict(said["bias"])
    for word in said["words"]:
        logits = {name: logit + word["for"][name] for name, logit in logits.items()}
    shares = np.exp(list(logits.values()))
    assert shares / shares.sum() == pytest.approx(list(said["probabilities"].values()), abs=1e-4)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"text": "soup"}, "reads a text as a whole"),
        ({"texts": ["soup"] * 33}, "33 texts; explained are at most 32 a request."),
        ({"row": {"a": 1}}, "rows of a table have none"),
    ],
)
def test_what_cannot_be_explained_is_told(
    models: Shelf, project: Project, program: Program, body: dict[str, Any], message: str
) -> None:
    make_live(project)
    said = problem(program.post("/predict", {**body, "explain": True}), 422)
    assert said["field"] == "explain"
    assert message in said["message"]
