"""Classes change as events, and labels follow: renamed, merged, retired, added late."""

import re
from typing import Any

import pytest
from django.conf import settings
from django.db import IntegrityError

from projects.models import (
    Annotation,
    AnnotationEvent,
    Example,
    GoldLabel,
    LabelClass,
    Project,
    User,
)
from projects.services.class_merging import merge_classes, retire_class
from projects.services.classes import (
    FREE_KEYS,
    ClassSpec,
    add_classes,
    change_class,
    free_key,
    reorder_classes,
)
from projects.services.refusals import Refused
from tests.factories import NOW, make_examples, make_label, make_project, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner() -> User:
    return make_user()


@pytest.fixture
def project(owner: User) -> Project:
    """Three texts labelled: two yes, one no; the first measures. One text is open."""
    project = make_project(owner=owner, classes=("yes", "no", "perhaps"))
    texts = make_examples(project, ["one", "two", "three", "four"], n_audit=1)
    for text, name in zip(texts, ("yes", "yes", "no"), strict=False):
        make_label(text, named(project, name), owner)
    project.refresh_from_db()
    return project


def named(project: Project, name: str) -> LabelClass:
    return LabelClass.objects.get(project=project, name=name)


def labels(project: Project) -> list[list[int]]:
    rows = Annotation.objects.filter(project=project, state="labelled").order_by("example")
    return list(rows.values_list("labels", flat=True))


def add(project: Project, owner: User, *specs: ClassSpec) -> list[LabelClass]:
    return add_classes(actor=owner, project=project, specs=specs, now=NOW)


def newest_event(project: Project) -> Any:
    return project.events.order_by("-seq").first()


def test_an_added_class_stands_last_and_knows_its_event(project: Project, owner: User) -> None:
    (row,) = add(project, owner, ClassSpec(name=" maybe ", colour=4, shortcut="4"))
    event = newest_event(project)
    assert (row.name, row.position, row.added_seq) == ("maybe", 3, event.seq)
    assert (event.kind, event.actor, event.payload["name"]) == ("class_added", owner, "maybe")


def test_a_class_added_late_asks_audit_texts_again_and_no_others(
    project: Project, owner: User
) -> None:
    add(project, owner, ClassSpec(name="maybe"))
    stale = Annotation.objects.filter(stale=True)
    assert [a.example.role for a in stale] == ["audit"]
    assert stale.get().state == "labelled"


@pytest.mark.parametrize("way", ["retired", "merged"])
def test_a_class_that_goes_again_lets_the_audit_answers_measure_as_before(
    project: Project, owner: User, way: str
) -> None:
    (row,) = add(project, owner, ClassSpec(name="a mistake"))
    assert Annotation.objects.filter(stale=True).count() == 1
    take_away(row, named(project, "no"), owner, way)
    assert not Annotation.objects.filter(stale=True).exists()


def test_an_audit_answer_stays_stale_while_another_class_is_newer(
    project: Project, owner: User
) -> None:
    add(project, owner, ClassSpec(name="maybe"))
    (mistake,) = add(project, owner, ClassSpec(name="a mistake"))
    take_away(mistake, named(project, "no"), owner, "retired")
    assert Annotation.objects.get(stale=True).example.text == "one"


def take_away(row: LabelClass, target: LabelClass, owner: User, way: str) -> None:
    if way == "retired":
        retire_class(actor=owner, label_class=row, now=NOW)
    else:
        merge_classes(actor=owner, source=row, target=target, now=NOW)


def test_of_several_classes_one_wrong_adds_none(project: Project, owner: User) -> None:
    with pytest.raises(Refused) as refused:
        add(project, owner, ClassSpec(name="fine"), ClassSpec(name="YES"))
    assert (refused.value.field, refused.value.row) == ("name", 1)
    assert project.label_classes.count() == 3


def test_there_is_one_none_of_these(project: Project, owner: User) -> None:
    add(project, owner, ClassSpec(name="none of these", is_none=True))
    with pytest.raises(Refused, match="none of these"):
        add(project, owner, ClassSpec(name="nothing", is_none=True))


