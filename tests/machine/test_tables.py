"""Table projects from the import to the packed model: fitted on the pool, ranked, read as rules."""

import csv
import io
import json
import subprocess
import sys
import zipfile
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest
from django.core.files.storage import default_storage
from django.db import transaction

from learners.engine.features.table import TableModel
from learners.engine.heads.stored_tree import TreeHead
from learners.models import EmbeddingSet, Fit, RankedExample
from learners.selectors.status import project_status
from learners.services.embedders import TextEmbedder
from learners.services.embedding import embed_chunk
from learners.services.exporting import write_model
from learners.services.fitting import run_fit
from learners.services.prediction import head_of, pool_models_of, predict
from learners.services.rebuild import rebuild_project
from projects.models import Example, LabelClass, Project, User
from tests.creating.table_files import FILE, table_project
from tests.factories import NOW, make_label, make_user

pytestmark = pytest.mark.django_db


def no_embedder() -> TextEmbedder:
    raise AssertionError("a table needs no embedding model")


def clock() -> datetime:
    return NOW + timedelta(minutes=5)


def embed(project: Project) -> None:
    token = uuid4()
    while embed_chunk(
        project_id=project.pk, token=token, clock=clock, load=no_embedder, part="table"
    ):
        pass


def is_yes(example: Example) -> bool:
    cells = example.metadata
    return cells["job"] == "cook" and float(cells["age"]) > 40


def label_some(project: Project, n: int, *, now: datetime = NOW) -> None:
    """Give the first rows their true class, in the name of the project's owner."""
    owner = User.objects.get(memberships__project=project)
    classes = {c.name: c for c in LabelClass.objects.filter(project=project)}
    for example in Example.objects.filter(project=project, role__in=["pool", "audit"])[:n]:
        with transaction.atomic():
            make_label(example, classes["yes" if is_yes(example) else "no"], owner, now=now)


def labelled_project(head: str, owner: User | None = None) -> Project:
    owner = owner or make_user()
    project, _ = table_project(owner=owner, label=None, metadata=())
    Project.objects.filter(pk=project.pk).update(head=head)
    label_some(project, 80)
    embed(project)
    project.refresh_from_db()
    return project


def published(project: Project) -> Fit:
    fit = run_fit(project_id=project.pk, token=uuid4(), clock=clock, load=no_embedder)
    assert fit is not None
    assert (fit.status, fit.error) == ("published", "")
    return fit


def test_the_table_is_fitted_on_the_pool_alone() -> None:
    rows = FILE + "".join(f"{30 + i},diver,{i},es,no\n" for i in range(40))
    project, _ = table_project(rows)
    Example.objects.filter(project=project, metadata__job="diver", role="pool").update(role="test")
    embed(project)
    row = EmbeddingSet.objects.get(project=project)
    with default_storage.open(row.model_file) as stored:
        model = TableModel.from_bytes(stored.read())
    jobs = {d.level for d in model.dimensions if d.column == 1}
    assert jobs == {"clerk", "cook", "nurse"}
    assert row.n_fitted == Example.objects.filter(project=project, role="pool").count()


@pytest.mark.parametrize("head", ["logistic", "tree"])
def test_a_fit_measures_and_ranks_rows(head: str) -> None:
    fit = published(labelled_project(head))
    accuracy = fit.scores.get(metric="accuracy")
    assert accuracy.value > 0.8
    open_rows = Example.objects.filter(project=fit.project_id, role="pool", settled=False)
    assert RankedExample.objects.filter(fit=fit).count() == open_rows.count() > 0
    assert fit.parts == {"table": pool_models_of(fit)[0].digest}


def test_a_published_tree_is_stored_as_plain_arrays_and_predicts() -> None:
    fit = published(labelled_project("tree"))
    assert isinstance(head_of(fit), TreeHead)
    said = predict(fit=fit, texts=["age: 60\njob: cook\nbalance: 5\ncountry: fr"])
    assert LabelClass.objects.get(pk=int(said.likeliest[0])).name == "yes"


@pytest.mark.parametrize("head", ["logistic", "tree"])
def test_the_packed_model_gives_the_applications_own_probabilities(
    head: str, tmp_path: Path
) -> None:
    fit = published(labelled_project(head))
    target = io.BytesIO()
    write_model(fit=fit, target=target)
    zipfile.ZipFile(target).extractall(tmp_path)
    ran = subprocess.run(
        [sys.executable, "-I", str(tmp_path / "predict.py")],
        input=FILE,
        capture_output=True,
        text=True,
        check=True,
    )
    answers = [json.loads(line)["probabilities"]["yes"] for line in ran.stdout.splitlines()]
    by_row = dict(Example.objects.values_list("source_row", "text"))
    texts = [by_row[row] for row in range(2, 2 + len(list(csv.DictReader(io.StringIO(FILE)))))]
    said = predict(fit=fit, texts=texts)
    names = dict(LabelClass.objects.values_list("pk", "name"))
    column = [names[class_id] for class_id in said.class_ids].index("yes")
    assert np.abs(said.probabilities[:, column] - answers).max() < 1e-4


def test_a_rebuilt_project_gets_the_same_tree() -> None:
    project = labelled_project("tree")
    before = head_of(published(project)).to_bytes()
    rebuild_project(
        project_id=project.pk, new_token=uuid4, clock=clock, say=lambda _: None, load=no_embedder
    )
    assert head_of(Fit.objects.get()).to_bytes() == before


def test_nobody_is_told_that_rows_are_not_english() -> None:
    project = labelled_project("logistic")
    banners = project_status(project, NOW).banners
    assert not [b for b in banners if "English" in b.text or "longer" in b.text]
