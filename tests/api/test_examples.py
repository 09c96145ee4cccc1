"""Texts and labels for programs: in by the import that files take, out as stored."""

import json
import uuid
from typing import Any

import pytest

from projects.models import DataImport, Example, Project, User
from projects.services.importing import run_import
from tests.api.worlds import Program, answer, make_program, problem
from tests.creating.helpers import clock
from tests.factories import make_examples, make_label, make_project

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path


def test_texts_that_are_sent_come_in_with_id_and_metadata(
    program: Program, project: Project
) -> None:
    texts = [{"text": "late\nagain", "id": "7", "metadata": {"text": "x", "n": 3}}, {"text": "b"}]
    said = answer(program.post("/examples", {"texts": texts}), 202)
    assert said["status"] == "waiting"
    run_import(data_import_id=said["id"], clock=clock)
    done = answer(program.get(f"/imports/{said['id']}"))
    assert (done["status"], done["n_rows"], done["error"]) == ("done", 2, "")
    first = Example.objects.order_by("pk")[0]
    assert (first.text, first.external_id) == ("late\nagain", "7")
    assert first.metadata == {"text_": "x", "n": "3"}


def test_the_same_key_brings_texts_once(program: Program) -> None:
    key = {"Idempotency-Key": str(uuid.uuid4())}
    first = program.post("/examples", {"texts": [{"text": "a"}]}, **key)
    again = program.post("/examples", {"texts": [{"text": "a"}]}, **key)
    assert answer(again, 202) == answer(first, 202)
    assert DataImport.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"texts": []}, "texts"),
        ({"texts": [{"text": ""}]}, "texts.0.text"),
        ({"texts": [{"text": "a"}, {"text": "  \n"}]}, "texts.1.text"),
        ({"texts": [{"text": 3}]}, "texts.0.text"),
        ({"texts": ["a"]}, "texts.0"),
        ({"texts": [{"text": "a\u0000b"}]}, "texts.0.text"),
        ({"texts": [{"text": "a", "metadata": {"\ud800": 1}}]}, "texts.0.metadata"),
        ({"texts": [{"text": "a", "label": "yes"}]}, "texts.0.label"),
        ({"texts": [{"text": "a", "metadata": {"n": [1]}}]}, None),
        ({"texts": [{"text": "a", "id": "x" * 201}]}, "texts.0.id"),
        ({}, "texts"),
    ],
)
def test_a_text_that_cannot_be_is_refused(
    program: Program, body: dict[str, Any], field: str | None
) -> None:
    said = problem(program.post("/examples", body), 422)
    assert field is None or said["field"] == field
    assert not DataImport.objects.exists()


def test_half_a_character_is_refused(program: Program) -> None:
    raw = b'{"texts": [{"text": "a\\ud800b"}]}'
    said = problem(program.call("POST", "/examples", raw=raw), 422)
    assert said["field"].startswith("texts")


def test_rows_of_a_table_are_no_texts(program: Program) -> None:
    Project.objects.update(input_kind="table")
    assert "table" in problem(program.post("/examples", {"texts": [{"text": "a"}]}), 409)["message"]


def test_texts_are_read_in_pieces(program: Program, project: Project) -> None:
    ids = [row.pk for row in make_examples(project, ["a", "b", "c"], n_audit=1)]
    first = answer(program.get("/examples?limit=2"))
    assert [row["id"] for row in first["examples"]] == ids[:2]
    rest = answer(program.get(f"/examples?limit=2&after={first['next']}"))
    assert ([row["text"] for row in rest["examples"]], rest["next"]) == (["c"], None)


def test_labels_leave_as_lines(program: Program, project: Project, owner: User) -> None:
    make_label(make_examples(project, ["a"])[0], project.label_classes.all()[0], owner)
    response = program.get("/labels.jsonl")
    lines = b"".join(response.streaming_content).decode().splitlines()  # type: ignore[attr-defined]
    assert [json.loads(line)["labels"] for line in lines] == [["yes"]]
    assert response["RateLimit-Remaining"]


def test_to_read_numbers_is_not_to_read_texts(project: Project) -> None:
    numbers = make_program(project, scopes=["read"])
    for path in ("/examples", "/labels.jsonl", "/imports/1"):
        assert problem(numbers.get(path), 403)["scope"] == "label"


def test_another_projects_import_is_not_found(program: Program, owner: User) -> None:
    other = make_project(owner=owner, name="Other")
    row = make_examples(other, ["a"])[0].data_import_id
    problem(program.get(f"/imports/{row}"), 404)
