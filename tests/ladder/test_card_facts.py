"""What a card says of the texts, teachers and weights that a model was made of."""

import json
from typing import Any

import pytest

from learners.engine.embedding import MINILM_SHA256, licence_of
from learners.engine.packing.card import ModelFacts, card_text
from learners.models import Rung
from learners.services.keeping import keep_rung
from learners.services.rung_facts import facts_of
from projects.models import Project
from tests.engine.packing.models import counted_bag, text_model
from tests.factories import NOW, make_ladder, make_project, make_rung, make_user

pytestmark = pytest.mark.django_db
FILES = text_model(counted_bag(), "static")


@pytest.fixture(autouse=True)
def _storage(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT, settings.LABELER_EMBEDDER = tmp_path, "minilm"


@pytest.fixture
def project() -> Project:
    return make_project(owner=make_user(), classes=("question", "complaint", "thanks"))


def facts(project: Project, name: str = "static", **columns: Any) -> ModelFacts:
    """Of a rung with one label of the first class, and one written text of it."""
    classes = list(project.label_classes.order_by("pk"))
    labels = [{"id": one.pk, "name": one.name} for one in classes]
    learnt = [["aa", classes[0].pk], ["written:bb", classes[0].pk]]
    manifest = {"labels": learnt, "pool": {"upto": 0}}
    files = FILES | {
        "labels.json": json.dumps(labels).encode(),
        "manifest.json": json.dumps(manifest).encode(),
    }
    rung = make_rung(make_ladder(project), name, files=files, **columns)
    return facts_of(rung, files)


def test_written_texts_are_no_labels_and_are_told_of(project: Project) -> None:
    note = "Trained with 1 texts beside that a teacher wrote."
    found = facts(project, note=note)
    assert [each.n_train for each in found.classes] == [1, 0, 0]
    text = card_text(found, run="", inside=[])
    assert note in text
    assert "what that was trained on is not known" in text


def test_a_student_says_what_kind_of_model_it_is(project: Project) -> None:
    found = facts(project, "static_distilled")
    assert found.how
    assert found.paper


def test_a_version_keeps_what_its_rung_noted(project: Project) -> None:
    files = FILES | {"manifest.json": b"{}"}
    rung = make_rung(make_ladder(project), "static", files=files, note="Learned from others.")
    version = keep_rung(actor=project.memberships.get().user, rung=rung, now=NOW)
    assert version.measures["note"] == "Learned from others."
    assert Rung.objects.get().note == "Learned from others."


def test_slow_models_have_no_exponent(project: Project) -> None:
    speed = facts(project, ms_per_1000=9120.4).speed
    assert any(said.startswith("9,120, on ") for said in speed.values())
    assert any("given many at once, on one thread" in what for what in speed)


@pytest.mark.parametrize(
    ("digest", "source"),
    [
        (MINILM_SHA256, "MiniLM"),
        ("0" * 64, "an embedding model that this server no longer has"),
    ],
)
def test_weights_are_those_it_was_trained_with(
    project: Project, settings: Any, tmp_path: Any, digest: str, source: str
) -> None:
    settings.LABELER_EMBEDDER = str(tmp_path / "another")
    found = facts(project, manifest={"embedder": digest})
    assert source in found.source
    assert found.licence == licence_of("minilm" if "MiniLM" in source else "another")
