"""A version's model made again from the ledger: the same manifest, the same files, the same answers."""

import io
import shutil
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command

from learners.engine.embedding import MINILM_SHA256, minilm_folder
from learners.engine.rungs import trunks
from learners.engine.trunk import Trunk
from learners.management.commands import rebuild_model as rebuild_command
from learners.services import ladder_work
from learners.services.keeping import keep_rung
from learners.services.ladder import request_ladder
from learners.services.model_files import delete_folder, read_files
from learners.services.rebuild_model import CannotRebuild, Rebuilt, rebuild_model
from projects.models import Example, ModelVersion, Project
from tests.factories import NOW, make_label, make_model_version, make_project, make_user
from tests.ladder.worlds import Speed, ladder_project

pytestmark = pytest.mark.django_db


@pytest.fixture
def version(monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path) -> ModelVersion:
    """A version of a real TF-IDF rung; its speed is not measured, and no embedding model is exported."""
    settings.MEDIA_ROOT, settings.VAR_DIR = tmp_path / "storage", tmp_path / "var"
    settings.LABELER_EMBEDDER = "minilm"
    (tmp_path / "trunk").mkdir()
    shutil.copy(minilm_folder() / "tokenizer.json", tmp_path / "trunk")
    trunk = Trunk(tmp_path / "trunk", "minilm", MINILM_SHA256, 384, 256, "Apache-2.0", "here")
    monkeypatch.setattr(trunks, "prepared_trunk", lambda surroundings: trunk)
    monkeypatch.setattr(ladder_work, "measure", lambda folder, texts, n_runs: Speed())
    ada = make_user("ada")
    project = ladder_project(ada)
    ladder = request_ladder(actor=ada, project=project, rungs=["tfidf"], now=NOW)
    while ladder_work.work_on(ladder_id=ladder.pk, token=uuid4(), clock=lambda: NOW):
        pass
    (rung,) = ladder.rungs.all()
    assert rung.status == "done", rung.error
    return keep_rung(actor=ada, rung=rung, now=NOW)


def label_more(project: Project) -> None:
    """Labels made later, which the version knows nothing of."""
    label_class, ada = project.label_classes.get(name="metal"), make_user("bob")
    for example in Example.objects.filter(project=project, settled=False)[:5]:
        make_label(example, label_class, ada)


def test_the_same_model_comes_out_also_after_later_labels_and_without_its_ladder(
    version: ModelVersion,
) -> None:
    label_more(version.project)
    version.project.ladders.all().delete()
    again = rebuild_model(version=version, say=lambda words: None)
    assert (again.same_manifest, again.changed, again.n) == (True, (), 20)
    assert again.largest_difference == 0


def test_files_that_are_gone_are_put_back(version: ModelVersion) -> None:
    before = read_files(version)
    delete_folder(version)
    assert not default_storage.exists(f"{version.folder}/model.onnx")
    rebuild_model(version=version, say=lambda words: None)
    assert read_files(version) == before


def test_the_command_says_what_is_the_same(version: ModelVersion) -> None:
    said = io.StringIO()
    call_command("rebuild_model", version.project_id, version.number, stdout=said)
    assert f"manifest {version.manifest_digest}: the same" in said.getvalue()
    assert "files that differ: none" in said.getvalue()
    assert "20 texts, largest difference 0.0e+00" in said.getvalue()
    assert "It is the same model." in said.getvalue()


@pytest.mark.parametrize(
    ("difference", "words"),
    [(0.25, "never comes out twice: probabilities differ by up to 0.2"), (None, "cannot be told")],
)
def test_a_fine_tuned_model_is_not_called_the_same(
    difference: float | None, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    again = Rebuilt("0" * 64, True, ("model.onnx",), False, 20, difference)
    monkeypatch.setattr(rebuild_command, "rebuild_model", lambda version, say: again)
    version, said = make_model_version(make_project()), io.StringIO()
    call_command("rebuild_model", version.project_id, version.number, stdout=said)
    assert words in said.getvalue()
    assert "It is the same model" not in said.getvalue()


def test_another_text_makes_another_model_and_the_command_fails(version: ModelVersion) -> None:
    newest = Example.objects.filter(project=version.project).order_by("-pk")[0]
    Example.objects.filter(pk=newest.pk).update(text="other", content_hash=b"x" * 32)
    with pytest.raises(CommandError, match="The manifest is another one"):
        call_command("rebuild_model", version.project_id, version.number, stdout=io.StringIO())


def test_what_the_ledger_alone_does_not_make_is_refused(version: ModelVersion) -> None:
    version.rung = "static_distilled"
    with pytest.raises(CannotRebuild, match="learned from another model"):
        rebuild_model(version=version, say=lambda words: None)
    with pytest.raises(CommandError, match="has no version 9"):
        call_command("rebuild_model", version.project_id, 9)