def test_none_of_these_stays_last_whatever_is_added_or_moved(project: Project, owner: User) -> None:
    yes = named(project, "yes")
    spec = ClassSpec(name="yes", shortcut="1", is_none=True)
    change_class(actor=owner, label_class=yes, spec=spec, now=NOW)
    changed = newest_event(project).payload["changed"]
    (maybe,) = add(project, owner, ClassSpec(name="maybe"))
    ids = [row.pk for row in LabelClass.objects.filter(project=project).active()]
    assert changed == {"is_none": {"old": False, "new": True}}
    assert ids[-2:] == [maybe.pk, yes.pk]
    with pytest.raises(Refused, match="stays last"):
        reorder_classes(actor=owner, project=project, order=ids[::-1], now=NOW)


def test_a_key_is_proposed_until_none_is_left() -> None:
    assert (free_key("12"), free_key("12", is_none=True), free_key("0", is_none=True)) == (
        "3",
        "0",
        "1",
    )
    assert free_key(FREE_KEYS) == ""


def test_a_key_is_one_key_in_either_case(project: Project, owner: User) -> None:
    (row,) = add(project, owner, ClassSpec(name="maybe", shortcut="A"))
    assert row.shortcut == "a"
    for shortcut in ("a", "A"):
        with pytest.raises(Refused, match="The key a belongs to “maybe”"):
            add(project, owner, ClassSpec(name="other", shortcut=shortcut))
    change = ClassSpec(name="yes", shortcut="Ä")
    assert change_class(actor=owner, label_class=named(project, "yes"), spec=change, now=NOW)
    assert named(project, "yes").shortcut == "ä"


def test_the_rows_themselves_hold_a_key_once_in_either_case(project: Project) -> None:
    LabelClass.objects.create(project=project, name="maybe", shortcut="a")
    with pytest.raises(IntegrityError, match="one_active_class_per_key"):
        LabelClass.objects.create(project=project, name="other", shortcut="A")


def test_no_class_takes_a_key_of_the_label_page(project: Project, owner: User) -> None:
    pages = (settings.BASE_DIR / "templates/projects/label").glob("*.html")
    keys = {key for page in pages for key in re.findall(r'data-key="([^"{]+)"', page.read_text())}
    assert {"s", "u", "?", "/"} <= keys
    for key in keys | {key.upper() for key in keys}:
        with pytest.raises(Refused, match="already does something on the label page"):
            add(project, owner, ClassSpec(name="maybe", shortcut=key))


def test_a_renamed_class_keeps_its_labels(project: Project, owner: User) -> None:
    before = labels(project)
    change_class(
        actor=owner,
        label_class=named(project, "yes"),
        spec=ClassSpec(name="aye", shortcut="1"),
        now=NOW,
    )
    event = newest_event(project)
    assert labels(project) == before
    assert (event.kind, event.payload["changed"]) == (
        "class_renamed",
        {"name": {"old": "yes", "new": "aye"}},
    )


def test_a_change_of_colour_alone_is_no_renaming_and_no_change_no_event(
    project: Project, owner: User
) -> None:
    yes = named(project, "yes")
    spec = ClassSpec(name="yes", colour=9, shortcut="1")
    change_class(actor=owner, label_class=yes, spec=spec, now=NOW)
    seq = newest_event(project).seq
    assert newest_event(project).kind == "class_changed"
    change_class(actor=owner, label_class=yes, spec=spec, now=NOW)
    assert newest_event(project).seq == seq


def test_a_name_that_another_class_bears_is_refused(project: Project, owner: User) -> None:
    with pytest.raises(Refused, match="already a class “no”"):
        change_class(
            actor=owner, label_class=named(project, "yes"), spec=ClassSpec(name="No"), now=NOW
        )


def test_the_order_is_an_event_and_must_name_every_class(project: Project, owner: User) -> None:
    ids = [row.pk for row in LabelClass.objects.filter(project=project).active()]
    reorder_classes(actor=owner, project=project, order=ids[::-1], now=NOW)
    assert [row.pk for row in LabelClass.objects.filter(project=project).active()] == ids[::-1]
    assert newest_event(project).payload["order"] == {"old": ids, "new": ids[::-1]}
    with pytest.raises(Refused, match="changed meanwhile"):
        reorder_classes(actor=owner, project=project, order=ids[:2], now=NOW)


