"""`POST /feedback`: a label of its own origin that trains and never measures, each once."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from learners.engine.serving.shelf import Shelf
from learners.selectors.training import training_set, training_set_from_ledger
from learners.services.due_work import label_changes_since_newest_attempt
from projects.models import (
    Annotation,
    AnnotationEvent,
    Example,
    Feedback,
    KeptPrediction,
    Project,
    User,
)
from projects.selectors.exporting import exported_labels
from projects.selectors.imports import line_of
from projects.services.class_merging import merge_classes, retire_class
from projects.services.importing import ADVISORY_KEY
from projects.services.traffic.keeping import text_hash
from tests.api.worlds import Program, answer, make_program, problem
from tests.factories import NOW, make_examples, make_label
from tests.serving.worlds import make_live

pytestmark = pytest.mark.django_db


def sent(program: Program, **said: Any) -> Any:
    return answer(program.post("/feedback", {"client_id": str(uuid.uuid4()), **said}))


def make_kept(project: Project, text: str, label: str, **columns: Any) -> KeptPrediction:
    made: dict[str, Any] = {
        "version_number": 1,
        "text_hash": text_hash(text),
        "labels": [label],
        "probability": 0.9,
        "asked_at": NOW,
        "token_name": "mail router",
    }
    return KeptPrediction.objects.create(project=project, text=text, **(made | columns))


def test_a_correction_becomes_a_label_of_its_own_origin(project: Project, program: Program) -> None:
    said = sent(program, text="a bun", label="food")
    assert (said["outcome"], said["labels"], said["accepted"]) == ("labelled", ["Food"], None)
    example = Example.objects.get(text="a bun")
    assert (example.role, example.settled) == (Example.Role.POOL, True)
    event = AnnotationEvent.objects.get(example=example)
    assert (event.kind, event.draw, event.annotator) == ("feedback", "feedback", None)
    assert event.reason == "sent by the token “mail router”"
    project.refresh_from_db()
    assert (project.n_feedback, project.n_labelled, project.n_known) == (1, 0, 0)
    assert (project.n_rows, project.n_texts, project.n_pool) == (1, 1, 1)


def test_it_trains_and_never_measures(project: Project, program: Program) -> None:
    sent(program, text="a bun", label="Food")
    project.refresh_from_db()
    for training in (training_set(project.pk), training_set_from_ledger(project.pk, project.seq)):
        assert len(training) == training.n_known == 1
        assert not training.measures.any()
    assert label_changes_since_newest_attempt(project.pk) == 1


def test_a_label_file_tells_where_it_came_from(project: Project, program: Program) -> None:
    sent(program, text="a bun", label="Food")
    (line,) = exported_labels(project)
    assert (line.annotator, line.draw, line.labels) == ("", "feedback", ["Food"])
    assert "1 row" in line_of(project.imports.get()).sentence or line_of(project.imports.get())


def test_the_same_client_id_counts_once(project: Project, program: Program) -> None:
    client_id = str(uuid.uuid4())
    first = sent(program, client_id=client_id, text="a bun", label="Food")
    again = sent(program, client_id=client_id, text="a bun", label="Food")
    assert (first["repeated"], again["repeated"]) == (False, True)
    assert AnnotationEvent.objects.filter(project=project).count() == 1
    other = program.post("/feedback", {"client_id": client_id, "text": "a bun", "label": "Trains"})
    assert problem(other, 409)["code"] == "key_reused"


def test_a_newer_correction_replaces_an_older_one(project: Project, program: Program) -> None:
    sent(program, text="a bun", label="Food")
    sent(program, text=" a bun ", label="Trains")
    annotation = Annotation.objects.get(project=project)
    assert annotation.labels == [project.label_classes.get(name="Trains").pk]
    project.refresh_from_db()
    assert (project.n_feedback, project.n_texts) == (1, 1)


def test_a_persons_label_is_not_overruled(project: Project, owner: User, program: Program) -> None:
    (example,) = make_examples(project, ["a bun"])
    make_label(example, project.label_classes.get(name="Food"), owner)
    assert sent(program, text="a bun", label="Trains")["outcome"] == "person_stands"
    assert not AnnotationEvent.objects.filter(kind="feedback").exists()


def test_a_text_reserved_to_measure_takes_no_label(project: Project, program: Program) -> None:
    (example,) = make_examples(project, ["a bun"], n_audit=1)
    assert sent(program, text="a bun", label="Food")["outcome"] == "reserved"
    example.refresh_from_db()
    assert not example.settled


def test_a_kept_prediction_tells_whether_the_model_was_right(
    project: Project, program: Program
) -> None:
    kept = make_kept(project, "a bun", "Food", version_number=3)
    right = sent(program, prediction_id=str(kept.pk), label="Food")
    wrong = sent(program, text="a bun", label="Trains")
    assert [one["accepted"] for one in (right, wrong)] == [True, False]
    assert [one["version"] for one in (right, wrong)] == [3, 3]


def test_a_label_for_a_redacted_prediction_needs_the_text(
    project: Project, program: Program
) -> None:
    kept = make_kept(project, "call [phone]", "Food", text_hash=text_hash("call 030 1234567"))
    about = {"client_id": str(uuid.uuid4()), "prediction_id": str(kept.pk)}
    said = problem(program.post("/feedback", {**about, "label": "Trains"}), 422)
    assert (said["field"], "redacted" in said["message"]) == ("text", True)
    assert sent(program, **{**about, "accepted": False})["outcome"] == "counted"
    sent(program, prediction_id=str(kept.pk), text="call 030 1234567", label="Trains")
    assert Example.objects.get().text == "call 030 1234567"


def test_acceptance_alone_is_counted_and_is_no_label(project: Project, program: Program) -> None:
    make_kept(project, "a bun", "Food")
    said = sent(program, text="a bun", accepted=True)
    assert (said["outcome"], said["accepted"]) == ("counted", True)
    assert not Annotation.objects.exists()
    assert not Example.objects.exists()


def test_without_a_kept_prediction_the_live_version_is_meant(
    models: Shelf, project: Project, program: Program
) -> None:
    live = make_live(project)
    assert sent(program, text="a bun", accepted=False)["version"] == live.number


def test_an_unknown_prediction_is_said(project: Project, program: Program) -> None:
    body = {"client_id": str(uuid.uuid4()), "prediction_id": str(uuid.uuid4()), "label": "Food"}
    assert problem(program.post("/feedback", body), 404)["code"] == "unknown_prediction"
    assert answer(program.post("/feedback", {**body, "text": "a bun"}))["outcome"] == "labelled"


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"text": "a bun", "label": "Planes"}, 422, "label"),
        ({"text": "a bun"}, 422, "label"),
        ({"label": "Food"}, 422, "text"),
        ({"text": " ", "label": "Food"}, 422, "text"),
        ({"text": "a\u0000b", "label": "Food"}, 422, "text"),
        ({"text": "a bun", "label": "\ud800"}, 422, "label"),
        ({"text": "a bun", "labels": ["Food", "Trains"]}, 422, "labels"),
        ({"text": "a bun", "label": "Food", "client_id": "7"}, 422, "client_id"),
    ],
)
def test_what_cannot_be_is_said_with_its_field(
    project: Project, program: Program, body: dict[str, Any], status: int, field: str
) -> None:
    said = problem(program.post("/feedback", {"client_id": str(uuid.uuid4()), **body}), status)
    assert said["field"] == field
    assert not Feedback.objects.exists()
    assert not Example.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_no_new_text_comes_in_beside_an_import(project: Project, program: Program) -> None:
    body = {"client_id": str(uuid.uuid4()), "text": "a bun", "label": "Food"}
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s, %s)", [ADVISORY_KEY, project.pk])
        assert problem(program.post("/feedback", body), 503)["code"] == "import_runs"
    other.close()
    assert answer(program.post("/feedback", body))["outcome"] == "labelled"


def test_a_token_without_the_scope_sends_none(project: Project) -> None:
    other = make_program(project, scopes=["predict"])
    body = {"client_id": str(uuid.uuid4()), "text": "a bun", "label": "Food"}
    assert problem(other.post("/feedback", body), 403)["code"] == "missing_scope"


def test_any_number_of_classes_may_come_back(project: Project, program: Program) -> None:
    Project.objects.filter(pk=project.pk).update(multilabel=True)
    assert sent(program, text="a bun on a train", labels=["Food", "Trains"])["labels"] == [
        "Food",
        "Trains",
    ]
    assert sent(program, text="nothing", labels=[])["outcome"] == "labelled"
    training = training_set(project.pk)
    assert training.label_sets is not None
    assert training.label_sets.has.sum(axis=1).tolist() == [2, 0]


def test_a_merged_class_means_the_one_that_took_its_labels(
    project: Project, owner: User, program: Program
) -> None:
    food, trains = project.label_classes.all()
    merge_classes(actor=owner, source=food, target=trains, now=NOW)
    assert sent(program, text="a bun", label="Food")["labels"] == ["Trains"]


def test_a_retired_class_takes_its_corrections_along(
    project: Project, owner: User, program: Program
) -> None:
    sent(program, text="a bun", label="Food")
    food = project.label_classes.get(name="Food")
    retire_class(actor=owner, label_class=food, now=NOW + timedelta(days=1))
    project.refresh_from_db()
    assert (project.n_feedback, project.n_known) == (0, 0)
    assert not Example.objects.get().settled
