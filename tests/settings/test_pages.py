"""The settings pages: what changes, what is said, who may."""

from datetime import UTC, datetime
from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.test import Client
from django.urls import reverse

from projects.models import LabelClass, Membership, Project, User
from projects.models.project import Role
from projects.views import classes as class_views
from tests.factories import NOW, make_examples, make_label, make_project, make_user
from tests.settings.forms import form_of

pytestmark = pytest.mark.django_db
OWNER_PAGES = (
    "project-settings",
    "project-learning",
    "project-classes",
    "project-guideline",
    "project-add-texts",
    "project-delete",
)


@pytest.fixture
def owner() -> User:
    return make_user()


@pytest.fixture
def project(owner: User) -> Project:
    return make_project(owner=owner)


@pytest.fixture
def page(client: Client, owner: User) -> Client:
    client.force_login(owner)
    return client


def address(name: str, project: Project, *more: int) -> str:
    return reverse(name, args=[project.pk, *more])


@pytest.mark.parametrize("name", OWNER_PAGES)
def test_owners_see_their_pages_annotators_and_strangers_nothing(
    client: Client, project: Project, owner: User, name: str
) -> None:
    annotator, stranger = make_user("ann"), make_user("eve")
    Membership.objects.create(project=project, user=annotator, role=Role.ANNOTATOR)
    statuses = []
    for user in (owner, annotator, stranger):
        client.force_login(user)
        statuses.append(client.get(address(name, project)).status_code)
    assert statuses == [200, 404, 404]


def test_each_changed_setting_is_an_event_with_old_and_new(page: Client, project: Project) -> None:
    url = address("project-settings", project)
    page.post(url, {**form_of(page, url), "batch_size": "25", "audit_percent": "10"})
    project.refresh_from_db()
    assert (project.batch_size, project.audit_share) == (25, 0.1)
    assert [event.payload for event in project.events.all()] == [
        {"setting": "batch_size", "old": 10, "new": 25},
        {"setting": "audit_share", "old": 0.2, "new": 0.1},
    ]


def test_two_owners_who_change_different_settings_both_get_their_way(
    page: Client, project: Project
) -> None:
    url = address("project-settings", project)
    first, second = form_of(page, url), form_of(page, url)
    page.post(url, {**first, "batch_size": "25"})
    page.post(url, {**second, "name": "Renamed"})
    project.refresh_from_db()
    assert (project.batch_size, project.name) == (25, "Renamed")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"batch_size": "0"}, "greater than or equal to 1"),
        ({"audit_percent": "101"}, "less than or equal to 100"),
        ({"audit_percent": "nan"}, "Enter a number"),
        ({"lease_seconds": "5"}, "greater than or equal to 30"),
        ({"time_zone": "Mars/Base"}, "valid choice"),
        ({"name": " "}, "required"),
    ],
)
def test_settings_that_cannot_be_are_said_and_not_saved(
    page: Client, project: Project, change: dict[str, str], words: str
) -> None:
    url = address("project-settings", project)
    response = page.post(url, {**form_of(page, url), **change})
    assert words in response.content.decode()
    assert not project.events.exists()


def test_a_class_is_added_on_its_page(page: Client, project: Project) -> None:
    url = address("project-classes", project)
    page.post(url, {"name": "maybe", "description": "", "colour": "3", "shortcut": "3"})
    assert LabelClass.objects.get(project=project, name="maybe").colour == 3


def test_a_class_becomes_none_of_these_on_its_page_with_a_key_at_hand(
    page: Client, project: Project
) -> None:
    assert form_of(page, address("project-classes", project))["shortcut"] == "3"
    no = project.label_classes.get(name="no")
    url = address("project-class", project, no.pk)
    assert 'name="is_none"' in page.get(url).content.decode()
    page.post(url, {"name": "no", "colour": "2", "shortcut": "0", "is_none": "on"})
    no.refresh_from_db()
    assert (no.is_none, no.shortcut) == (True, "0")


def test_a_second_none_of_these_is_refused_beside_its_box(page: Client, project: Project) -> None:
    project.label_classes.filter(name="no").update(is_none=True)
    url = address("project-classes", project)
    response = page.post(url, {"name": "other", "colour": "3", "is_none": "on"})
    soup = BeautifulSoup(response.content, "html.parser")
    assert response.status_code == 422
    assert "One class can stand" in soup.select("#id_is_none_error")[0].text


