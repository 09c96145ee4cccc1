"""The project's own recipe on the ladder: trained as settings said, kept, made again, or left out for a twin."""

import json
import shutil
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pytest

from learners.engine.embedding import MINILM_SHA256, minilm_folder
from learners.engine.rungs import on_recipe, trunks
from learners.engine.runtime import load_runtime
from learners.engine.trunk import Trunk
from learners.engine.words import Word
from learners.models import Ladder, Rung
from learners.services import ladder_work
from learners.services.keeping import keep_rung
from learners.services.ladder import kinds_for, request_ladder
from learners.services.ladder_work import work_on
from learners.services.model_files import read_files
from learners.services.rebuild_model import rebuild_model
from projects.models import Example, Project, User
from tests.factories import NOW
from tests.ladder.worlds import Speed, ladder_project

pytestmark = pytest.mark.django_db


@pytest.fixture
def project(ada: User, monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path) -> Project:
    """It counts words, so that no embedding model is exported; speed is not measured."""
    settings.MEDIA_ROOT, settings.VAR_DIR = tmp_path / "storage", tmp_path / "var"
    settings.LABELER_EMBEDDER = "minilm"
    (tmp_path / "trunk").mkdir()
    shutil.copy(minilm_folder() / "tokenizer.json", tmp_path / "trunk")
    trunk = Trunk(tmp_path / "trunk", "minilm", MINILM_SHA256, 384, 256, "Apache-2.0", "here")
    for module in (trunks, on_recipe):
        monkeypatch.setattr(module, "prepared_trunk", lambda surroundings: trunk)
    monkeypatch.setattr(ladder_work, "measure", lambda folder, texts, n_runs: Speed())
    return with_recipe(ladder_project(ada), "lsi", "nearest_centroid")


def with_recipe(project: Project, features: str, head: str) -> Project:
    project.features, project.head = features, head
    project.save(update_fields=["features", "head"])
    return project


def worked(ladder: Ladder) -> Ladder:
    while work_on(ladder_id=ladder.pk, token=uuid4(), clock=lambda: NOW):
        pass
    ladder.refresh_from_db()
    return ladder


def own(ladder: Ladder) -> Rung:
    return ladder.rungs.get(name="working")


def asked(project: Project, *rungs: str) -> Ladder:
    return request_ladder(actor=None, project=project, rungs=rungs, now=NOW)


def test_the_projects_own_recipe_is_trained_and_measured(project: Project) -> None:
    rung = own(worked(asked(project, "working")))
    assert (rung.status, rung.error, rung.accuracy, rung.n_train) == ("done", "", 1.0, 30)
    meta = json.loads(read_files(rung)["model.json"])
    assert (meta["features"], meta["head_kind"]) == ("lsi", "nearest_centroid")


def test_its_words_are_told_where_it_is_a_sum_over_words(project: Project) -> None:
    files = read_files(own(worked(asked(project, "working"))))
    labels = [label["name"] for label in json.loads(files["labels.json"])]
    told = json.loads(files["words.json"])["classes"]
    assert [one["name"] for one in told] == labels
    words = load_runtime(files).explain(texts_that_train(project))
    for place, one in enumerate(told):
        strongest = one["for"][0]
        adds = [of_word(text, strongest["word"], place) for text in words]
        assert strongest["weight"] == pytest.approx(np.mean([add for add in adds if add]), abs=1e-3)


def texts_that_train(project: Project) -> list[str]:
    rows = project.examples.exclude(role=Example.Role.AUDIT)
    return list(rows.values_list("text", flat=True))


def of_word(text: list[Word], name: str, place: int) -> float:
    return sum(word.adds[place] for word in text if word.word.casefold() == name)


def test_settings_changed_later_do_not_change_it(project: Project) -> None:
    ladder = asked(project, "working")
    with_recipe(project, "tfidf", "logistic")
    rung = own(worked(ladder))
    assert rung.manifest["settings"] == {"recipe": {"features": "lsi", "head": "nearest_centroid"}}


def test_it_is_kept_and_made_again_from_the_ledger(project: Project, ada: User) -> None:
    version = keep_rung(actor=ada, rung=own(worked(asked(project, "working"))), now=NOW)
    with_recipe(project, "tfidf", "logistic")
    rebuilt = rebuild_model(version=version, say=lambda line: None)
    assert (rebuilt.same_manifest, rebuilt.changed) == (True, ())


def test_it_is_left_out_where_another_model_came_out_of_the_same_recipe(project: Project) -> None:
    first = worked(asked(project, "tfidf")).rungs.get()
    chosen = json.loads(read_files(first)["model.json"])["head_kind"]
    with_recipe(project, "tfidf", chosen)
    rung = own(worked(asked(project, "tfidf", "working")))
    assert rung.status == "left_out"
    assert rung.note.startswith("Left out: “Words counted (TF-IDF)” came out with the same")


def test_tables_have_one_too() -> None:
    names = [kind.name for kind in kinds_for(Project(input_kind="table"))]
    assert names == ["tree", "columns", "working_table"]
