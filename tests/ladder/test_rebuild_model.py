"""A version's model made again from the ledger: the same manifest, the same files, the same answers."""

import io

import pytest
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command

from learners.management.commands import rebuild_model as rebuild_command
from learners.services.keeping import keep_rung
from learners.services.ladder import request_ladder
from learners.services.model_files import delete_folder, read_files
from learners.services.rebuild_model import Rebuilt, rebuild_model
from learners.services.rebuild_student import CannotRebuild
from projects.models import Example, ModelVersion, Project, ProjectEvent
from projects.services.ledger import append_project_event
from tests.factories import NOW, make_model_version, make_project, make_user
from tests.ladder.real_rungs import label_more, real_rungs, worked
from tests.ladder.worlds import ladder_project

__all__ = ["real_rungs"]
pytestmark = pytest.mark.django_db


@pytest.fixture
def version(real_rungs: None) -> ModelVersion:
    """A version of a real TF-IDF rung."""
    ada = make_user("ada")
    ladder = request_ladder(actor=ada, project=ladder_project(ada), rungs=["tfidf"], now=NOW)
    return keep_rung(actor=ada, rung=worked(ladder).rungs.get(), now=NOW)


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


def test_a_kind_of_another_release_is_refused(version: ModelVersion) -> None:
    version.rung = "perceptron"
    with pytest.raises(CannotRebuild, match="“perceptron” is a kind of model that this release"):
        rebuild_model(version=version, say=lambda words: None)
    with pytest.raises(CommandError, match="has no version 9"):
        call_command("rebuild_model", version.project_id, 9)


def test_what_the_project_learns_from_later_changes_nothing(version: ModelVersion) -> None:
    names = {"setting": "label_names", "old": False, "new": True}
    append_project_event(
        project_id=version.project_id,
        kind=ProjectEvent.Kind.SETTINGS_CHANGED,
        actor=version.created_by,
        payload=names,
        now=NOW,
    )
    Project.objects.update(label_names=True)
    again = rebuild_model(version=version, say=lambda words: None)
    assert (again.same_manifest, again.changed) == (True, ())
