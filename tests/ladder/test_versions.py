"""The registry: versions are numbered, one is live, every change of stage is in the ledger."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from projects.models import ModelVersion, Project, ProjectEvent, User
from projects.selectors.versions import former_live, live_version, stage_history
from projects.services.refusals import Refused
from projects.services.versions import KeptModel, add_version, promote, retire, roll_back
from tests.factories import (
    NOW,
    make_examples,
    make_label,
    make_model_version,
    make_project,
    make_user,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def project(ada: User) -> Project:
    return make_project(owner=ada)


def kept(ada: User, project: Project, name: str = "static", **facts: Any) -> ModelVersion:
    model = KeptModel(
        rung=name,
        rung_label=name.title(),
        rung_id=None,
        manifest={"rung": name},
        manifest_digest=name.ljust(64, "0"),
        folder=f"models/1/{name}",
        files={"model.onnx": "0" * 64},
        n_bytes=12,
        upto_seq=project.seq,
        **facts,
    )
    return add_version(actor=ada, project=project, model=model, now=NOW)


def live_number(project: Project) -> int | None:
    live = live_version(project.pk)
    return live.number if live else None


def test_versions_are_numbered_as_they_are_kept(ada: User, project: Project) -> None:
    assert [kept(ada, project, name).number for name in ("tfidf", "static", "minilm")] == [1, 2, 3]
    other = make_project(owner=ada, name="Other")
    assert kept(ada, other).number == 1
    assert {version.stage for version in project.model_versions.all()} == {"candidate"}


def test_the_same_model_is_kept_once(ada: User, project: Project) -> None:
    kept(ada, project)
    with pytest.raises(Refused, match="kept already, as version 1"):
        kept(ada, project)
    assert project.model_versions.count() == 1


def test_a_promoted_version_takes_the_place_of_the_live_one(ada: User, project: Project) -> None:
    first, second = kept(ada, project, "tfidf"), kept(ada, project, "static")
    promote(actor=ada, version=first, why="The first.", now=NOW)
    promote(actor=ada, version=second, why=" Better on rare classes. ", now=NOW)
    first.refresh_from_db()
    assert (first.stage, live_number(project)) == ("retired", 2)
    assert (second.promoted_by, second.why) == (ada, "Better on rare classes.")


def test_a_promotion_needs_a_reason(ada: User, project: Project) -> None:
    version = kept(ada, project)
    with pytest.raises(Refused, match="why this model goes live"):
        promote(actor=ada, version=version, why="  ", now=NOW)
    with pytest.raises(Refused, match="501 characters; allowed: 500"):
        promote(actor=ada, version=version, why="x" * 501, now=NOW)
    assert live_number(project) is None


def test_who_is_live_already_is_not_promoted_again(ada: User, project: Project) -> None:
    version = kept(ada, project)
    promote(actor=ada, version=version, why="First.", now=NOW)
    with pytest.raises(Refused, match="Version 1 is live already"):
        promote(actor=ada, version=version, why="Again.", now=NOW)


def test_the_database_allows_one_live_version(project: Project) -> None:
    make_model_version(project, stage="live")
    with pytest.raises(IntegrityError), transaction.atomic():
        make_model_version(project, stage="live")


def test_rolling_back_brings_the_former_live_one_back(ada: User, project: Project) -> None:
    for name in ("tfidf", "static"):
        promote(actor=ada, version=kept(ada, project, name), why=name, now=NOW)
    kept(ada, project, "minilm")
    back = roll_back(actor=ada, project=project, to=1, now=NOW)
    assert (back.number, back.why) == (1, "Rolled back from version 2.")
    assert live_number(project) == 1
    former = former_live(project.pk)
    assert former is not None
    assert former.number == 2


def test_there_is_nothing_to_roll_back_to_at_first(ada: User, project: Project) -> None:
    promote(actor=ada, version=kept(ada, project), why="First.", now=NOW)
    with pytest.raises(Refused, match="nothing to go back to"):
        roll_back(actor=ada, project=project, to=2, now=NOW)


def test_rolling_back_twice_does_not_undo_itself(ada: User, project: Project) -> None:
    for name in ("tfidf", "static"):
        promote(actor=ada, version=kept(ada, project, name), why=name, now=NOW)
    roll_back(actor=ada, project=project, to=1, now=NOW)
    with pytest.raises(Refused, match="Version 1 is live already"):
        roll_back(actor=ada, project=project, to=1, now=NOW)
    with pytest.raises(Refused, match="changed meanwhile"):
        roll_back(actor=ada, project=project, to=7, now=NOW)
    assert live_number(project) == 1


def test_what_the_live_version_leans_on_is_not_retired(ada: User, project: Project) -> None:
    make_model_version(
        project, stage="live", deferral={"threshold": 0.5, "to": "version", "version": 2}
    )
    other = kept(ada, project)
    with pytest.raises(Refused, match="leaves texts that it is unsure of to version 2"):
        retire(actor=ada, version=other, now=NOW)


def test_a_retired_live_version_leaves_none_live_and_can_come_back(
    ada: User, project: Project
) -> None:
    version = promote(actor=ada, version=kept(ada, project), why="First.", now=NOW)
    retire(actor=ada, version=version, why="It is wrong on refunds.", now=NOW)
    assert live_number(project) is None
    with pytest.raises(Refused, match="retired already"):
        retire(actor=ada, version=version, now=NOW)
    assert roll_back(actor=ada, project=project, to=1, now=NOW).number == 1


def test_rolling_back_passes_over_what_was_retired_on_purpose(ada: User, project: Project) -> None:
    names = ("tfidf", "static", "minilm")
    first, second, _ = (
        promote(actor=ada, version=kept(ada, project, name), why=name, now=NOW) for name in names
    )
    retire(actor=ada, version=second, why="It is wrong on refunds.", now=NOW)
    assert former_live(project.pk) == first
    with pytest.raises(Refused, match="retired already"):
        retire(actor=ada, version=second, now=NOW)
    retire(actor=ada, version=first, now=NOW)
    assert former_live(project.pk) is None


def test_a_version_retired_before_and_live_again_since_can_come_back(
    ada: User, project: Project
) -> None:
    first = promote(actor=ada, version=kept(ada, project, "tfidf"), why="First.", now=NOW)
    retire(actor=ada, version=first, now=NOW)
    promote(actor=ada, version=first, why="It was right.", now=NOW)
    promote(actor=ada, version=kept(ada, project, "static"), why="Smaller.", now=NOW)
    assert former_live(project.pk) == first


def test_the_ledger_says_who_did_what_and_why(ada: User, project: Project) -> None:
    bob, later = make_user("bob"), NOW + timedelta(days=1)
    first, second = kept(ada, project, "tfidf"), kept(ada, project, "static")
    promote(actor=ada, version=first, why="The first.", now=NOW)
    promote(actor=bob, version=second, why="Smaller.", now=later)
    newest, *_, oldest = stage_history(project.pk)
    assert (newest.number, newest.who, newest.at, newest.why) == (2, bob, later, "Smaller.")
    assert (newest.replaced, newest.became, oldest.became) == (1, "live", "candidate")
    event = ProjectEvent.objects.get(project=project, kind="model_added", payload__version=1)
    assert event.payload["files"] == {"model.onnx": "0" * 64}


def test_labels_made_later_never_change_a_version(ada: User, project: Project) -> None:
    version = kept(ada, project)
    promote(actor=ada, version=version, why="First.", now=NOW)
    before = ModelVersion.objects.filter(pk=version.pk).values().get()
    for example in make_examples(project, ["one", "two"]):
        make_label(example, project.label_classes.all()[0], ada)
    assert ModelVersion.objects.filter(pk=version.pk).values().get() == before
