"""Taking a model away from its pages: ask, wait, download; what went wrong is said; owners only."""

from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from learners.models import ModelExport, Rung
from projects.models import Project, ProjectEvent
from tests.accounts.test_signing_in import signed_in
from tests.chromium import faults, sign_in
from tests.factories import NOW, make_ladder, make_model_version, make_project, make_rung, make_user

pytestmark = pytest.mark.django_db
FOUND = {
    "n": 200,
    "largest_difference": 4e-7,
    "labels_equal": 1.0,
    "needed": "probabilities within 0.0001",
    "inputs_from": "188 texts of the project, and 12 odd ones that every model gets.",
}


def rung_of(project: Project, **columns: Any) -> Rung:
    return make_rung(make_ladder(project), "static", files={"model.onnx": b"x"}, **columns)


def ready(rung: Rung, kind: str = "zip") -> ModelExport:
    return ModelExport.objects.create(
        project=rung.ladder.project,
        rung=rung,
        kind=kind,
        requested_at=NOW,
        started_at=NOW,
        finished_at=NOW,
        file=default_storage.save("exports/made.zip", ContentFile(b"PK zip")),
        n_bytes=6,
        digest="ab" * 32,
        check_found=FOUND,
    )


@pytest.fixture
def project() -> Project:
    return make_project(owner=make_user())


@pytest.fixture
def ada(project: Project) -> Client:
    return signed_in(project.memberships.get().user)


def files_page(client: Client, rung: Rung) -> str:
    answer = client.get(reverse("rung-files", args=[rung.ladder.project_id, rung.pk]))
    return answer.content.decode()


def test_each_kind_of_file_can_be_asked_for(project: Project, ada: Client) -> None:
    rung = rung_of(project)
    page = files_page(ada, rung)
    assert all(words in page for words in ("Zip that runs", "HTML file", "Hugging Face folder"))
    answer = ada.post(reverse("rung-file-make", args=[project.pk, rung.pk, "html"]), follow=True)
    assert "Waiting" in answer.content.decode()
    assert ModelExport.objects.get().kind == "html"


def test_a_file_that_cannot_be_is_not_found(project: Project, ada: Client) -> None:
    rung = make_rung(make_ladder(project), "minilm", files={"model.onnx": b"x"})
    for kind in ("html", "exe"):
        address = reverse("rung-file-make", args=[project.pk, rung.pk, kind])
        assert ada.post(address).status_code == 404
    assert ada.get(reverse("rung-file", args=[project.pk, rung.pk, "zip"])).status_code == 404


def test_a_checked_file_is_offered_with_its_size_and_what_was_found(
    project: Project, ada: Client
) -> None:
    rung = rung_of(project)
    ready(rung)
    page = files_page(ada, rung)
    assert "largest difference of a probability is 4e-07, 100 % of the labels are equal" in page
    assert "188 texts of the project" in page
    answer = ada.get(reverse("rung-file", args=[project.pk, rung.pk, "zip"]))
    assert b"".join(answer.streaming_content) == b"PK zip"  # type: ignore[attr-defined]
    assert answer["Content-Disposition"] == 'attachment; filename="tickets-static.zip"'


def test_a_failed_check_is_told_and_nothing_is_offered(project: Project, ada: Client) -> None:
    rung = rung_of(project)
    row = ready(rung)
    ModelExport.objects.filter(pk=row.pk).update(file="", error="its probabilities differ")
    assert "Not offered: its probabilities differ" in files_page(ada, rung)
    assert ada.get(reverse("rung-file", args=[project.pk, rung.pk, "zip"])).status_code == 404


def test_a_file_that_is_gone_can_be_made_again(project: Project, ada: Client) -> None:
    rung = rung_of(project)
    default_storage.delete(ready(rung).file)
    assert "no longer in the storage" in files_page(ada, rung)


def test_a_rung_whose_files_were_taken_away_says_so(project: Project, ada: Client) -> None:
    rung = make_rung(make_ladder(project), "static")
    assert "were taken away, so there is nothing to download" in files_page(ada, rung)


def test_a_version_has_its_own_files(project: Project, ada: Client) -> None:
    measured = {"n_audit": 20, "n_train": 30}
    version = make_model_version(project, rung=rung_of(project), measures=measured)
    ada.post(reverse("version-file-make", args=[project.pk, version.number, "zip"]))
    assert version.exports.get().kind == "zip"
    page = ada.get(reverse("model-version", args=[project.pk, version.number])).content.decode()
    assert "Take it away" in page
    assert "Waiting" in page


def test_what_the_lead_writes_is_kept_and_stands_in_the_ledger(
    project: Project, ada: Client
) -> None:
    said = {"card_intended_use": "Sorting.", "card_ethics": "", "card_caveats": "Short texts."}
    answer = ada.post(reverse("model-card", args=[project.pk]), said, follow=True)
    assert "Saved." in answer.content.decode()
    project.refresh_from_db()
    assert (project.card_intended_use, project.texts_leave) == ("Sorting.", False)
    changed = ProjectEvent.objects.filter(project=project, kind="settings_changed")
    assert {event.payload["setting"] for event in changed} == {
        "card_intended_use",
        "card_caveats",
        "texts_leave",
    }


def test_too_much_is_refused_with_the_limit(project: Project, ada: Client) -> None:
    answer = ada.post(reverse("model-card", args=[project.pk]), {"card_caveats": "x" * 4_001})
    assert answer.status_code == 422
    assert "at most 4000 characters" in answer.content.decode()


@pytest.mark.browser
def test_asking_keeps_the_place_and_nothing_is_out_of_reach(
    browser_page: Page, live_server: LiveServer, project: Project, tmp_path: Path
) -> None:
    rung = rung_of(project)
    ready(rung)
    sign_in(browser_page, project.memberships.get().user, live_server.url)
    browser_page.goto(reverse("rung-files", args=[project.pk, rung.pk]))
    browser_page.get_by_role("button", name="Prepare HTML file").click()
    expect(browser_page.locator("#file-html")).to_contain_text("Waiting")
    assert faults(browser_page) == []
    assert browser_page.evaluate("document.activeElement.id") == "file-html"
