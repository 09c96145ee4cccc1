"""The history page: find an earlier answer, change it, and see nobody else's unless you own."""

import re
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from projects.models import Annotation, AnnotationEvent, LabelClass, Membership, Project, User
from projects.models.project import Role
from projects.selectors import history as history_selectors
from projects.services import answering
from projects.services.undoing import undo
from tests.factories import NOW, make_examples, make_label, make_project, make_user
from tests.labelling.people import answer, sender

pytestmark = pytest.mark.django_db


@pytest.fixture
def project(ada: User) -> Project:
    project = make_project(owner=ada)
    make_examples(project, ["apples", "pears", "plums", "cherries"], n_audit=1)
    return project


@pytest.fixture
def browser_of_ada(client: Client, ada: User) -> Client:
    client.force_login(ada, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def answers(project: Project, ada: User, yes: LabelClass, no: LabelClass) -> list[Annotation]:
    """Ada: apples yes, pears no; Ben: plums yes."""
    apples, pears, plums, _ = project.examples.order_by("id")
    ben = make_user("ben")
    Membership.objects.create(project=project, user=ben, role=Role.ANNOTATOR)
    return [
        make_label(apples, yes, ada),
        make_label(pears, no, ada, now=NOW + timedelta(minutes=1)),
        make_label(plums, yes, ben, now=NOW + timedelta(minutes=2)),
    ]


def shown(client: Client, project: Project, **query: Any) -> list[str]:
    """The texts on the page, in order."""
    response = client.get(f"/projects/{project.pk}/history/", query)
    assert response.status_code == 200
    return re.findall(r'class="history-text" dir="auto">([^<]*)<', response.content.decode())


def post(client: Client, answer: Annotation, **given: Any) -> Any:
    fields = {"client_uuid": str(uuid.uuid4()), "example": answer.example_id, **given}
    return client.post(f"/projects/{answer.project_id}/history/{answer.pk}/", fields)


def test_my_answers_newest_first_and_nobody_elses(
    browser_of_ada: Client, project: Project, answers: list[Annotation]
) -> None:
    assert shown(browser_of_ada, project) == ["pears", "apples"]


def test_an_owner_sees_everyones_and_one_persons(
    browser_of_ada: Client, project: Project, answers: list[Annotation]
) -> None:
    assert shown(browser_of_ada, project, who="everyone") == ["plums", "pears", "apples"]
    ben = User.objects.get(username="ben")
    assert shown(browser_of_ada, project, who=ben.pk) == ["plums"]


def test_somebody_may_be_called_everyone(
    browser_of_ada: Client, project: Project, answers: list[Annotation]
) -> None:
    User.objects.filter(username="ben").update(username="everyone")
    response = browser_of_ada.get(f"/projects/{project.pk}/history/")
    pk = re.findall(r'<option value="([^"]*)">everyone</option>', response.content.decode())
    assert shown(browser_of_ada, project, who=pk) == ["plums"]
    assert shown(browser_of_ada, project, who="everyone") == ["plums", "pears", "apples"]


def test_an_annotator_sees_only_their_own(
    client: Client, project: Project, answers: list[Annotation]
) -> None:
    ben = User.objects.get(username="ben")
    client.force_login(ben, backend="django.contrib.auth.backends.ModelBackend")
    assert shown(client, project) == ["plums"]
    response = client.get(f"/projects/{project.pk}/history/", {"who": "everyone"})
    assert response.status_code == 400
    assert b"Only an owner" in response.content
    assert post(client, answers[0], label=1).status_code == 404


def test_filters_by_class_state_and_words(
    browser_of_ada: Client, project: Project, ada: User, answers: list[Annotation], no: LabelClass
) -> None:
    cherries = project.examples.get(text="cherries")
    answering.skip(sender=sender(project, ada), example_id=cherries.pk)
    answering.flag(sender=sender(project, ada), example_id=answers[0].example_id)
    assert shown(browser_of_ada, project, **{"class": no.pk}) == ["pears"]
    assert shown(browser_of_ada, project, state="skipped") == ["cherries"]
    assert shown(browser_of_ada, project, state="flagged") == ["apples"]
    assert shown(browser_of_ada, project, q="PEAR") == ["pears"]
    assert shown(browser_of_ada, project, q="100%") == []


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("state", "dancing", "There is no state “dancing”"),
        ("class", "x", "not one of this project"),
        ("class", "987654", "not one of this project"),
        ("class", "9" * 5000, "not one of this project"),
        ("who", "987654", "Nobody by that number"),
        ("who", "nobody", "Nobody by that number"),
        ("who", "\0", "Nobody by that number"),
        ("who", "9" * 5000, "Nobody by that number"),
        ("q", "x" * 201, "at most 200 characters"),
        ("after", "yesterday", "cannot be read"),
        ("after", "2026-02-27T00:00:00+00:00~" + "9" * 5000, "cannot be read"),
        ("after", "2026-02-31T00:00:00+00:00~1", "cannot be read"),
    ],
)
def test_a_bad_filter_is_answered_in_words(
    browser_of_ada: Client, project: Project, name: str, value: str, words: str
) -> None:
    response = browser_of_ada.get(f"/projects/{project.pk}/history/", {name: value})
    assert response.status_code == 400
    assert words in response.content.decode()


