"""A fit's zip: asked for by a page, built once by a worker, with its errors on the row."""

import json
import zipfile
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.storage import default_storage

from learners.models import Fit
from learners.services import due_work
from learners.services.export_request import NothingToExport, request_export
from learners.services.exporting import build_export
from projects.models import LabelClass, Project
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
