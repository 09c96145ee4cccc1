"""Classes that were merged or retired after a version was kept: what it said then, and what it still answers."""

import json

import numpy as np
import pytest
from django.core.files.storage import default_storage
from django.test import Client
from django.urls import reverse

from learners.selectors.answers import ClassHistory
from learners.selectors.past_classes import PastClass, past_classes
from learners.selectors.training import audit_answers
from learners.services.comparing import compare
from learners.services.deferring import judged
from learners.services.model_predictions import Predictions
from learners.services.model_reasons import told_texts
from projects.models import LabelClass, ModelVersion, Project, User
from projects.services.class_merging import merge_classes, retire_class
from projects.services.shown import show_random_texts
from tests.api.worlds import answer, make_program
from tests.factories import (
    NOW,
    make_examples,
    make_label,
    make_ladder,
    make_model_version,
    make_project,
    make_rung,
)

pytestmark = pytest.mark.django_db
NAMES = ("apple", "pear", "zinc")
N = 60


@pytest.fixture
def project(ada: User) -> Project:
    """Random texts of three classes in turn, all answered."""
    project = make_project(owner=ada, name="Stalls", classes=NAMES)
    texts = [f"{NAMES[place % 3]} {place}" for place in range(N)]
    for place, example in enumerate(make_examples(project, texts, n_audit=N)):
        make_label(example, named(project, NAMES[place % 3]), ada)
    return project


def named(project: Project, name: str) -> LabelClass:
    return project.label_classes.get(name=name)


def kept(project: Project, *, stage: str = "candidate", knows: int = 3) -> ModelVersion:
    """A version that has every answer of now right; of the classes in use, it answers the first `knows`."""
    truth = audit_answers(project.pk)
    ids, y = np.array(list(truth)), np.array(list(truth.values()))
    class_ids = np.unique(y)
    shares = np.full((N, len(class_ids)), 0.1, np.float32)
    shares[np.arange(N), np.searchsorted(class_ids, y)] = 0.7
    classes = [
        {"id": row.pk, "name": row.name} for row in project.label_classes.active().order_by("pk")
    ]
    rung = make_rung(
        make_ladder(project),
        files={"labels.json": json.dumps(classes[:knows]).encode()},
        predictions=Predictions(ids, y, shares, class_ids),
        manifest={"classes": classes},
    )
    measures = {"n_audit": N, "n_train": 80}
    return make_model_version(project, rung=rung, stage=stage, measures=measures)


def merge(ada: User, project: Project, source: str, target: str) -> None:
    merge_classes(actor=ada, source=named(project, source), target=named(project, target), now=NOW)


def test_a_version_from_before_a_merge_is_not_wrong_for_it(ada: User, project: Project) -> None:
    old = kept(project)
    merge(ada, project, "apple", "pear")
    new = kept(project)
    found = compare(old, new)
    assert found
    assert (found.this_right, found.other_right, found.n_differing) == (N, N, 0)
    recalls = {row.name: (row.n, row.n_this, row.n_other) for row in found.recalls}
    assert recalls == {"pear": (40, 40, 40), "zinc": (20, 20, 20)}


def test_two_merges_in_a_row_are_followed_to_the_end(ada: User, project: Project) -> None:
    old = kept(project)
    merge(ada, project, "apple", "pear")
    merge(ada, project, "pear", "zinc")
    assert judged(old).correct.all()


def test_thresholds_are_chosen_on_what_was_said_as_it_means_now(
    ada: User, project: Project
) -> None:
    version = kept(project)
    before = judged(version)
    merge(ada, project, "apple", "pear")
    after = judged(version)
    assert (len(after), int(after.correct.sum())) == (N, N)
    assert (after.confidence == before.confidence).all()


def test_a_merged_class_is_among_the_surest_and_not_among_the_most_wrong(
    ada: User, project: Project
) -> None:
    version = kept(project)
    merge(ada, project, "apple", "pear")
    show_random_texts(actor=ada, project=project, now=NOW)
    told = told_texts(version, project, ada)
    assert (told.n, told.n_wrong) == (N, 0)


def test_a_retired_class_stays_what_was_said() -> None:
    history = ClassHistory(into={1: 2, 2: 3, 5: 4}, retired={4}, added={}, names={})
    assert history.as_now(np.array([1, 2, 3, 4, 5, -1])).tolist() == [3, 3, 3, 4, 5, -1]


def test_a_version_tells_the_classes_that_are_gone_by_the_names_it_answers(
    ada: User, project: Project
) -> None:
    version = kept(project)
    assert past_classes(version) == []
    merge(ada, project, "apple", "pear")
    retire_class(actor=ada, label_class=named(project, "zinc"), now=NOW)
    LabelClass.objects.filter(name="apple").update(name="old apple")
    assert past_classes(version) == [PastClass("apple", "pear"), PastClass("zinc", "")]


def test_a_class_that_it_never_learned_is_not_told(ada: User, project: Project) -> None:
    version = kept(project, knows=2)
    retire_class(actor=ada, label_class=named(project, "zinc"), now=NOW)
    assert past_classes(version) == []
    default_storage.delete(f"{version.folder}/labels.json")
    assert past_classes(version) == [PastClass("zinc", "")]


def test_the_live_version_says_what_it_still_answers_and_what_to_do(
    client: Client, ada: User, project: Project
) -> None:
    kept(project, stage="live")
    candidate = kept(project)
    merge(ada, project, "apple", "pear")
    client.force_login(ada)
    said = "Version 1 still answers “apple” (merged into “pear”), which is no longer in use."
    to_do = "Train a new ladder, keep a model of it and make that live."
    for address in (
        reverse("models", args=[project.pk]),
        reverse("model-version", args=[project.pk, 1]),
    ):
        html = client.get(address).content.decode()
        assert said in html
        assert to_do in html
    html = client.get(
        reverse("model-version", args=[project.pk, candidate.number])
    ).content.decode()
    assert said.replace("Version 1", "Version 2") in html
    assert to_do not in html


def test_the_api_tells_programs_too(ada: User, project: Project) -> None:
    kept(project, stage="live")
    program = make_program(project)
    assert answer(program.get())["live_model"]["past_classes"] == []
    merge(ada, project, "apple", "pear")
    retire_class(actor=ada, label_class=named(project, "zinc"), now=NOW)
    assert answer(program.get())["live_model"]["past_classes"] == [
        {"name": "apple", "into": "pear"},
        {"name": "zinc", "into": None},
    ]
