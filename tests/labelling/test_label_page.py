"""The label page over HTTP: with and without JavaScript, with good input and bad."""

import re
import uuid
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from learners.models import RankedExample
from projects.models import (
    Annotation,
    AnnotationEvent,
    DataImport,
    Example,
    LabelClass,
    Lease,
    Membership,
    Project,
    User,
)
from projects.models.project import Role
from projects.services.importing import CHECKING
from tests.factories import NOW, make_examples, make_label, make_project, make_user
from tests.labelling.pages import LabelPage
from tests.labelling.people import TAB, always_pool, make_queue

pytestmark = pytest.mark.django_db


@pytest.fixture
def project(ada: User) -> Project:
    project = make_project(owner=ada)
    make_examples(project, [f"text {n}" for n in range(1, 9)], n_audit=2)
    return always_pool(project)


@pytest.fixture
def page(client: Client, ada: User, project: Project) -> LabelPage:
    client.force_login(ada, backend="django.contrib.auth.backends.ModelBackend")
    return LabelPage(client, project, ada)


def test_a_tab_without_a_name_gets_one(page: LabelPage) -> None:
    response = page.client.get(page.address)
    assert response.status_code == 302
    assert re.search(r"\?tab=[0-9a-f-]{36}$", response.headers["Location"])


def test_a_plain_form_answers_and_comes_back_to_the_next_text(
    page: LabelPage, yes: LabelClass
) -> None:
    page.open()
    answered = page.example
    response = page.act(label=yes.pk)
    assert response.status_code == 302
    assert response.headers["Location"] == f"{page.address}?tab={TAB}"
    assert Annotation.objects.get().example_id == answered
    page.open()
    assert page.example != answered


def test_id_file_and_row_stand_beside_a_text_that_came_without_labels(page: LabelPage) -> None:
    Example.objects.update(external_id="T-17")
    assert "T-17" in page.open()
    assert "made.csv, row" in page.body


@pytest.mark.parametrize("other_file", [False, True])
def test_where_labels_came_with_the_data_id_file_and_row_are_kept_from_the_question(
    page: LabelPage, project: Project, yes: LabelClass, other_file: bool
) -> None:
    Example.objects.update(external_id="T-17")
    if other_file:
        make_examples(project, ["with gold"], seed=3)
    DataImport.objects.filter(pk=project.imports.latest("id").pk).update(
        columns={"text": "text", "label": "kind"}
    )
    assert "T-17" not in page.open()
    assert "made.csv" not in page.body
    page.act(label=yes.pk)
    history = page.client.get(f"/projects/{project.pk}/history/").content.decode()
    assert "made.csv, row" in history
    assert "T-17" in history


def test_the_outbox_gets_a_fragment_and_the_word_that_it_is_saved(
    page: LabelPage, yes: LabelClass
) -> None:
    page.open()
    fields = page.fields()
    response = page.send(label=yes.pk, duration_ms=1234)
    assert response.headers["X-Labeler-Saved"] == fields["client_uuid"]
    assert b"<html" not in response.content
    assert AnnotationEvent.objects.get().duration_ms == 1234


def test_a_resend_is_one_answer_and_gets_the_same_next_question(
    page: LabelPage, yes: LabelClass
) -> None:
    page.open()
    first, again = page.send(label=yes.pk), page.send(label=yes.pk)
    shown = [re.findall(rb'name="example" value="(\d+)"', r.content)[0] for r in (first, again)]
    assert shown[0] == shown[1]
    assert again.headers["X-Labeler-Saved"] == first.headers["X-Labeler-Saved"]
    assert AnnotationEvent.objects.count() == 1


def test_an_answer_spends_its_place_in_the_queue(
    page: LabelPage, project: Project, yes: LabelClass
) -> None:
    make_queue(project, list(project.examples.filter(role="pool")))
    page.open()
    page.act(label=yes.pk)
    assert RankedExample.objects.get(spent=True).rank == 1


