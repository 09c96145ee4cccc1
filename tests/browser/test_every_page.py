"""Every page of the site, as its addresses name them, before axe: a page added is a page looked at."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer

from projects.models import Annotation, Project, User
from projects.services.one_time_links import issue_entry_path, issue_reset_path
from projects.services.versions import promote
from tests.api.worlds import make_token
from tests.chromium import faults, sign_in
from tests.creating.helpers import staged
from tests.factories import NOW, make_user
from tests.ladder.rows import kept, measured_ladder
from tests.pages.worlds import labelled_project, make_fit, worker_is_running
from tests.serving.worlds import make_prediction_file
from tests.simulation.rows import make_simulation
from tests.teacher.rows import make_teacher_with_answers

FOR_STRANGERS = ("sign-in", "one-time-link", "password-reset")
FOR_NEWCOMERS = ("password-first",)
FOR_OWNERS = (
    "account",
    "password-change",
    "members",
    "project-list",
    "project-new",
    "project-new-check",
    "project-add-texts",
    "project-add-texts-check",
    "project-settings",
    "project-learning",
    "project-classes",
    "project-class",
    "project-class-merge",
    "project-guideline",
    "api-tokens",
    "project-delete",
    "guideline",
    "bin",
    "label",
    "history",
    "history-row",
    "project",
    "confirm",
    "predict-files",
    "traffic",
    "simulations",
    "simulation-file",
    "simulation",
    "models",
    "model-version",
    "model-deferral",
    "model-routes",
    "rung-files",
    "version-files",
    "rung-reasons",
    "version-reasons",
    "model-card",
    "queue",
    "why",
    "model",
    "teacher",
    "teacher-written",
)
PAGES = (*FOR_STRANGERS, *FOR_NEWCOMERS, *FOR_OWNERS)
# Buttons, files and fragments of the pages above.
NO_PAGES = (
    "health",
    "metrics",
    "sign-out",
    "member-add",
    "member-role",
    "member-link",
    "member-remove",
    "api-token-revoke",
    "import-retry",
    "import-discard",
    "import-progress",
    "project-classes-order",
    "project-strategy",
    "project-class-merge-do",
    "project-class-retire",
    "guideline-download",
    "bin-restore",
    "bin-delete",
    "project-status",
    "project-numbers",
    "numbers-spec",
    "retrain",
    "predict-files-state",
    "traffic-chart",
    "traffic-keeping",
    "traffic-delete",
    "traffic-check",
    "traffic-take",
    "traffic-class",
    "predict-file-cancel",
    "predict-file-delete",
    "predict-file-result",
    "simulation-state",
    "simulation-cancel",
    "simulation-use",
    "simulation-curves",
    "simulation-runs",
    "teacher-state",
    "teacher-allow",
    "teacher-stop",
    "teacher-ask",
    "teacher-pause",
    "teacher-go-on",
    "teacher-cancel",
    "teacher-written-use",
    "models-teach",
    "models-written",
    "models-state",
    "models-chart",
    "models-start",
    "models-cancel",
    "models-figures",
    "models-every",
    "models-roll-back",
    "rung-keep",
    "rung-file",
    "rung-file-make",
    "version-file",
    "version-file-make",
    "rung-reasons-look",
    "version-reasons-look",
    "model-version-live",
    "model-deferral-chart",
    "model-deferral-keep",
    "model-deferral-clear",
    "model-deferral-queue",
    "model-version-retire",
    "confirm-state",
    "confirm-end",
    "curve-spec",
    "curve-csv",
    "curve-picture",
    "labels-csv",
    "labels-jsonl",
    "ledger-jsonl",
    "model-bundle",
    "model-prepare",
    "model-download",
)


@pytest.fixture
def owner(settings: Any) -> User:
    settings.LABELER_OUTSIDE_TEACHER = True
    worker_is_running(timezone.now())
    return make_user("ada")


@pytest.fixture
def parts(owner: User) -> dict[str, Any]:
    """One of everything that an address can name."""
    project = labelled_project(owner)
    annotation = Annotation.objects.filter(project=project, annotator=owner).first()
    label_class, data_import = project.label_classes.first(), project.imports.first()
    assert annotation
    assert label_class
    assert data_import
    return {
        "pk": project.pk,
        "class_pk": label_class.pk,
        "annotation": annotation.pk,
        "event": annotation.last_event_id,
        "import_pk": data_import.pk,
        "fit": make_fit(project, n_labels=10, right=(3, 4)).pk,
        "user_pk": owner.pk,
        "kind": "svg",
        "tab": "helping",
        "token": make_token(project)[0].pk,
        "file": make_prediction_file(project, owner).pk,
        "simulation": make_simulation(project, actor=owner).pk,
        **_versions(project, owner),
        "run": make_teacher_with_answers(project).runs.all()[0].pk,
        "purpose": "trial",
    }


def _versions(project: Project, owner: User) -> dict[str, Any]:
    """A measured ladder and two versions of it, the second beside the live one."""
    ladder = measured_ladder(project, wrong={"static": 1, "minilm": 0})
    promote(actor=owner, version=kept(owner, ladder, "static"), why="Small.", now=NOW)
    version = kept(owner, ladder, "minilm")
    return {"rung": version.rung_id, "number": version.number}


def address(name: str, parts: dict[str, Any], owner: User) -> str:
    """Where the page is, with a live link or a fresh upload where it is about one."""
    if name == "one-time-link":
        return issue_entry_path(user=owner)
    if name == "password-reset":
        return issue_reset_path(user=owner)
    if name in {"project-new-check", "project-add-texts-check"}:
        upload = staged("text,label\nwin a prize,yes\nsee you,no\n", user=owner)
        upload.project = None if name == "project-new-check" else Project.objects.get()
        upload.save()
        parts = parts | {"staged": upload.pk}
    wanted = wanted_parts()[name]
    path = reverse(name, kwargs={part: parts[part] for part in wanted})
    return path + (f"?target={other_class(parts)}" if name == "project-class-merge" else "")


def other_class(parts: dict[str, Any]) -> int:
    project = Project.objects.get(pk=parts["pk"])
    return project.label_classes.exclude(pk=parts["class_pk"])[0].pk


def wanted_parts() -> dict[str, list[str]]:
    """By the name of each address of ours, what it wants to know."""
    return {str(pattern.name): list(pattern.pattern.regex.groupindex) for pattern in patterns()}


def patterns(resolver: URLResolver | None = None) -> Iterator[URLPattern]:
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLPattern):
            yield entry
        elif entry.namespace not in {"admin", "api-1"}:
            yield from patterns(entry)


def test_every_address_is_a_page_to_look_at_or_none() -> None:
    assert sorted(wanted_parts()) == sorted((*PAGES, *NO_PAGES))


@pytest.mark.django_db
@pytest.mark.parametrize("name", NO_PAGES)
def test_what_is_not_looked_at_is_no_page(
    client: Client, parts: dict[str, Any], owner: User, name: str
) -> None:
    client.force_login(owner)
    response = client.get(address(name, parts, owner))
    whole = not response.streaming and b"<html" in response.content
    assert response.status_code >= 400 or not whole


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_serious(
    browser_page: Page, live_server: LiveServer, parts: dict[str, Any], owner: User, name: str
) -> None:
    page = browser_page
    if name not in FOR_STRANGERS:
        newcomer = name in FOR_NEWCOMERS
        sign_in(page, make_user("new", None) if newcomer else owner, live_server.url)
    answer = page.goto(address(name, parts, owner))
    assert answer
    assert answer.ok
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert faults(page) == [], scheme
    page.goto("about:blank")  # ask no more before the rows go
