"""The manifest: equal for equal ledgers, other when anything that decides the model is other."""

import hashlib
import json
from dataclasses import replace

import pytest

from learners.services.ladder import request_ladder
from learners.services.ladder_data import ladder_data, manifest_of
from learners.services.manifest import Ingredients, make_manifest
from projects.models import Example
from projects.services.classes import ClassSpec, change_class
from tests.factories import NOW, make_label, make_user
from tests.ladder.worlds import audit_ids, ladder_project

SOME = Ingredients(
    rung="static",
    input_kind="text",
    upto_seq=12,
    seed=7,
    labels=[("bb", 2), ("aa", 1)],
    classes={2: "no", 1: "yes"},
    pool_hashes=["dd", "cc"],
)


def test_the_digest_is_that_of_the_canonical_text() -> None:
    made = make_manifest(SOME)
    assert made.digest == hashlib.sha256(made.content).hexdigest()
    said = json.loads(made.content)
    assert said["labels"] == [["aa", 1], ["bb", 2]]
    assert said["classes"] == [{"id": 1, "name": "yes"}, {"id": 2, "name": "no"}]
    assert made.summary["labels"]["n"] == 2
    assert b"\n" not in made.content


def test_the_order_of_labels_is_no_difference() -> None:
    turned = replace(SOME, labels=[("aa", 1), ("bb", 2)], pool_hashes=["cc", "dd"])
    assert make_manifest(turned) == make_manifest(SOME)


@pytest.mark.parametrize(
    "other",
    [
        {"labels": [("aa", 2), ("bb", 2)]},
        {"rung": "tfidf"},
        {"seed": 8},
        {"classes": {2: "no", 1: "Yes"}},
        {"pool_hashes": ["dd"]},
        {"settings": {"teacher": "tuned"}},
    ],
)
def test_what_decides_the_model_decides_the_digest(other: dict[str, object]) -> None:
    assert make_manifest(replace(SOME, **other)).digest != make_manifest(SOME).digest  # type: ignore[arg-type]


@pytest.mark.django_db
def test_later_labels_and_later_names_do_not_change_a_manifest() -> None:
    ada = make_user("ada")
    project = ladder_project(ada)
    ladder = request_ladder(actor=ada, project=project, now=NOW)
    before = manifest_of(ladder, ladder_data(ladder), "static")
    fruit = project.label_classes.all()[0]
    make_label(Example.objects.filter(project=project, settled=False)[0], fruit, ada)
    change_class(actor=ada, label_class=fruit, spec=ClassSpec(name="food"), now=NOW)
    assert manifest_of(ladder, ladder_data(ladder), "static") == before
    assert b"2026" not in before.content


@pytest.mark.django_db
def test_labels_that_measure_are_not_among_those_that_train() -> None:
    ada = make_user("ada")
    ladder = request_ladder(actor=ada, project=ladder_project(ada), now=NOW)
    data = ladder_data(ladder)
    assert (len(data.training.texts), len(data.audit_ids)) == (30, 20)
    assert data.audit_ids.tolist() == audit_ids(ladder.project)
    assert not set(data.audit_texts) & {*data.training.texts, *data.training.pool_texts}
    assert len(data.training.pool_texts) == 10