@pytest.mark.parametrize("ranked", [True, False])
def test_an_answer_with_its_next_question_takes_few_queries(
    page: LabelPage,
    project: Project,
    yes: LabelClass,
    ranked: bool,
    django_assert_max_num_queries: Any,
) -> None:
    if ranked:
        make_queue(project, list(project.examples.filter(role="pool")))
    page.open()
    with django_assert_max_num_queries(30):  # session, user, transaction and all
        response = page.send(label=yes.pk)
    assert b'name="example"' in response.content


def test_undo_brings_the_text_back(page: LabelPage, project: Project, yes: LabelClass) -> None:
    make_queue(project, list(project.examples.filter(role="pool")))
    page.open()
    first = page.example
    page.act(label=yes.pk)
    page.open()
    page.act(act="undo")
    assert "took back: yes" in page.open()
    assert page.example == first
    assert not RankedExample.objects.filter(spent=True).exists()


def test_undo_after_a_comment_takes_back_the_comment(page: LabelPage, yes: LabelClass) -> None:
    page.open()
    page.act(label=yes.pk)
    page.open()
    page.act(act="comment", comment="odd")
    assert "comment saved" in page.open()
    assert 'id="note-undo"' in page.body
    page.act(act="undo")
    assert "took back: comment saved" in page.open()
    assert Annotation.objects.get(state="labelled").labels == [yes.pk]


def test_nothing_that_a_model_derived_is_on_the_page_before_the_answer(
    page: LabelPage, project: Project, yes: LabelClass
) -> None:
    fit = make_queue(project, list(project.examples.filter(role="pool")), strategy="own.tell_tale")
    RankedExample.objects.update(score=-0.98765, reason="tell-tale reason")
    body = page.open()
    assert "tell" not in body
    assert "0.98765" not in body
    page.act(label=yes.pk)
    body = page.open(panel="why", event=str(AnnotationEvent.objects.get().pk))
    assert "tell-tale reason" in body
    assert "-0.9877" in body
    assert f"{fit.pk}, 01 Mar 2026 09:00, trained on 8 labels" in body


def test_why_says_random_to_measure_on_an_audit_text(
    page: LabelPage, project: Project, yes: LabelClass
) -> None:
    Project.objects.update(audit_share=1.0)
    page.open()
    page.act(label=yes.pk)
    body = page.open(panel="why", event=str(AnnotationEvent.objects.get().pk))
    assert "Random, to measure" in body


def test_somebody_elses_answer_is_not_explained(
    page: LabelPage, project: Project, yes: LabelClass
) -> None:
    theirs = make_label(project.examples.all()[0], yes, make_user("ben"))
    response = page.client.get(
        page.address, {"tab": str(TAB), "panel": "why", "event": str(theirs.last_event_id)}
    )
    assert response.status_code == 400
    assert b"not one of yours" in response.content


def test_flag_comment_and_help_work_as_plain_pages(page: LabelPage) -> None:
    page.open()
    page.act(act="flag")
    assert 'aria-pressed="true"' in page.open()
    assert "<textarea" in page.open(panel="comment")
    uuids = re.findall(r'name="client_uuid" value="([^"]+)"', page.body)
    page.act(act="comment", comment="odd", client_uuid=uuids[-1])
    assert Annotation.objects.get().comment == "odd"
    assert "skip: you are not asked again" in page.open(panel="help")


BAD_INPUT = [
    ({"tab": "x"}, 400, "“tab” is not a UUID (found “x”)"),
    ({"client_uuid": "1234"}, 400, "“client_uuid” is not a UUID"),
    ({"client_uuid": ""}, 400, "“client_uuid” is not a UUID"),
    ({"example": "one"}, 400, "“example” is not a number (found “one”)"),
    ({"client_uuid": "1\nSet-Cookie: a=b"}, 400, "“client_uuid” is not a UUID"),
    ({"example": "9" * 30}, 400, "“example” is not a number"),
    ({"example": "9" * 5000}, 400, "“example” is not a number"),
    ({"example": "0" * 20 + "9" * 20}, 400, "“example” is not a number"),
    ({"label": "1" * 5000}, 400, "“label” is not a number"),
    ({"example": "987654321"}, 404, "This text is not in the project"),
    ({"label": "x"}, 400, "“label” is not a number"),
    ({"label": "987654321"}, 400, "not one of this project"),
    ({"label": ""}, 400, "No class was chosen"),
    ({"act": "dance"}, 400, "“dance” is not something to do here"),
    ({"act": "comment", "comment": "x" * 2001}, 400, "2,001 characters; 2,000 are allowed"),
    ({"act": "undo"}, 409, "nothing left to undo"),
]


