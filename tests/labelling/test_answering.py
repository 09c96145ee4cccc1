"""What one act leaves behind: an event, the state it adds up to, counters, a freed lease."""

import uuid
from datetime import timedelta

import pytest

from projects.models import Annotation, AnnotationEvent, Example, LabelClass, Lease, Project, User
from projects.models.annotation import Draw
from projects.services import answering
from projects.services.answering import AnswerConflict, AnswerRefused, NoSuchExample
from projects.services.class_merging import merge_classes, retire_class
from tests.factories import NOW, make_examples, make_label, make_project, make_user
from tests.labelling.people import answer, asked, make_queue, sender

pytestmark = pytest.mark.django_db


@pytest.fixture
def project(ada: User) -> Project:
    project = make_project(owner=ada)
    make_examples(project, ["one", "two", "three", "four"])
    return project


@pytest.fixture
def text(project: Project) -> Example:
    return project.examples.get(text="one")


def test_a_label_is_an_event_a_state_and_a_count(
    project: Project, ada: User, text: Example, yes: LabelClass
) -> None:
    act = answer(project, ada, text, yes)
    project.refresh_from_db()
    text.refresh_from_db()
    assert (act.event.kind, act.event.labels, act.event.seq) == ("label", [yes.pk], 1)
    assert (act.annotation.state, act.annotation.labels) == ("labelled", [yes.pk])
    assert (project.n_labelled, project.last_activity_at, text.settled) == (1, NOW, True)


def test_the_same_act_sent_twice_is_one_answer(
    project: Project, ada: User, text: Example, yes: LabelClass
) -> None:
    same = sender(project, ada, client_uuid=uuid.uuid4())
    first = answering.record_label(sender=same, example_id=text.pk, labels=[yes.pk])
    again = answering.record_label(sender=same, example_id=text.pk, labels=[yes.pk])
    project.refresh_from_db()
    assert (again.is_resend, again.event) == (True, first.event)
    assert (AnnotationEvent.objects.count(), project.n_labelled, project.seq) == (1, 1, 1)


def test_the_same_page_answered_differently_keeps_the_first_answer(
    project: Project, ada: User, text: Example, yes: LabelClass, no: LabelClass
) -> None:
    same = sender(project, ada, client_uuid=uuid.uuid4())
    answering.record_label(sender=same, example_id=text.pk, labels=[yes.pk])
    with pytest.raises(AnswerConflict, match="answered before, and differently"):
        answering.record_label(sender=same, example_id=text.pk, labels=[no.pk])
    assert Annotation.objects.get().labels == [yes.pk]


def test_somebody_elses_uuid_is_refused(
    project: Project, ada: User, text: Example, yes: LabelClass
) -> None:
    act = answer(project, ada, text, yes)
    ben = make_user("ben")
    with pytest.raises(AnswerConflict):
        answering.record_label(
            sender=sender(project, ben, client_uuid=act.event.client_uuid),
            example_id=text.pk,
            labels=[yes.pk],
        )


def test_relabelling_replaces_my_answer_but_not_yours(
    project: Project, ada: User, text: Example, yes: LabelClass, no: LabelClass
) -> None:
    ben = make_user("ben")
    answer(project, ada, text, yes)
    answer(project, ben, text, yes)
    relabel = answer(project, ada, text, no)
    project.refresh_from_db()
    assert relabel.event.kind == "relabel"
    assert Annotation.objects.get(annotator=ada).labels == [no.pk]
    assert Annotation.objects.get(annotator=ben).labels == [yes.pk]
    assert project.n_labelled == 1  # one text, two people


def test_an_answer_carries_what_its_lease_said(
    project: Project, ada: User, yes: LabelClass
) -> None:
    project.audit_share = 0.0
    project.save()
    fit = make_queue(project, list(project.examples.filter(text="three")))
    question = asked(project, ada)
    event = answer(project, ada, question.example, yes).event
    assert (event.draw, event.chance, event.fit_id) == (Draw.QUEUE, 1.0, fit.pk)
    assert (event.strategy, event.score, event.rank) == ("margin", -0.1, 1)
    assert event.reason == "close call"
    assert not Lease.objects.exists()


