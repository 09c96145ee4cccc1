"""Answers that are sets: any number of classes, none among them; changed, undone, merged, retired."""

import uuid

import pytest

from projects.models import Annotation, AnnotationEvent, Example, GoldSet, LabelClass, Project, User
from projects.selectors.classes import class_lines
from projects.services.answering import AnswerConflict, AnswerRefused, change_label, record_label
from projects.services.class_merging import merge_classes, n_left_empty, retire_class
from projects.services.classes import ClassSpec, add_classes, change_class
from projects.services.refusals import Refused
from projects.services.standing import add_up
from projects.services.undoing import undo
from tests.factories import NOW, make_examples, make_user
from tests.labelling.people import sender
from tests.multilabel.worlds import ids, make_multilabel, say, standing

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada() -> User:
    return make_user()


@pytest.fixture
def project(ada: User) -> Project:
    return make_multilabel(ada)


@pytest.fixture
def texts(project: Project) -> list[Example]:
    return make_examples(project, ["one", "two", "three", "four"], n_audit=1)


def named(project: Project, name: str) -> LabelClass:
    return LabelClass.objects.get(project=project, name=name)


def test_an_answer_holds_every_class_that_was_chosen(
    project: Project, ada: User, texts: list[Example]
) -> None:
    say(project, ada, texts[0], "rude", "late")
    assert standing(project) == {"one": {"late", "rude"}}
    assert (project.n_labelled, Example.objects.get(pk=texts[0].pk).settled) == (1, True)


def test_no_class_at_all_is_an_answer_too(
    project: Project, ada: User, texts: list[Example]
) -> None:
    say(project, ada, texts[0])
    assert standing(project) == {"one": set()}
    assert (project.n_labelled, Example.objects.get(pk=texts[0].pk).settled) == (1, True)


def test_a_set_sent_again_in_another_order_counts_once(
    project: Project, ada: User, texts: list[Example]
) -> None:
    key, labels = uuid.uuid4(), ids(project, "late", "rude")
    for said in (labels, labels[::-1], [*labels, labels[0]]):
        act = record_label(
            sender=sender(project, ada, client_uuid=key), example_id=texts[0].pk, labels=said
        )
    assert act.is_resend
    assert AnnotationEvent.objects.get().labels == sorted(labels)


def test_another_set_under_the_same_name_is_refused(
    project: Project, ada: User, texts: list[Example]
) -> None:
    act = say(project, ada, texts[0], "late")
    again = sender(project, ada, client_uuid=act.event.client_uuid)
    with pytest.raises(AnswerConflict, match="answered before, and differently"):
        record_label(sender=again, example_id=texts[0].pk, labels=[])


def test_a_retired_class_in_the_set_is_named(
    project: Project, ada: User, texts: list[Example]
) -> None:
    gone = ids(project, "late", "rude")
    retire_class(actor=ada, label_class=named(project, "rude"), now=NOW)
    with pytest.raises(AnswerRefused, match="“rude” was retired meanwhile"):
        record_label(sender=sender(project, ada), example_id=texts[0].pk, labels=gone)


def test_undo_brings_the_set_before_back(project: Project, ada: User, texts: list[Example]) -> None:
    say(project, ada, texts[0], "late", "rude")
    say(project, ada, texts[0])
    undo(sender=sender(project, ada))
    assert standing(project) == {"one": {"late", "rude"}}
    undo(sender=sender(project, ada))
    assert standing(project) == {}


def test_the_same_set_is_no_change(project: Project, ada: User, texts: list[Example]) -> None:
    say(project, ada, texts[0], "late", "rude")
    same = ids(project, "rude", "late")
    with pytest.raises(AnswerConflict, match="has already"):
        change_label(sender=sender(project, ada), example_id=texts[0].pk, labels=same)


def test_several_classes_are_refused_where_one_is_asked(project: Project, ada: User) -> None:
    Project.objects.update(multilabel=False)
    text = make_examples(project, ["five"])[0]
    with pytest.raises(AnswerRefused, match="exactly one class; this one had 2"):
        say(project, ada, text, "late", "rude")