@pytest.mark.parametrize(("bad", "status", "words"), BAD_INPUT)
def test_bad_input_is_answered_in_words_beside_the_text(
    page: LabelPage, yes: LabelClass, bad: dict[str, str], status: int, words: str
) -> None:
    page.open()
    given = {"label": yes.pk, **bad} if "act" not in bad else bad
    response = page.act(**given)
    body = response.content.decode().replace("&#x27;", "'")
    assert (response.status_code, words in body) == (status, True)
    assert 'id="answer"' in body
    assert not AnnotationEvent.objects.exists()


def test_the_outbox_is_told_what_was_refused(
    page: LabelPage, project: Project, yes: LabelClass
) -> None:
    page.open()
    LabelClass.objects.filter(pk=yes.pk).update(retired_at=NOW)
    response = page.send(label=yes.pk)
    assert response.status_code == 400
    assert response.headers["X-Labeler-Refused"] == page.fields()["client_uuid"]
    assert "“yes” was retired" in response.content.decode()


def test_an_answer_for_a_class_merged_meanwhile_is_saved(
    page: LabelPage, project: Project, yes: LabelClass
) -> None:
    page.open()
    no = project.label_classes.get(name="no")
    LabelClass.objects.filter(pk=yes.pk).update(retired_at=NOW, merged_into=no)
    response = page.send(label=yes.pk)
    assert response.headers["X-Labeler-Saved"] == page.fields()["client_uuid"]
    assert Annotation.objects.get().labels == [no.pk]


def test_a_name_that_is_no_uuid_is_not_sent_back(page: LabelPage) -> None:
    for name in ("x", "\n", "a\r\nSet-Cookie: b=c"):
        response = page.client.get(page.address, {"tab": "x", "client_uuid": name})
        assert response.status_code == 400
        assert "X-Labeler-Refused" not in response.headers


def test_a_duration_or_an_event_of_thousands_of_digits_is_no_number(
    page: LabelPage, yes: LabelClass
) -> None:
    page.open()
    assert page.act(label=yes.pk, duration_ms="7" * 5000).status_code == 302
    assert AnnotationEvent.objects.get().duration_ms is None
    query = {"tab": str(TAB), "panel": "why", "event": "7" * 5000}
    assert page.client.get(page.address, query).status_code == 400


def test_a_malformed_tab_in_the_address_is_a_sentence(page: LabelPage) -> None:
    response = page.client.get(page.address, {"tab": "nonsense"})
    assert response.status_code == 400
    assert "“tab” is not a UUID" in response.content.decode()


def test_signed_out_or_somebody_else_the_outbox_keeps_its_answer(
    page: LabelPage, yes: LabelClass
) -> None:
    page.open()
    ben = make_user("ben")
    page.client.force_login(ben, backend="django.contrib.auth.backends.ModelBackend")
    assert page.send(label=yes.pk).status_code == 401
    page.client.logout()
    assert page.send(label=yes.pk).status_code == 401
    assert not AnnotationEvent.objects.exists()


def test_outsiders_get_404_and_annotators_may_label(
    page: LabelPage, project: Project, yes: LabelClass
) -> None:
    ben = make_user("ben")
    page.client.force_login(ben, backend="django.contrib.auth.backends.ModelBackend")
    assert page.client.get(page.address, {"tab": str(TAB)}).status_code == 404
    Membership.objects.create(project=project, user=ben, role=Role.ANNOTATOR)
    page.open()
    assert page.act(label=yes.pk).status_code == 302


def test_a_very_long_text_shows_its_first_screens_and_the_rest_on_request(
    page: LabelPage, project: Project
) -> None:
    Example.objects.update(text="word " * 3_000)
    assert "Show all" in page.open()
    assert page.body.count("word ") < 2_100
    assert page.open(all="1").count("word ") >= 2_999