def test_a_merge_maps_labels_and_gold_and_keeps_the_ledger(project: Project, owner: User) -> None:
    yes, no = named(project, "yes"), named(project, "no")
    GoldLabel.objects.create(example=Example.objects.get(text="four"), label_class=yes)
    chosen = list(AnnotationEvent.objects.order_by("seq").values_list("labels", flat=True))
    n = merge_classes(actor=owner, source=yes, target=no, now=NOW)
    assert (n, labels(project)) == (2, [[no.pk]] * 3)
    assert GoldLabel.objects.get().label_class == no
    assert list(AnnotationEvent.objects.order_by("seq").values_list("labels", flat=True)) == chosen


def test_a_merge_is_an_event_with_its_numbers(project: Project, owner: User) -> None:
    yes, no = named(project, "yes"), named(project, "no")
    merge_classes(actor=owner, source=yes, target=no, now=NOW)
    event = newest_event(project)
    assert event.kind == "class_merged"
    assert (event.payload["class"], event.payload["into"], event.payload["n_annotations"]) == (
        yes.pk,
        no.pk,
        2,
    )
    yes.refresh_from_db()
    assert (yes.retired_at, yes.merged_into) == (NOW, no)


def test_merges_in_a_row_lead_to_the_last(project: Project, owner: User) -> None:
    yes, no, perhaps = (named(project, name) for name in ("yes", "no", "perhaps"))
    merge_classes(actor=owner, source=yes, target=no, now=NOW)
    merge_classes(actor=owner, source=no, target=perhaps, now=NOW)
    yes.refresh_from_db()
    assert yes.merged_into == perhaps
    assert labels(project) == [[perhaps.pk]] * 3


def test_an_answer_that_holds_both_classes_keeps_one(project: Project, owner: User) -> None:
    yes, no = named(project, "yes"), named(project, "no")
    Annotation.objects.filter(example__text="one").update(labels=[yes.pk, no.pk])
    merge_classes(actor=owner, source=yes, target=no, now=NOW)
    assert labels(project) == [[no.pk]] * 3


@pytest.mark.parametrize("target", ["yes", "another project"])
def test_a_class_merges_only_into_another_of_its_project(
    project: Project, owner: User, target: str
) -> None:
    other = named(make_project(name="Other"), "no")
    yes = named(project, "yes")
    with pytest.raises(Refused, match="another class of this project"):
        merge_classes(actor=owner, source=yes, target=yes if target == "yes" else other, now=NOW)


def test_a_retired_class_sets_its_labels_aside_and_its_texts_are_open_again(
    project: Project, owner: User
) -> None:
    n = retire_class(actor=owner, label_class=named(project, "yes"), now=NOW)
    project.refresh_from_db()
    assert n == 2
    assert Annotation.objects.filter(project=project, state="set_aside").count() == 2
    settled = Example.objects.filter(project=project, settled=True)
    assert [example.text for example in settled] == ["three"]
    assert project.n_labelled == 1


def test_a_text_with_another_persons_label_stays_settled(project: Project, owner: User) -> None:
    eve = make_user("eve")
    make_label(Example.objects.get(text="one"), named(project, "no"), eve)
    retire_class(actor=owner, label_class=named(project, "yes"), now=NOW)
    project.refresh_from_db()
    assert Example.objects.get(text="one").settled
    assert project.n_labelled == 2


def test_what_is_gone_cannot_go_again(project: Project, owner: User) -> None:
    yes = named(project, "yes")
    retire_class(actor=owner, label_class=yes, now=NOW)
    with pytest.raises(Refused, match="no longer in use"):
        retire_class(actor=owner, label_class=yes, now=NOW)
    with pytest.raises(Refused, match="no longer in use"):
        merge_classes(actor=owner, source=named(project, "no"), target=yes, now=NOW)


def test_a_name_is_free_again_once_its_class_is_gone(project: Project, owner: User) -> None:
    retire_class(actor=owner, label_class=named(project, "yes"), now=NOW)
    (row,) = add(project, owner, ClassSpec(name="yes", shortcut="1"))
    assert row.retired_at is None