def test_a_merge_unites_the_sets(project: Project, ada: User, texts: list[Example]) -> None:
    say(project, ada, texts[0], "late", "rude")
    say(project, ada, texts[1], "rude")
    say(project, ada, texts[2], "broken")
    GoldSet.objects.create(example=texts[3], labels=ids(project, "rude", "broken"))
    n = merge_classes(
        actor=ada, source=named(project, "rude"), target=named(project, "late"), now=NOW
    )
    assert n == 2
    assert standing(project) == {"one": {"late"}, "two": {"late"}, "three": {"broken"}}
    assert GoldSet.objects.get().labels == ids(project, "late", "broken")


def test_a_retired_class_leaves_the_sets_and_no_text_is_asked_again(
    project: Project, ada: User, texts: list[Example]
) -> None:
    say(project, ada, texts[0], "late", "rude")
    say(project, ada, texts[1], "rude")
    assert n_left_empty(named(project, "rude")) == 1
    assert retire_class(actor=ada, label_class=named(project, "rude"), now=NOW) == 2
    project.refresh_from_db()
    assert standing(project) == {"one": {"late"}, "two": set()}
    assert (project.n_labelled, Example.objects.filter(settled=True).count()) == (2, 2)


def test_gold_sets_lose_a_retired_class(project: Project, ada: User, texts: list[Example]) -> None:
    GoldSet.objects.create(example=texts[3], labels=ids(project, "late", "rude"))
    retire_class(actor=ada, label_class=named(project, "rude"), now=NOW)
    assert GoldSet.objects.get().labels == ids(project, "late")


def test_each_class_counts_its_answers_and_its_gold(
    project: Project, ada: User, texts: list[Example]
) -> None:
    say(project, ada, texts[0], "late", "rude")
    say(project, ada, texts[1], "late")
    GoldSet.objects.create(example=texts[3], labels=ids(project, "late", "broken"))
    counts = {line.row.name: (line.n_labels, line.n_gold) for line in class_lines(project)}
    assert counts == {"late": (2, 1), "broken": (0, 1), "rude": (1, 0)}


@pytest.mark.parametrize("end", ["merge", "retire"])
def test_the_state_is_what_the_ledger_adds_up_to(
    project: Project, ada: User, texts: list[Example], end: str
) -> None:
    for text, names in zip(texts, (("late", "rude"), ("rude",), ("broken",), ()), strict=True):
        say(project, ada, text, *names)
    if end == "merge":
        source, target = named(project, "late"), named(project, "rude")
        merge_classes(actor=ada, source=source, target=target, now=NOW)
    else:
        retire_class(actor=ada, label_class=named(project, "rude"), now=NOW)
    classes = {c.pk: c for c in LabelClass.objects.all()}
    for row in Annotation.objects.select_related("example"):
        events = AnnotationEvent.objects.filter(example=row.example)
        is_audit = row.example.role == Example.Role.AUDIT
        added = add_up(events, classes=classes, is_audit=is_audit, multilabel=True)
        assert (row.state, row.labels, row.stale) == (added.state, [*added.labels], added.stale)


def test_an_added_class_makes_audit_answers_stale_until_they_are_given_anew(
    project: Project, ada: User, texts: list[Example]
) -> None:
    say(project, ada, texts[0])
    add_classes(actor=ada, project=project, specs=[ClassSpec(name="new")], now=NOW)
    assert Annotation.objects.get().stale
    say(project, ada, texts[0], "new")
    assert not Annotation.objects.get().stale


def test_no_class_stands_for_none_of_these(project: Project, ada: User) -> None:
    none, zero = ClassSpec(name="nothing", is_none=True), ClassSpec(name="late", shortcut="0")
    with pytest.raises(Refused, match="an answer without any class"):
        add_classes(actor=ada, project=project, specs=[none], now=NOW)
    with pytest.raises(Refused, match="The key 0 is “none of these”"):
        change_class(actor=ada, label_class=named(project, "late"), spec=zero, now=NOW)