def test_pages_follow_each_other_by_key(
    browser_of_ada: Client,
    project: Project,
    answers: list[Annotation],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(history_selectors, "PAGE_SIZE", 1)
    response = browser_of_ada.get(f"/projects/{project.pk}/history/")
    older = re.findall(r'href="\?after=([^"]+)">Older', response.content.decode())
    assert len(older) == 1
    page = browser_of_ada.get(f"/projects/{project.pk}/history/?after={older[0]}")
    assert "apples" in page.content.decode()
    assert "Older answers" not in page.content.decode()


def test_a_change_is_a_relabel_and_comes_back_to_its_row(
    browser_of_ada: Client, answers: list[Annotation], no: LabelClass
) -> None:
    response = post(browser_of_ada, answers[0], label=no.pk)
    answers[0].refresh_from_db()
    assert response.status_code == 302
    assert answers[0].labels == [no.pk]
    assert answers[0].last_event is not None
    assert (answers[0].last_event.kind, answers[0].last_event.draw) == ("relabel", "history")


def test_htmx_gets_the_changed_row_alone(
    browser_of_ada: Client, answers: list[Annotation], no: LabelClass
) -> None:
    response = browser_of_ada.post(
        f"/projects/{answers[0].project_id}/history/{answers[0].pk}/",
        {"client_uuid": str(uuid.uuid4()), "example": answers[0].example_id, "label": no.pk},
        headers={"HX-Request": "true"},
    )
    assert b"<html" not in response.content
    assert b"Saved." in response.content


def test_a_refused_change_is_said_in_the_row(
    browser_of_ada: Client, answers: list[Annotation], yes: LabelClass
) -> None:
    response = post(browser_of_ada, answers[0], label=yes.pk)
    assert response.status_code == 409
    assert b"That is the answer it has already." in response.content
    assert AnnotationEvent.objects.count() == 3


def test_comment_and_flag_from_the_history(
    browser_of_ada: Client, answers: list[Annotation]
) -> None:
    post(browser_of_ada, answers[0], act="comment", comment="see guideline")
    post(browser_of_ada, answers[0], act="flag")
    answers[0].refresh_from_db()
    assert (answers[0].comment, answers[0].flagged) == ("see guideline", True)
    assert answers[0].state == "labelled"


def test_a_skipped_text_can_be_labelled_later(
    browser_of_ada: Client, project: Project, ada: User, yes: LabelClass
) -> None:
    cherries = project.examples.get(text="cherries")
    mine = answering.skip(sender=sender(project, ada), example_id=cherries.pk).annotation
    assert post(browser_of_ada, mine, label=yes.pk).status_code == 302
    mine.refresh_from_db()
    assert mine.state == "labelled"


def test_what_was_undone_entirely_is_not_in_the_history(
    browser_of_ada: Client, project: Project, ada: User, yes: LabelClass
) -> None:
    answer(project, ada, project.examples.all()[0], yes)
    undo(sender=sender(project, ada))
    response = browser_of_ada.get(f"/projects/{project.pk}/history/")
    assert b"You have not answered anything here yet." in response.content


def test_the_number_of_queries_does_not_grow_with_the_rows(
    browser_of_ada: Client,
    project: Project,
    ada: User,
    yes: LabelClass,
    django_assert_max_num_queries: Any,
) -> None:
    for example in make_examples(project, [f"more {n}" for n in range(25)]):
        make_label(example, yes, ada)
    with django_assert_max_num_queries(15):
        shown(browser_of_ada, project)
