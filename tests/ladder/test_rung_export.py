"""Files of rungs and versions: asked for, made, checked, and offered only when the check was passed."""

import hashlib
import io
import json
import zipfile
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from django.core.files.storage import default_storage

from learners.engine.packing.parity import parity_of
from learners.engine.runtime import load_runtime
from learners.models import ModelExport, Rung
from learners.services.model_predictions import Predictions
from learners.services.rung_export import make_export
from learners.services.rung_export_request import (
    NothingToExport,
    exports_to_make,
    kinds_of,
    request_export,
)
from projects.models import Project
from tests.engine.packing.models import counted_bag, text_model, vector_bag
from tests.factories import (
    NOW,
    make_examples,
    make_ladder,
    make_model_version,
    make_project,
    make_rung,
    make_user,
)

pytestmark = pytest.mark.django_db

FILES = text_model(counted_bag(), "tfidf")
TEXTS = [f"please refund card number {n}" for n in range(30)]


@pytest.fixture
def project() -> Project:
    made = make_project(owner=make_user(), classes=("question", "complaint", "thanks"))
    make_examples(made, TEXTS, n_audit=5)
    return made


def rung_of(project: Project, name: str = "tfidf", **columns: Any) -> Rung:
    """A rung whose classes are those of the project, with a manifest among its files."""
    ids = list(project.label_classes.values_list("pk", flat=True))
    labels = [
        {"id": pk, "name": str(name)}
        for pk, name in project.label_classes.order_by("pk").values_list("pk", "name")
    ]
    newest = project.examples.order_by("-pk").first()
    assert newest is not None
    manifest = {
        "upto_seq": project.seq,
        "labels": [["aa", ids[0]], ["bb", ids[1]]],
        "pool": {"upto": newest.pk},
        "versions": {"numpy": "2"},
    }
    files = FILES | {
        "labels.json": json.dumps(labels).encode(),
        "manifest.json": json.dumps(manifest).encode(),
    }
    said = Predictions(
        example_ids=np.arange(4),
        y=np.array([ids[0], ids[0], ids[1], ids[2]]),
        probabilities=np.eye(3, dtype=np.float32)[[0, 1, 1, 2]],
        class_ids=np.array(ids),
    )
    return make_rung(make_ladder(project), name, files=files, predictions=said, **columns)


def made(rung: Rung, kind: str, django_capture: Any) -> ModelExport:
    with django_capture():
        row = request_export(model=rung, kind=kind, now=NOW)
    make_export(export_id=row.pk, clock=lambda: NOW + timedelta(seconds=5))
    row.refresh_from_db()
    return row


def stored(row: ModelExport) -> bytes:
    with default_storage.open(row.file) as file:
        content: bytes = file.read()
    return content


def contents(row: ModelExport) -> dict[str, bytes]:
    archive = zipfile.ZipFile(io.BytesIO(stored(row)))
    return {name: archive.read(name) for name in archive.namelist()}


def test_a_zip_is_made_checked_and_offered(
    project: Project, django_capture_on_commit_callbacks: Any
) -> None:
    row = made(rung_of(project), "zip", django_capture_on_commit_callbacks)
    assert row.error == ""
    found = contents(row)
    assert row.check_found["n"] == 200
    assert row.check_found["largest_difference"] <= 1e-4
    assert row.n_bytes == default_storage.size(row.file)
    assert row.digest == hashlib.sha256(stored(row)).hexdigest()
    texts = json.loads(found["parity.json"])["texts"]
    assert set(texts[:25]) == set(TEXTS[5:])  # the first five measure, and stay


def test_the_card_tells_of_this_project(
    project: Project, django_capture_on_commit_callbacks: Any
) -> None:
    Project.objects.filter(pk=project.pk).update(card_intended_use="Sorting tickets.")
    row = made(rung_of(project), "zip", django_capture_on_commit_callbacks)
    readme = contents(row)["README.md"].decode()
    assert "## Intended use\n\nSorting tickets.\n" in readme
    assert "- Accuracy: 85.0 % (71 to 93 %, n = 40)" in readme
    # Wilson of 1 of 2: 0.095 to 0.905
    assert "| question | 50.0 % (9 to 91 %, n = 2) | 100.0 % (21 to 100 %, n = 1) |" in readme
    assert "| question | 1 |" in readme


