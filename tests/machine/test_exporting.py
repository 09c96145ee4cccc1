"""A fit's zip: asked for by a page, built once by a worker, with its errors on the row."""

import json
import zipfile
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.storage import default_storage

from learners.engine.card import BundleCard
from learners.engine.intervals import Interval
from learners.models import Fit
from learners.services import due_work
from learners.services.export_request import NothingToExport, request_export
from learners.services.exporting import build_export, card_of
from projects.models import AnnotationEvent, LabelClass, Project, ProjectEvent
from projects.services.ledger import append_project_event
from tests.factories import NOW
from tests.machine.worlds import Clock, fit, label, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def published() -> Fit:
    project, examples, user = make_world()
    label([*examples[:6], *examples[10:20]], user)
    found = fit(project)
    assert found is not None
    return found


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    found: list[Any] = []
    monkeypatch.setattr("learners.services.export_request.send", lambda *args: found.append(args))
    return found


def test_asking_twice_sends_one_task(
    published: Fit, sent: list[Any], django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        request_export(fit=published, now=NOW)
        request_export(fit=published, now=NOW)
    assert sent == [("learners.export_model", published.pk)]


def test_only_a_published_fit_can_be_taken_away(published: Fit) -> None:
    published.status = Fit.Status.FAILED
    with pytest.raises(NothingToExport, match="was not published"):
        request_export(fit=published, now=NOW)


def test_nothing_is_built_that_nobody_asked_for(published: Fit) -> None:
    build_export(fit_id=published.pk, clock=Clock())
    published.refresh_from_db()
    assert (published.bundle_file, published.bundle_error) == ("", "")


def test_an_error_is_stored_and_asking_again_tries_again(published: Fit, settings: Any) -> None:
    settings.LABELER_EMBEDDER = "no_such.embedder"
    request_export(fit=published, now=NOW)
    build_export(fit_id=published.pk, clock=Clock())
    published.refresh_from_db()
    assert "cannot be imported" in published.bundle_error
    request_export(fit=published, now=NOW)
    published.refresh_from_db()
    assert published.bundle_error == ""


def test_a_build_whose_worker_died_is_due_again(published: Fit) -> None:
    request_export(fit=published, now=NOW)
    Fit.objects.update(bundle_started_at=NOW)
    assert due_work.exports_to_build(NOW + timedelta(minutes=4)) == []
    assert due_work.exports_to_build(NOW + timedelta(minutes=6)) == [published.pk]


def test_two_classes_of_one_name_are_told_apart(published: Fit) -> None:
    from learners.services.exporting import class_names
    from learners.services.prediction import head_of

    ids = published.class_ids
    LabelClass.objects.filter(pk=ids[1]).update(retired_at=NOW)
    LabelClass.objects.filter(pk=ids[1]).update(name="bird")
    expected = [f"bird ({ids[0]})", f"bird ({ids[1]})"]
    assert class_names(published, head_of(published)) == expected


def card(fit: Fit) -> BundleCard:
    return card_of(fit, ["bird", "tool"])


def imported(project: Project, name: str, n_texts: int) -> None:
    payload = {"name": name, "digest": "0123456789abcdef", "n_texts": n_texts}
    append_project_event(
        project_id=project.pk,
        kind=ProjectEvent.Kind.IMPORTED,
        actor=None,
        payload=payload,
        now=NOW,
    )


def test_the_card_names_the_files_that_were_in_at_the_fit_and_no_later_one() -> None:
    project, examples, user = make_world()
    imported(project, "first.csv", 40)
    imported(project, "second.csv", 20)
    label([*examples[:6], *examples[10:20]], user)
    published = fit(project)
    assert published is not None
    imported(project, "later.csv", 900)
    assert card(published).data == (
        "60 distinct texts from first.csv (SHA-256 0123456789ab), "
        "second.csv (SHA-256 0123456789ab)."
    )


def test_the_card_tells_how_each_text_was_chosen(published: Fit) -> None:
    queued = AnnotationEvent.objects.filter(draw="random").order_by("seq")
    entropy, margin = queued[:3], queued[3:7]
    for events, strategy in ((list(entropy), "entropy"), (list(margin), "margin")):
        pks = [event.pk for event in events]
        AnnotationEvent.objects.filter(pk__in=pks).update(draw="queue", strategy=strategy)
    chosen = card(published).chosen_by
    assert chosen == {
        "random, to measure": 6,
        "Margin": 4,
        "Entropy": 3,
        "random, no ranking yet": 3,
    }


def test_the_card_repeats_why_nothing_measured_the_fit(published: Fit) -> None:
    published.scores.all().delete()
    published.unmeasured_because = "the random texts are older than “spam”"
    assert card(published).unmeasured_because == "The random texts are older than “spam”."


def test_the_card_has_the_score_on_the_given_test_split(published: Fit) -> None:
    measured = {"value": 0.9, "low": 0.8, "high": 0.95, "n": 100}
    published.scores.create(metric="test_accuracy", **measured)
    assert card(published).test_accuracy == Interval(0.9, 0.8, 0.95, 100)
    assert card(published).test_macro_f1 is None


@pytest.mark.slow
def test_the_zip_is_stored_with_its_digest_and_its_card_tells_of_the_fit() -> None:
    from learners.services.embedders import current_embedder

    project, examples, user = make_world()
    label([*examples[:6], *examples[10:20]], user)
    published = fit(project, embedder=current_embedder())  # type: ignore[arg-type]
    assert published is not None
    request_export(fit=published, now=NOW)
    build_export(fit_id=published.pk, clock=Clock())
    published.refresh_from_db()
    assert (published.bundle_error, len(published.bundle_digest)) == ("", 64)
    with default_storage.open(published.bundle_file) as stored, zipfile.ZipFile(stored) as archive:
        card = json.loads(archive.read("card.json"))
    assert (card["fit"], card["n_labels"], card["accuracy"]["n"]) == (published.pk, 16, 6)
    assert card["labels_per_class"] == {"bird": 8, "tool": 8}
    assert Project.objects.get().name in card["project"]
