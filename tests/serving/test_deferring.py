"""What the live model is unsure of: said, answered by a bigger model, or sent to people."""

import json
from typing import Any

import pytest

from learners.engine.serving.shelf import Shelf
from learners.services.deferred_answers import Others, answers
from learners.services.serving import Predicted
from projects.models import Example, IncomingText, ModelVersion, Project
from tests.api.worlds import Program, answer, make_program, problem
from tests.factories import make_ladder, make_model_version, make_rung
from tests.serving.worlds import make_live, tiny_files

pytestmark = pytest.mark.django_db
UNKNOWN = "something else altogether"


def deferring(project: Project, **rule: Any) -> ModelVersion:
    """The live tiny model, which leaves texts below 0.8 to a person unless said otherwise."""
    version = make_live(project)
    version.deferral = {"threshold": 0.8, "wanted": 0.95, "to": "person"} | rule
    version.save()
    return version


def bigger(project: Project, **options: Any) -> ModelVersion:
    """Another version: of the same words, with its own strength."""
    rung = make_rung(make_ladder(project), "static", files=tiny_files(**options))
    return make_model_version(project, rung=rung)


def predicted(program: Program, *texts: str, **more: Any) -> list[dict[str, Any]]:
    said = answer(program.post("/predict", {"texts": list(texts), **more}))
    return list(said["predictions"])


def test_without_a_threshold_nothing_is_said_of_it(
    models: Shelf, project: Project, program: Program
) -> None:
    make_live(project)
    (said,) = predicted(program, UNKNOWN)
    assert set(said) == {"label", "probability", "probabilities"}


def test_the_threshold_is_compared_with_what_was_not_rounded(
    models: Shelf, project: Project, program: Program
) -> None:
    deferring(project, threshold=0.88079701)  # soup: 0.88079708, told as 0.880797
    (said,) = answer(program.post("/predict", {"text": "soup"}))["predictions"]
    assert (said["probability"], said["deferred"]) == (0.880797, False)


def test_texts_below_the_threshold_are_deferred(
    models: Shelf, project: Project, program: Program
) -> None:
    deferring(project)
    sure, unsure = predicted(program, "soup", UNKNOWN)
    assert (sure["deferred"], unsure["deferred"]) == (False, True)
    assert unsure["probability"] == pytest.approx(0.5)
    assert not Example.objects.exists()


def test_a_bigger_model_answers_what_is_deferred_and_says_so(
    models: Shelf, project: Project, program: Program
) -> None:
    big = bigger(project, names=("Food", "Railway"), strength=5.0)
    deferring(project, threshold=0.95, to="version", version=big.number)
    sure, unsure = predicted(program, "soup bread", "train")
    assert "answered_by" not in sure
    assert unsure["answered_by"] == {"version": big.number, "rung": "static"}
    assert (unsure["label"], unsure["deferred"]) == ("Railway", True)
    assert unsure["unsure"]["label"] == "Trains"
    assert unsure["unsure"]["probability"] < 0.95 < unsure["probability"]


def test_a_bigger_model_that_cannot_answer_leaves_it_to_people_and_says_why(
    models: Shelf, project: Project, program: Program
) -> None:
    big = make_model_version(project, folder="models/gone", files={"model.onnx": "0" * 64})
    deferring(project, to="version", version=big.number)
    (said,) = predicted(program, UNKNOWN)
    assert f"Version {big.number} cannot answer; a person decides." in said["why"]
    assert "answered_by" not in said


def test_a_version_that_is_gone_is_said(project: Project) -> None:
    version = make_model_version(
        project, deferral={"threshold": 0.9, "wanted": 0.9, "to": "version", "version": 7}
    )
    said = Predicted([1, 2], ["Food", "Trains"], None, [[0.5, 0.5]])
    (found,) = answers(version, said, Others(version=lambda other, places: said))
    assert found.told["why"] == "Version 7 is gone; a person decides."


def test_unsure_texts_join_the_queue_when_the_program_asks_for_it(
    models: Shelf, project: Project, program: Program
) -> None:
    version = deferring(project)
    sure, unsure, again = predicted(program, "soup", UNKNOWN, UNKNOWN, defer=True)
    assert ("queued" in sure, unsure["queued"], again["queued"]) == (False, "added", "known")
    note = IncomingText.objects.get()
    assert (note.example.text, note.example.role) == (UNKNOWN, "pool")
    assert note.reason == "the live model was unsure of it (0.50)"
    assert note.version_number == version.number


def test_unsure_texts_join_the_queue_where_the_lead_switched_it_on(
    models: Shelf, project: Project, program: Program
) -> None:
    deferring(project)
    Project.objects.update(defer_to_queue=True)
    (kept,) = predicted(program, UNKNOWN)
    (left,) = predicted(program, "another one", defer=False)
    assert kept["queued"] == "added"
    assert "queued" not in left
    assert Example.objects.count() == 1


def test_what_a_bigger_model_answered_joins_no_queue(
    models: Shelf, project: Project, program: Program
) -> None:
    big = bigger(project, strength=5.0)
    deferring(project, to="version", version=big.number)
    (said,) = predicted(program, UNKNOWN, defer=True)
    assert "queued" not in said
    assert not Example.objects.exists()


def test_the_limit_of_a_day_is_said(models: Shelf, project: Project, program: Program) -> None:
    deferring(project)
    Project.objects.update(incoming_per_day=0)
    (said,) = predicted(program, UNKNOWN, defer=True)
    assert said["queued"] == "over_limit"


def test_a_token_that_may_not_label_sends_nothing_to_people(
    models: Shelf, project: Project
) -> None:
    deferring(project)
    program = make_program(project, scopes=["predict"])
    said = problem(program.post("/predict", {"text": UNKNOWN, "defer": True}), 403)
    assert (said["code"], said["scope"]) == ("missing_scope", "label")
    assert not Example.objects.exists()


def test_a_model_that_answers_everything_sends_nothing_to_people(
    models: Shelf, project: Project, program: Program
) -> None:
    make_live(project)
    said = problem(program.post("/predict", {"text": UNKNOWN, "defer": True}), 409)
    assert said["code"] == "no_threshold"


def test_the_schema_tells_of_deferring(program: Program) -> None:
    schema = json.loads(program.client.get("/api/v1/openapi.json").content)
    fields = schema["components"]["schemas"]["Prediction"]["properties"]
    assert {"deferred", "answered_by", "unsure", "why", "queued"} <= set(fields)
