"""The teacher's page: each state drawn; who may not see it; what is said before anything is sent."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from projects.models import Project, Teacher, TeacherRun, User
from projects.services.teacher.setup import warning_of
from tests.factories import make_project, make_user
from tests.teacher.rows import make_answer, make_run, make_teacher_with_answers
from tests.teacher.server import Server
from tests.teacher.worlds import FIELDS, make_teacher, texts_project, work

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner() -> User:
    return make_user("ada")


@pytest.fixture
def project(owner: User) -> Project:
    return texts_project(owner)


@pytest.fixture
def site(owner: User) -> Client:
    client = Client()
    client.force_login(owner)
    return client


def words(site: Client, project: Project, name: str = "teacher", **query: Any) -> str:
    response = site.get(reverse(name, args=[project.pk]), query)
    assert response.status_code == 200
    return response.content.decode()


def post(site: Client, project: Project, name: str, /, *parts: Any, **said: Any) -> Any:
    return site.post(reverse(name, args=[project.pk, *parts]), said)


def test_switched_off_the_page_says_who_can_switch_it_on(
    site: Client, project: Project, settings: Any
) -> None:
    settings.LABELER_OUTSIDE_TEACHER = False
    found = words(site, project)
    assert "switched off on this site" in found
    assert "LABELER_OUTSIDE_TEACHER=1" in found
    assert 'name="base_url"' not in found


def test_switched_off_nothing_can_be_posted_either(
    site: Client, project: Project, settings: Any
) -> None:
    settings.LABELER_OUTSIDE_TEACHER = False
    assert post(site, project, "teacher", **FIELDS).status_code == 422
    assert not Teacher.objects.exists()


@pytest.mark.parametrize("columns", [{"multilabel": True}, {"input_kind": "table"}])
def test_other_kinds_of_projects_are_told_so(
    site: Client, project: Project, columns: dict[str, Any]
) -> None:
    Project.objects.update(**columns)
    assert "has no use for a teacher" in words(site, project)


def test_setting_it_up_sends_nothing_and_asks_for_the_owners_word(
    site: Client, project: Project, server: Server
) -> None:
    response = post(site, project, "teacher", **FIELDS | {"base_url": server.url})
    assert response.status_code == 302
    found = words(site, project)
    assert "Allow texts to leave" in found
    assert "What it is told" in found
    assert server.bodies == []


def test_a_bad_address_is_told_at_its_field(site: Client, project: Project) -> None:
    response = post(site, project, "teacher", **FIELDS | {"base_url": "http://x.com"})
    assert response.status_code == 422
    assert "needs https" in response.content.decode()


def test_the_prompt_is_shown_before_anything_is_sent(site: Client, project: Project) -> None:
    Project.objects.update(guideline="Say yes where they agree.")
    assert "Say yes where they agree." in words(site, project)


def test_the_word_is_taken_only_with_the_box_ticked(site: Client, project: Project) -> None:
    teacher = make_teacher(project, allowed=False)
    post(site, project, "teacher-allow")
    assert Teacher.objects.get().consent_at is None
    post(site, project, "teacher-allow", acknowledged=warning_of(teacher))
    assert Teacher.objects.get().consent_at is not None
    assert "Ask it" in words(site, project)


def test_measuring_from_the_page_shows_numbers_with_interval_and_n(
    site: Client, project: Project, server: Server
) -> None:
    make_teacher(project, base_url=server.url)
    assert "has not been measured" in words(site, project)
    post(site, project, "teacher-ask", "audit", **{"audit-n": 4})
    work(TeacherRun.objects.get())
    found = words(site, project)
    assert "4 of 4 random texts right: between" in found
    assert "Cost of 1,000 texts" in found
    assert "It has answered every random text that people have." in found


def test_the_cost_is_estimated_before_and_refined_after(site: Client, project: Project) -> None:
    teacher = make_teacher(project)
    assert "estimated from the length of the texts" in words(site, project)
    run = make_run(teacher, "pool")
    for example in project.examples.filter(role="pool")[:5]:
        make_answer(run, example, "yes")
    found = words(site, project)
    assert "as measured so far" in found
    assert "About 0.30\u00a0USD for 1,000 texts" in found


def test_a_trial_shows_what_came_back(site: Client, project: Project, server: Server) -> None:
    make_teacher(project, base_url=server.url)
    post(site, project, "teacher-ask", "trial", sample_text="yes indeed")
    work(TeacherRun.objects.get())
    found = words(site, project)
    assert "yes indeed" in found
    assert "It answered:" in found


def test_a_number_that_cannot_be_is_told(site: Client, project: Project) -> None:
    make_teacher(project)
    response = post(site, project, "teacher-ask", "pool", **{"pool-n": 0})
    assert response.status_code == 422
    assert not TeacherRun.objects.exists()
    assert post(site, project, "teacher-ask", "nonsense").status_code == 404


def test_a_run_can_be_paused_gone_on_with_and_cancelled(site: Client, project: Project) -> None:
    make_teacher(project)
    post(site, project, "teacher-ask", "pool", **{"pool-n": 3})
    run = TeacherRun.objects.get()
    for name, status in (("pause", "paused"), ("go-on", "waiting"), ("cancel", "cancelled")):
        post(site, project, f"teacher-{name}", run.pk)
        run.refresh_from_db()
        assert run.status == status


def test_why_it_stopped_is_said(site: Client, project: Project) -> None:
    make_run(make_teacher(project), "pool", status="stopped", error="The key is bad.", n_wanted=9)
    found = words(site, project)
    assert "The key is bad." in found
    assert "Go on" in found


def test_the_fragment_is_silent_while_nothing_changes(site: Client, project: Project) -> None:
    run = make_run(make_teacher(project), "pool", status="running", n_wanted=9)
    path = reverse("teacher-state", args=[project.pk])
    have = f"{run.pk}.running.1..0"
    assert site.get(path, {"have": have}).status_code == 204
    TeacherRun.objects.update(n_done=2)
    assert "2 of 9" in site.get(path, {"have": have}).content.decode()
    TeacherRun.objects.update(status="done")
    assert site.get(path, {"have": have})["HX-Refresh"] == "true"


def test_the_key_is_on_no_page(
    site: Client, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LABELER_TEACHER_KEY", "sk-very-secret")
    make_teacher(project, key_variable="LABELER_TEACHER_KEY")
    assert "sk-very-secret" not in words(site, project)


def test_no_random_text_is_shown(site: Client, project: Project) -> None:
    make_teacher_with_answers(project)
    project.examples.filter(role="audit").update(text="reserved words")
    assert "reserved words" not in words(site, project)
    assert "reserved words" not in words(site, project, "teacher-written")


def test_a_run_of_another_project_is_not_found(site: Client, project: Project) -> None:
    other = texts_project(make_user("eve"))
    make_teacher(project)
    run = make_run(make_teacher(other), "pool", status="running")
    assert post(site, project, "teacher-cancel", run.pk).status_code == 404


def test_without_a_teacher_there_are_no_texts_to_look_at(site: Client, project: Project) -> None:
    response = site.get(reverse("teacher-written", args=[project.pk]))
    assert response["Location"] == reverse("teacher", args=[project.pk])
    assert make_project().teachers.count() == 0
