"""Setting a teacher up: off by default, twice; and nothing that would send a key or a text astray."""

from typing import Any

import pytest

from projects.models import Project, ProjectEvent, Teacher, User
from projects.services.refusals import Refused
from projects.services.teacher.setup import allow, set_up, stop_allowing, warning_of
from tests.factories import NOW, make_project, make_user
from tests.teacher.worlds import FIELDS, make_teacher, start, texts_project

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner() -> User:
    return make_user("ada")


@pytest.fixture
def project(owner: User) -> Project:
    return texts_project(owner)


def kinds(project: Project) -> list[str]:
    return list(project.events.values_list("kind", flat=True))


def test_nothing_can_be_set_up_where_the_operator_did_not_switch_it_on(
    project: Project, owner: User, settings: Any
) -> None:
    settings.LABELER_OUTSIDE_TEACHER = False
    with pytest.raises(Refused, match="LABELER_OUTSIDE_TEACHER"):
        set_up(actor=owner, project=project, fields=FIELDS, now=NOW)


def test_a_teacher_asks_nothing_before_an_owner_allowed_it(project: Project) -> None:
    teacher = make_teacher(project, allowed=False)
    with pytest.raises(Refused, match="No owner has allowed"):
        start(teacher)


def test_the_word_of_the_owner_is_kept_with_the_warning_in_the_ledger(project: Project) -> None:
    teacher = make_teacher(project, base_url="https://api.example.com/v1")
    event = project.events.get(kind="teacher_allowed")
    assert event.payload["host"] == "api.example.com"
    assert "leave this machine and are sent to api.example.com" in event.payload["acknowledged"]
    assert teacher.consent_text == event.payload["acknowledged"]
    assert teacher.consent_by == event.actor


def test_a_warning_that_was_not_read_allows_nothing(project: Project, owner: User) -> None:
    teacher = make_teacher(project, allowed=False)
    with pytest.raises(Refused, match="Confirm that you have read"):
        allow(actor=owner, teacher=teacher, acknowledged="yes", now=NOW)
    assert Teacher.objects.get().consent_at is None


def test_a_local_server_is_called_one(project: Project) -> None:
    teacher = make_teacher(project, base_url="http://localhost:8080/v1")
    assert "localhost:8080, a program on the machine" in warning_of(teacher)


def test_taking_it_back_cancels_what_runs(project: Project, owner: User) -> None:
    teacher = make_teacher(project)
    run = start(teacher)
    stop_allowing(actor=owner, teacher=teacher, now=NOW)
    run.refresh_from_db()
    assert run.status == "cancelled"
    assert kinds(project)[-1] == "teacher_stopped"


def test_another_model_is_another_teacher_and_must_be_allowed_anew(
    project: Project, owner: User
) -> None:
    first = make_teacher(project)
    second = set_up(actor=owner, project=project, fields=FIELDS | {"model": "big-2"}, now=NOW)
    first.refresh_from_db()
    assert first.retired_at == NOW
    assert second.pk != first.pk
    assert second.consent_at is None


def test_another_price_changes_the_same_teacher(project: Project, owner: User) -> None:
    first = make_teacher(project)
    second = set_up(actor=owner, project=project, fields=FIELDS | {"price_in": "3"}, now=NOW)
    assert (second.pk, second.consent_at) == (first.pk, NOW)
    last = ProjectEvent.objects.filter(kind="teacher_set").last()
    assert last
    assert last.payload == {"teacher": first.pk, "price_in": "3"}


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("base_url", "ftp://x/v1", "begins with https"),
        ("base_url", "https://", "begins with https"),
        ("base_url", "https://u:p@x.com/v1", "Leave out user"),
        ("base_url", "https://x.com/v1?key=1", "Leave out user"),
        ("base_url", "http://x.com/v1", "needs https"),
        ("base_url", "https://x.com:99999999/v1", "no address"),
        ("base_url", "https://x.com/v1/chat/completions", "it is added"),
        ("key_variable", "LABELER_SECRET_KEY", "LABELER_TEACHER_KEY"),
        ("key_variable", "sk-0123456789", "Never the key itself"),
        ("key_variable", "LABELER_TEACHER_KEY_HOST", "LABELER_TEACHER_KEY"),
        ("base_url", "http://169.254.169.254/v1", "about itself"),
        ("base_url", "http://2852039166/v1", "about itself"),
        ("base_url", "http://[::ffff:a9fe:a9fe]/v1", "about itself"),
        ("requests_per_minute", 0, "1 to 6,000"),
        ("price_in", "-1", "0 or more"),
        ("price_in", "many", "decimal"),
        ("budget", "0", "the most that may be spent"),
        ("model", " ", "blank"),
    ],
)
def test_a_value_that_cannot_be_is_told_at_its_field(
    project: Project, owner: User, field: str, value: object, words: str
) -> None:
    with pytest.raises(Refused, match=words) as caught:
        set_up(actor=owner, project=project, fields=FIELDS | {field: value}, now=NOW)
    assert caught.value.field == field
    assert not Teacher.objects.exists()


def test_hosts_can_be_limited_by_the_operator(project: Project, settings: Any) -> None:
    settings.LABELER_TEACHER_HOSTS = frozenset({"models.example.com"})
    with pytest.raises(Refused, match=r"these hosts only: models\.example\.com"):
        make_teacher(project, base_url="https://api.example.com/v1")
    assert make_teacher(project, base_url="https://models.example.com/v1")


@pytest.mark.parametrize("columns", [{"multilabel": True}, {"input_kind": "table"}])
def test_projects_that_have_no_teachers_are_told_so(owner: User, columns: dict[str, Any]) -> None:
    project = make_project(owner=owner)
    Project.objects.filter(pk=project.pk).update(**columns)
    project.refresh_from_db()
    with pytest.raises(Refused, match="A teacher"):
        make_teacher(project)


def test_the_operator_can_allow_what_is_refused_otherwise(project: Project, settings: Any) -> None:
    settings.LABELER_TEACHER_HOSTS = frozenset({"169.254.10.1"})
    assert make_teacher(project, base_url="http://169.254.10.1:8000/v1")