def test_a_text_is_escaped_and_its_direction_found(page: LabelPage) -> None:
    Example.objects.update(text="<script>alert(1)</script> قال")
    body = page.open()
    assert "&lt;script&gt;alert(1)" in body
    assert 'class="reading" dir="auto"' in body


def test_above_a_dozen_classes_there_is_a_field_and_a_select(
    page: LabelPage, project: Project
) -> None:
    for position in range(2, 14):
        LabelClass.objects.create(project=project, name=f"class {position}", position=position)
    body = page.open()
    assert body.count('role="option"') == 14
    assert '<select id="class-select" name="label" required>' in body
    assert "class-button" not in body


# ---- no question ----


def test_while_texts_are_read_in_the_page_says_so_and_looks_again(
    page: LabelPage, project: Project
) -> None:
    project.examples.all().delete()
    Project.objects.update(n_texts=0, n_pool=0, n_audit=0)
    DataImport.objects.update(status="running", step=CHECKING, bytes_read=30, n_bytes=40)
    body = page.open()
    assert "The texts are being read in." in body
    assert f"Importing made.csv: {CHECKING}, 37 %." in body
    assert 'hx-trigger="every 2s"' in body
    DataImport.objects.update(status="waiting")
    assert "made.csv waits for a worker." in page.open()


def test_an_owner_of_an_empty_project_is_shown_where_texts_are_added(
    page: LabelPage, project: Project
) -> None:
    project.examples.all().delete()
    Project.objects.update(n_texts=0, n_pool=0, n_audit=0)
    assert f'href="{reverse("project-add-texts", args=[project.pk])}">Add texts' in page.open()
    Membership.objects.update(role=Role.ANNOTATOR)
    assert "An owner of the project can add some." in page.open()


def test_a_failed_import_shows_its_error(page: LabelPage, project: Project) -> None:
    Project.objects.update(n_texts=0, n_pool=0, n_audit=0)
    project.examples.all().delete()
    DataImport.objects.update(status="failed", error="Line 17 has 3 columns")
    assert "Line 17 has 3 columns" in page.open()


def test_without_classes_nothing_is_asked_or_held(page: LabelPage, project: Project) -> None:
    project.label_classes.all().delete()
    assert "There is no class yet" in page.open()
    assert not Lease.objects.exists()


def test_when_all_is_answered_the_page_points_to_the_curve(
    page: LabelPage, project: Project, yes: LabelClass, ada: User
) -> None:
    for example in project.examples.all():
        make_label(example, yes, ada)
    body = page.open()
    assert "Every text has its answer: 8 labelled" in body
    assert f'href="/projects/{project.pk}/"' in body


def test_texts_open_in_other_tabs_are_counted(
    page: LabelPage, project: Project, yes: LabelClass, ada: User
) -> None:
    for example in project.examples.all()[1:]:
        make_label(example, yes, ada)
    page.client.get(page.address, {"tab": str(uuid.UUID(int=2))})
    assert "1 text is open in other tabs" in page.open()


def test_what_i_skipped_is_all_that_is_left(page: LabelPage, project: Project) -> None:
    for _ in range(8):
        page.open()
        page.act(act="skip")
    assert "Only the 8 texts that you skipped are left." in page.open()
    assert 'value="undo"' in page.body


# ---- the machine beside it ----


def test_the_state_of_learning_is_asked_for_by_itself(page: LabelPage) -> None:
    response = page.client.get(
        page.address,
        {"tab": str(TAB), "panel": "learning"},
        headers={"HX-Request": "true", "HX-Target": "label-learning"},
    )
    assert "worker is away" in response.content.decode()
    assert 'id="side-banners" hx-swap-oob="true"' in response.content.decode()
    assert not Lease.objects.exists()  # looking at the machine claims no text


def test_the_answer_that_fills_a_batch_tells_a_worker(
    page: LabelPage,
    project: Project,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
) -> None:
    Project.objects.update(batch_size=2)
    sent: list[tuple[str, int]] = []
    monkeypatch.setattr("projects.views.fit_hint.send", lambda *call: sent.append(call))
    for label_class in project.label_classes.all():
        assert sent == []
        page.open()
        with django_capture_on_commit_callbacks(execute=True):
            page.act(label=label_class.pk)
    assert sent == [("learners.fit", project.pk)]
