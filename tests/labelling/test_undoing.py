"""Undo: any number of steps, each an event, each bringing back the state before."""

import uuid

import pytest

from learners.models import RankedExample
from learners.services import queue
from projects.models import Annotation, AnnotationEvent, Example, LabelClass, Lease, Project, User
from projects.models.annotation import Draw
from projects.services import answering
from projects.services.leases import hold_again
from projects.services.undoing import NothingToUndo, Undone, undo
from tests.factories import NOW, make_examples, make_project, make_user
from tests.labelling.people import OTHER_TAB, TAB, always_pool, answer, asked, make_queue, sender

pytestmark = pytest.mark.django_db


@pytest.fixture
def project(ada: User) -> Project:
    project = make_project(owner=ada)
    make_examples(project, ["one", "two", "three", "four"], n_audit=1)
    return project


@pytest.fixture
def texts(project: Project) -> list[Example]:
    return list(project.examples.order_by("id"))


def states(texts: list[Example]) -> list[str]:
    found = dict(Annotation.objects.values_list("example_id", "state"))
    return [found.get(text.pk, "-") for text in texts]


def test_undo_goes_back_any_number_of_steps(
    project: Project, ada: User, texts: list[Example], yes: LabelClass
) -> None:
    answer(project, ada, texts[0], yes)
    answering.skip(sender=sender(project, ada), example_id=texts[1].pk)
    answer(project, ada, texts[2], yes)
    undone = [undo(sender=sender(project, ada)).undone.example for _ in range(3)]
    project.refresh_from_db()
    assert undone == [texts[2], texts[1], texts[0]]
    assert states(texts) == ["open", "open", "open", "-"]
    assert project.n_labelled == 0
    assert not Example.objects.filter(settled=True).exists()


def test_undo_is_an_event_and_is_never_undone_itself(
    project: Project, ada: User, texts: list[Example], yes: LabelClass
) -> None:
    answer(project, ada, texts[0], yes)
    first = undo(sender=sender(project, ada))
    with pytest.raises(NothingToUndo, match="nothing left to undo"):
        undo(sender=sender(project, ada))
    kinds = AnnotationEvent.objects.values_list("kind", flat=True)
    assert list(kinds) == ["label", "undo"]
    assert first.event.undoes == first.undone


def test_undoing_a_change_restores_the_answer_before(
    project: Project, ada: User, texts: list[Example], yes: LabelClass, no: LabelClass
) -> None:
    answer(project, ada, texts[0], yes)
    answer(project, ada, texts[0], no)
    undone = undo(sender=sender(project, ada))
    assert (undone.annotation.state, undone.annotation.labels) == ("labelled", [yes.pk])
    assert not undone.awaits_answer
    assert Example.objects.get(pk=texts[0].pk).settled


def test_undoing_a_flag_leaves_the_rest(project: Project, ada: User, texts: list[Example]) -> None:
    answering.comment(sender=sender(project, ada), example_id=texts[0].pk, text="odd")
    answering.flag(sender=sender(project, ada), example_id=texts[0].pk)
    annotation = undo(sender=sender(project, ada)).annotation
    assert (annotation.flagged, annotation.comment) == (False, "odd")


def test_undoing_a_comment_brings_back_the_one_before(
    project: Project, ada: User, texts: list[Example], yes: LabelClass
) -> None:
    answer(project, ada, texts[0], yes)
    for words in ("odd", "very odd", ""):
        answering.comment(sender=sender(project, ada), example_id=texts[0].pk, text=words)
    undone = [undo(sender=sender(project, ada)).annotation for _ in range(3)]
    assert [annotation.comment for annotation in undone] == ["very odd", "odd", ""]
    assert {annotation.state for annotation in undone} == {"labelled"}


def test_undoing_a_flag_taken_back_sets_it_again(
    project: Project, ada: User, texts: list[Example]
) -> None:
    answering.flag(sender=sender(project, ada), example_id=texts[0].pk)
    answering.unflag(sender=sender(project, ada), example_id=texts[0].pk)
    flagged = [undo(sender=sender(project, ada)).annotation.flagged for _ in range(2)]
    assert flagged == [True, False]


def test_undo_takes_back_my_act_and_not_yours(
    project: Project, ada: User, texts: list[Example], yes: LabelClass
) -> None:
    ben = make_user("ben")
    answer(project, ada, texts[0], yes)
    answer(project, ben, texts[1], yes)
    assert undo(sender=sender(project, ada)).undone.example == texts[0]
    assert Annotation.objects.get(annotator=ben).state == "labelled"