def test_the_page_says_what_an_added_class_does_to_audit_answers(
    page: Client, project: Project, owner: User
) -> None:
    (text,) = make_examples(project, ["one"], n_audit=1)
    make_label(text, project.label_classes.get(name="yes"), owner)
    url = address("project-classes", project)
    assert "1 audit answer was given without it" in page.get(url).content.decode()
    page.post(url, {"name": "maybe", "colour": "3"})
    assert "older than the newest class" in page.get(url).content.decode()


def test_a_merge_tells_its_effect_before_it_happens(
    page: Client, project: Project, owner: User
) -> None:
    yes, no = (project.label_classes.get(name=name) for name in ("yes", "no"))
    for text in make_examples(project, ["one", "two"]):
        make_label(text, yes, owner)
    effect = page.get(address("project-class-merge", project, yes.pk), {"target": no.pk})
    assert "2 labels will become “no”" in effect.content.decode()
    done = page.post(
        address("project-class-merge-do", project, yes.pk), {"target": no.pk}, follow=True
    )
    assert "2 labels became “no”" in done.content.decode()


def test_a_class_is_retired_on_its_page(page: Client, project: Project) -> None:
    yes = project.label_classes.get(name="yes")
    page.post(address("project-class-retire", project, yes.pk))
    yes.refresh_from_db()
    assert yes.retired_at is not None
    assert (
        "retired, its labels set aside"
        in page.get(address("project-classes", project)).content.decode()
    )


def retired_meanwhile(monkeypatch: pytest.MonkeyPatch, name: str, row: LabelClass) -> None:
    """Another owner retires the class just before the view calls `name`."""
    real = getattr(class_views, name)

    def late(*args: Any, **kwargs: Any) -> Any:
        LabelClass.objects.filter(pk=row.pk).update(retired_at=NOW)
        return real(*args, **kwargs)

    monkeypatch.setattr(class_views, name, late)


@pytest.mark.parametrize(("name", "late"), [("", "change_class"), ("-merge", "class_lines")])
def test_a_class_retired_meanwhile_is_said_and_nothing_is_changed(
    page: Client, project: Project, monkeypatch: pytest.MonkeyPatch, name: str, late: str
) -> None:
    yes, no = project.label_classes.order_by("position")
    retired_meanwhile(monkeypatch, late, yes)
    url = address(f"project-class{name}", project, yes.pk)
    if name:
        response = page.get(url, {"target": no.pk}, follow=True)
    else:
        response = page.post(url, {"name": "aye", "colour": "3"}, follow=True)
    assert response.redirect_chain[0][0] == address("project-classes", project)
    assert "“yes” is no longer in use; nothing was changed." in response.content.decode()


def test_a_retired_class_has_its_day_in_the_projects_zone(page: Client, project: Project) -> None:
    Project.objects.filter(pk=project.pk).update(time_zone="Pacific/Auckland")
    late = datetime(2026, 3, 1, 20, 0, tzinfo=UTC)
    project.label_classes.filter(name="yes").update(retired_at=late)
    assert "2 March 2026" in page.get(address("project-classes", project)).content.decode()


def test_a_class_moves_up_without_javascript(page: Client, project: Project) -> None:
    no = project.label_classes.get(name="no")
    page.post(address("project-classes-order", project), {"class": no.pk, "way": "up"})
    assert [row.name for row in LabelClass.objects.filter(project=project).active()] == [
        "no",
        "yes",
    ]


def test_a_class_of_thousands_of_digits_is_none(page: Client, project: Project) -> None:
    yes = project.label_classes.get(name="yes")
    moved = {"class": "1" * 5000, "way": "up"}
    answer = page.post(address("project-classes-order", project), moved, follow=True)
    assert "That class is no longer there" in answer.content.decode()
    target = {"target": "1" * 5000}
    answer = page.post(address("project-class-merge-do", project, yes.pk), target, follow=True)
    assert "Choose another class of this project." in answer.content.decode()


def test_classes_of_other_projects_are_not_there(page: Client, project: Project) -> None:
    other = make_project(name="Other").label_classes.first()
    assert other is not None
    statuses = {
        page.get(address("project-class", project, other.pk)).status_code,
        page.post(address("project-class-retire", project, other.pk)).status_code,
        page.post(address("project-class-merge-do", project, other.pk)).status_code,
    }
    assert statuses == {404}