def test_texts_stay_where_the_project_keeps_them(
    project: Project, django_capture_on_commit_callbacks: Any
) -> None:
    Project.objects.filter(pk=project.pk).update(texts_leave=False)
    row = made(rung_of(project), "zip", django_capture_on_commit_callbacks)
    assert not any(b"card number" in content for content in contents(row).values())
    assert row.check_found["inputs_from"].startswith("188 made of the names of the classes")


def test_an_html_file_and_a_folder_are_made_too(
    project: Project, django_capture_on_commit_callbacks: Any
) -> None:
    rung = rung_of(project)
    page = made(rung, "html", django_capture_on_commit_callbacks)
    assert page.error == ""
    assert stored(page).startswith(b"<!doctype html>")
    folder = made(rung, "huggingface", django_capture_on_commit_callbacks)
    assert "onnx/model.onnx" in contents(folder)
    assert rung.exports.count() == 2


def test_a_file_that_fails_its_check_is_never_offered(
    project: Project, django_capture_on_commit_callbacks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = load_runtime(text_model(vector_bag(4)))
    monkeypatch.setattr(
        "learners.services.rung_export.parity_of", lambda _, **given: parity_of(other, **given)
    )
    row = made(rung_of(project), "zip", django_capture_on_commit_callbacks)
    assert "probabilities differ from the application's" in row.error
    assert (row.file, row.n_bytes) == ("", None)


def test_lost_files_are_an_error_on_the_row(
    project: Project, django_capture_on_commit_callbacks: Any
) -> None:
    rung = rung_of(project)
    default_storage.delete(f"{rung.folder}/model.onnx")
    row = made(rung, "zip", django_capture_on_commit_callbacks)
    assert "model.onnx of this model is gone" in row.error


def test_asking_again_makes_it_again_but_not_while_it_is_made(
    project: Project, django_capture_on_commit_callbacks: Any
) -> None:
    rung = rung_of(project)
    row = made(rung, "huggingface", django_capture_on_commit_callbacks)
    first = row.file
    with django_capture_on_commit_callbacks(execute=True):
        again = request_export(model=rung, kind="huggingface", now=NOW)
    assert (again.pk, again.file) == (row.pk, "")
    assert not default_storage.exists(first)
    ModelExport.objects.filter(pk=row.pk).update(started_at=NOW)
    assert request_export(model=rung, kind="huggingface", now=NOW).started_at == NOW
    make_export(export_id=row.pk, clock=lambda: NOW)  # somebody is at it
    row.refresh_from_db()
    assert row.file == ""


def test_work_that_nobody_took_up_is_due_again(project: Project) -> None:
    row = request_export(model=rung_of(project), kind="zip", now=NOW)
    assert exports_to_make(NOW) == []
    assert exports_to_make(NOW + timedelta(minutes=2)) == [row.pk]
    ModelExport.objects.update(started_at=NOW)
    assert exports_to_make(NOW + timedelta(minutes=2)) == []
    assert exports_to_make(NOW + timedelta(hours=1)) == [row.pk]


def test_what_a_model_can_become_depends_on_its_kind(project: Project) -> None:
    assert kinds_of(rung_of(project)) == ("zip", "html", "huggingface")
    assert kinds_of(rung_of(project, "minilm")) == ("zip", "huggingface")
    empty = make_rung(make_ladder(project), "static")
    assert kinds_of(empty) == ()
    with pytest.raises(NothingToExport, match="cannot be taken away as 'html'"):
        request_export(model=rung_of(project, "minilm"), kind="html", now=NOW)


def test_a_version_says_its_number_and_its_threshold(
    project: Project, django_capture_on_commit_callbacks: Any
) -> None:
    version = make_model_version(
        project, rung=rung_of(project), deferral={"threshold": 0.7}, measures={"n_train": 2}
    )
    row = made(version, "zip", django_capture_on_commit_callbacks)  # type: ignore[arg-type]
    found = contents(row)
    assert json.loads(found["model.json"])["deferral"] == {"threshold": 0.7}
    assert "Version 1. Made 2026-03-01T09:00:00+00:00" in found["README.md"].decode()