def test_a_late_answer_without_a_lease_is_kept(
    project: Project, ada: User, text: Example, yes: LabelClass
) -> None:
    event = answer(project, ada, text, yes).event
    assert (event.draw, event.chance, event.fit_id) == (Draw.LATE, None, None)


def test_a_late_answer_takes_nothing_from_who_holds_the_text_now(
    project: Project, ada: User, yes: LabelClass
) -> None:
    ben = make_user("ben")
    late = asked(project, ada)
    later = NOW + timedelta(seconds=project.lease_seconds)
    held = asked(project, ben, now=later)
    assert held.example == late.example
    answer(project, ada, late.example, yes)
    assert Lease.objects.get().annotator == ben


def test_a_skip_gives_no_label_and_is_not_asked_of_me_again(
    project: Project, ada: User, text: Example
) -> None:
    for _ in range(4):
        question = asked(project, ada)
        answering.skip(sender=sender(project, ada), example_id=question.example.pk)
    project.refresh_from_db()
    assert project.n_labelled == 0
    assert set(Annotation.objects.values_list("state", flat=True)) == {"skipped"}
    assert asked(project, make_user("ben")) is not None


def test_a_late_skip_does_not_destroy_my_label(
    project: Project, ada: User, text: Example, yes: LabelClass
) -> None:
    answer(project, ada, text, yes)
    with pytest.raises(AnswerConflict, match="labelled this text already"):
        answering.skip(sender=sender(project, ada), example_id=text.pk)
    assert Annotation.objects.get().state == "labelled"


def test_flag_and_comment_keep_the_text_before_me(project: Project, ada: User) -> None:
    question = asked(project, ada)
    answering.flag(sender=sender(project, ada), example_id=question.example.pk)
    answering.comment(sender=sender(project, ada), example_id=question.example.pk, text=" odd\r\n ")
    mine = Annotation.objects.get()
    assert (mine.state, mine.flagged, mine.comment) == ("open", True, "odd")
    assert asked(project, ada).lease == question.lease


def test_a_flag_is_set_once_and_taken_back_once(project: Project, ada: User, text: Example) -> None:
    answering.flag(sender=sender(project, ada), example_id=text.pk)
    with pytest.raises(AnswerConflict, match="flagged already"):
        answering.flag(sender=sender(project, ada), example_id=text.pk)
    answering.unflag(sender=sender(project, ada), example_id=text.pk)
    assert not Annotation.objects.get().flagged


def test_a_label_keeps_flag_and_comment(
    project: Project, ada: User, text: Example, yes: LabelClass
) -> None:
    answering.flag(sender=sender(project, ada), example_id=text.pk)
    answering.comment(sender=sender(project, ada), example_id=text.pk, text="odd")
    annotation = answer(project, ada, text, yes).annotation
    assert (annotation.flagged, annotation.comment) == (True, "odd")


def test_a_comment_that_is_too_long_says_by_how_much(
    project: Project, ada: User, text: Example
) -> None:
    with pytest.raises(AnswerRefused, match="2,001 characters; 2,000 are allowed"):
        answering.comment(sender=sender(project, ada), example_id=text.pk, text="x" * 2001)
    assert not AnnotationEvent.objects.exists()


@pytest.mark.parametrize("text_of_comment", ["", "  \n", "a\0b"])
def test_an_empty_or_unstorable_comment_is_refused(
    project: Project, ada: User, text: Example, text_of_comment: str
) -> None:
    with pytest.raises(AnswerRefused):
        answering.comment(sender=sender(project, ada), example_id=text.pk, text=text_of_comment)


def test_an_answer_is_exactly_one_class(
    project: Project, ada: User, text: Example, yes: LabelClass, no: LabelClass
) -> None:
    with pytest.raises(AnswerRefused, match="exactly one class; this one had 2"):
        answering.record_label(
            sender=sender(project, ada), example_id=text.pk, labels=[yes.pk, no.pk]
        )