def test_your_label_keeps_the_text_settled_when_i_undo_mine(
    project: Project, ada: User, texts: list[Example], yes: LabelClass
) -> None:
    answer(project, make_user("ben"), texts[0], yes)
    answer(project, ada, texts[0], yes)
    undo(sender=sender(project, ada))
    project.refresh_from_db()
    assert (Example.objects.get(pk=texts[0].pk).settled, project.n_labelled) == (True, 1)


def test_an_undo_sent_twice_is_one_step(
    project: Project, ada: User, texts: list[Example], yes: LabelClass
) -> None:
    answer(project, ada, texts[0], yes)
    answer(project, ada, texts[1], yes)
    same = sender(project, ada, client_uuid=uuid.uuid4())
    first, again = undo(sender=same), undo(sender=same)
    assert (again.is_resend, again.undone) == (True, first.undone)
    assert states(texts) == ["labelled", "open", "-", "-"]


def test_a_label_of_a_class_merged_since_comes_back_as_its_successor(
    project: Project, ada: User, texts: list[Example], yes: LabelClass, no: LabelClass
) -> None:
    answer(project, ada, texts[0], yes)
    answering.skip(sender=sender(project, ada), example_id=texts[1].pk)
    answer(project, ada, texts[0], no)
    LabelClass.objects.filter(pk=yes.pk).update(retired_at=NOW, merged_into=no)
    assert undo(sender=sender(project, ada)).annotation.labels == [no.pk]


def test_a_label_of_a_retired_class_comes_back_set_aside(
    project: Project, ada: User, texts: list[Example], yes: LabelClass, no: LabelClass
) -> None:
    answer(project, ada, texts[0], yes)
    answer(project, ada, texts[0], no)
    LabelClass.objects.filter(pk=yes.pk).update(retired_at=NOW)
    undone = undo(sender=sender(project, ada))
    assert (undone.annotation.state, undone.awaits_answer) == ("set_aside", True)


def test_an_audit_answer_older_than_a_class_comes_back_stale(
    project: Project, ada: User, texts: list[Example], yes: LabelClass, no: LabelClass
) -> None:
    answer(project, ada, texts[0], yes)
    LabelClass.objects.create(project=project, name="new", added_seq=project.seq + 2, position=3)
    Project.objects.filter(pk=project.pk).update(seq=10)
    fresh = answer(project, ada, texts[0], no)
    undone = undo(sender=sender(project, ada))
    assert (fresh.annotation.stale, undone.annotation.stale) == (False, True)
    assert undone.awaits_answer


def hold(project: Project, ada: User, undone: Undone, tab: uuid.UUID) -> bool:
    return hold_again(project=project, annotator=ada, tab=tab, undone=undone.undone, now=NOW)


def test_the_undone_text_is_before_me_again_with_what_was_known_of_it(
    project: Project, ada: User, yes: LabelClass
) -> None:
    always_pool(project)
    fit = make_queue(project, list(project.examples.filter(role="pool")))
    first = asked(project, ada)
    answer(project, ada, first.example, yes)
    asked(project, ada)
    assert hold(project, ada, undo(sender=sender(project, ada)), TAB)
    lease = Lease.objects.get(annotator=ada)
    assert (lease.example, lease.draw, lease.fit_id) == (first.example, Draw.HISTORY, fit.pk)
    assert asked(project, ada).example == first.example


def test_who_holds_the_undone_text_meanwhile_keeps_it(
    project: Project, ada: User, yes: LabelClass
) -> None:
    always_pool(project)
    ranked = list(project.examples.filter(role="pool"))[:1]
    make_queue(project, ranked)
    answer(project, ada, asked(project, ada).example, yes)
    undone = undo(sender=sender(project, ada))
    taken = asked(project, make_user("ben"))
    assert taken.example == undone.undone.example
    assert not hold(project, ada, undone, TAB)
    assert Lease.objects.get(example=taken.example).annotator.username == "ben"


def test_two_tabs_undoing_get_two_texts(
    project: Project, ada: User, texts: list[Example], yes: LabelClass
) -> None:
    answer(project, ada, texts[1], yes)
    answer(project, ada, texts[2], yes)
    assert hold(project, ada, undo(sender=sender(project, ada)), TAB)
    assert hold(project, ada, undo(sender=sender(project, ada)), OTHER_TAB)
    assert Lease.objects.get(tab=TAB).example == texts[2]
    assert Lease.objects.get(tab=OTHER_TAB).example == texts[1]


def test_an_undone_text_takes_its_old_place_in_the_queue(
    project: Project, texts: list[Example]
) -> None:
    make_queue(project, texts[1:])
    queue.spend(project_id=project.pk, example_id=texts[2].pk)
    assert RankedExample.objects.get(spent=True).example == texts[2]
    queue.bring_back(project_id=project.pk, example_id=texts[2].pk)
    assert not RankedExample.objects.filter(spent=True).exists()