@pytest.mark.parametrize("name", ["project-class-retire", "project-class-merge-do"])
def test_what_changes_rows_is_not_done_by_get(page: Client, project: Project, name: str) -> None:
    yes = project.label_classes.get(name="yes")
    assert page.get(address(name, project, yes.pk)).status_code == 405


def test_a_post_without_its_token_is_refused(owner: User, project: Project) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(owner)
    assert (
        strict.post(address("project-delete", project), {"typed_name": "Tickets"}).status_code
        == 403
    )
    assert Project.objects.member(owner).exists()


def test_a_guideline_is_previewed_saved_and_an_event(page: Client, project: Project) -> None:
    url = address("project-guideline", project)
    preview = page.post(url, {"guideline": "# Rules\r\n- one", "do": "preview"}).content.decode()
    assert "<h2>Rules</h2>" in preview
    assert not project.events.exists()
    page.post(url, {"guideline": "# Rules\r\n- one", "do": "save"})
    project.refresh_from_db()
    assert project.guideline == "# Rules\n- one"
    assert project.events.get().payload == {"old": "", "new": "# Rules\n- one"}


@pytest.mark.parametrize(
    "evil",
    [
        "<script>alert(1)</script>",
        "[x](javascript:alert(1))",
        "![x](https://elsewhere.example/p.png)",
        '<b onclick="x()">b</b>',
        "<style>body{}</style>",
    ],
)
def test_a_guideline_brings_no_code_and_no_remote_images(
    page: Client, project: Project, evil: str
) -> None:
    Project.objects.filter(pk=project.pk).update(guideline=f"fine\n\n{evil}\n")
    body = BeautifulSoup(page.get(address("guideline", project)).content, "html.parser")
    prose = body.select_one(".guideline")
    assert prose is not None
    assert prose.select("script, img, style, [onclick], a[href^='javascript']") == []
    assert "fine" in prose.text


def test_annotators_read_and_download_the_guideline(client: Client, project: Project) -> None:
    annotator = make_user("ann")
    Membership.objects.create(project=project, user=annotator, role=Role.ANNOTATOR)
    Project.objects.filter(pk=project.pk).update(guideline="# Rules\n")
    client.force_login(annotator)
    download = client.get(address("guideline-download", project))
    assert client.get(address("guideline", project)).status_code == 200
    assert (download.content, download["Content-Type"]) == (
        b"# Rules\n",
        "text/markdown; charset=utf-8",
    )


def test_beside_the_text_the_guideline_is_a_panel(page: Client, project: Project) -> None:
    body = page.get(address("guideline", project), headers={"HX-Request": "true"}).content.decode()
    assert 'data-panel-open="guideline"' in body
    assert "<html" not in body


def test_the_texts_page_tells_what_became_of_an_import(page: Client, project: Project) -> None:
    make_examples(project, ["one", "two"])
    project.imports.update(n_rows=2, counts={"n_texts": 2, "n_conflicts": 1})
    body = page.get(address("project-add-texts", project)).content.decode()
    assert "made.csv: 2 rows, 2 new texts." in body
    assert "1 texts came with different labels; the first stands" in body


def test_progress_is_said_in_words_and_asks_again_by_itself(page: Client, project: Project) -> None:
    make_examples(project, ["one"])
    project.imports.update(status="running", bytes_read=50, n_bytes=100, step="checking every row")
    body = page.get(address("import-progress", project)).content.decode()
    assert "checking every row, 25 %" in body
    assert "hx-get" in body


def test_a_failed_import_can_be_tried_again_or_dismissed(page: Client, project: Project) -> None:
    make_examples(project, [])
    data_import: Any = project.imports.get()
    project.imports.update(status="failed", error="f.csv, line 3: found no text.")
    assert "f.csv, line 3" in page.get(address("import-progress", project)).content.decode()
    page.post(address("import-retry", project, data_import.pk))
    data_import.refresh_from_db()
    assert data_import.status == "waiting"
    project.imports.update(status="failed")
    page.post(address("import-discard", project, data_import.pk))
    assert not project.imports.exists()