def test_a_retired_class_is_refused_by_name(
    project: Project, ada: User, text: Example, yes: LabelClass
) -> None:
    yes.retired_at = NOW
    yes.save()
    with pytest.raises(AnswerRefused, match="“yes” was retired"):
        answer(project, ada, text, yes)


def test_a_class_merged_meanwhile_gives_its_successors_label_and_keeps_what_was_chosen(
    project: Project, ada: User, text: Example, yes: LabelClass, no: LabelClass
) -> None:
    merge_classes(actor=ada, source=yes, target=no, now=NOW)
    act = answer(project, ada, text, yes)
    project.refresh_from_db()
    assert (act.event.labels, act.annotation.labels) == ([yes.pk], [no.pk])
    assert (act.annotation.state, project.n_labelled) == ("labelled", 1)


def test_a_class_whose_successor_is_retired_is_refused(
    project: Project, ada: User, text: Example, yes: LabelClass, no: LabelClass
) -> None:
    merge_classes(actor=ada, source=yes, target=no, now=NOW)
    retire_class(actor=ada, label_class=no, now=NOW)
    with pytest.raises(AnswerRefused, match="“yes” was retired"):
        answer(project, ada, text, yes)
    assert not AnnotationEvent.objects.exists()


def test_a_class_of_another_project_is_refused(project: Project, ada: User, text: Example) -> None:
    foreign = make_project(name="Other").label_classes.get(name="yes")
    with pytest.raises(AnswerRefused, match="not one of this project's"):
        answer(project, ada, text, foreign)


def test_a_text_of_another_project_is_refused(project: Project, ada: User, yes: LabelClass) -> None:
    foreign = make_examples(make_project(name="Other"), ["elsewhere"])[0]
    with pytest.raises(NoSuchExample, match="not in the project"):
        answer(project, ada, foreign, yes)


def test_test_split_and_duplicates_are_never_labelled(
    project: Project, ada: User, yes: LabelClass, text: Example
) -> None:
    two, three, _ = project.examples.exclude(pk=text.pk).order_by("id")
    Example.objects.filter(pk=two.pk).update(role="test")
    Example.objects.filter(pk=three.pk).update(role="duplicate", duplicate_of=text)
    with pytest.raises(AnswerRefused, match="test split"):
        answer(project, ada, two, yes)
    with pytest.raises(AnswerRefused, match="duplicate"):
        answer(project, ada, three, yes)


def test_a_pause_does_not_count_as_reading_time(
    project: Project, ada: User, text: Example, yes: LabelClass
) -> None:
    event = answering.record_label(
        sender=sender(project, ada, duration_ms=10**11), example_id=text.pk, labels=[yes.pk]
    ).event
    assert event.duration_ms == 30 * 60 * 1000


def test_changing_from_the_history_is_a_relabel(
    project: Project, ada: User, text: Example, yes: LabelClass, no: LabelClass
) -> None:
    make_label(text, yes, ada)
    act = answering.change_label(
        sender=sender(project, ada, from_history=True), example_id=text.pk, labels=[no.pk]
    )
    assert (act.event.kind, act.event.draw) == ("relabel", Draw.HISTORY)
    assert act.annotation.labels == [no.pk]


def test_the_history_changes_only_what_i_answered(
    project: Project, ada: User, text: Example, yes: LabelClass
) -> None:
    make_label(text, yes, make_user("ben"))
    with pytest.raises(NoSuchExample, match="nothing to change"):
        answering.change_label(sender=sender(project, ada), example_id=text.pk, labels=[yes.pk])


def test_changing_to_the_same_class_is_no_change(
    project: Project, ada: User, text: Example, yes: LabelClass
) -> None:
    make_label(text, yes, ada)
    with pytest.raises(AnswerConflict, match="has already"):
        answering.change_label(sender=sender(project, ada), example_id=text.pk, labels=[yes.pk])
    assert AnnotationEvent.objects.count() == 1
