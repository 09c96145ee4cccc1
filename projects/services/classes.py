"""Label classes: added, renamed, described, recoloured and put in order, as events."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max, OuterRef, Subquery

from projects.models import (
    Annotation,
    AnnotationEvent,
    Example,
    LabelClass,
    Project,
    ProjectEvent,
    User,
)
from projects.models.label_class import N_COLOURS
from projects.reading.limits import MAX_CLASSES
from projects.services.confirming import void_running
from projects.services.ledger import append_project_event
from projects.services.refusals import Refused

MAX_NAME_CHARS = 120
MAX_DESCRIPTION_CHARS = 1000
# What the label page itself listens to, so that no class may take it.
PAGE_KEYS = "sufcghw?/"
# In the order in which they are proposed; "none of these" takes the last digit first.
FREE_KEYS = "1234567890" + "".join(c for c in "abdeijklmnopqrtvxyz" if c not in PAGE_KEYS)
# Where a text has any number of classes, "none of these" is an answer of its own, with this key.
NONE_KEY = "0"
CHANGEABLE = ("name", "description", "colour", "shortcut", "is_none")


@dataclass(frozen=True, kw_only=True)
class ClassSpec:
    """A class that somebody wants. `colour` is 1 to 12, `shortcut` one character or "".

    A key is one key in either case, as on the label page, so `shortcut` is kept in lower case.
    """

    name: str
    description: str = ""
    colour: int = 1
    shortcut: str = ""
    is_none: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "shortcut", self.shortcut.lower())


def check_specs(
    specs: Sequence[ClassSpec], *, beside: Iterable[LabelClass] = (), multilabel: bool = False
) -> None:
    """Every class by itself, and all of them together with those that stand.

    `multilabel`: a text has any number of classes; then no class stands for “none of these”.

    Raises:
        Refused: with the row of the first class that cannot be.
    """
    beside = list(beside)
    if len(specs) + len(beside) > MAX_CLASSES:
        raise Refused("classes", f"{len(specs) + len(beside)} classes; allowed: {MAX_CLASSES}.")
    names = {c.name.casefold(): c.name for c in beside}
    keys = {c.shortcut.lower(): c.name for c in beside if c.shortcut}
    has_none = any(c.is_none for c in beside)
    for row, spec in enumerate(specs):
        _check_spec(spec, row)
        if multilabel:
            _check_beside_none(spec, row)
        if other := names.get(spec.name.strip().casefold()):
            raise Refused("name", f"There is already a class “{other}”.", row=row)
        if spec.shortcut and (other := keys.get(spec.shortcut)):
            raise Refused("shortcut", f"The key {spec.shortcut} belongs to “{other}”.", row=row)
        if spec.is_none and has_none:
            raise Refused("is_none", "One class can stand for “none of these”.", row=row)
        names[spec.name.strip().casefold()] = spec.name
        keys |= {spec.shortcut: spec.name} if spec.shortcut else {}
        has_none = has_none or spec.is_none


def _check_spec(spec: ClassSpec, row: int | None) -> None:
    name = spec.name.strip()
    if not name or len(name) > MAX_NAME_CHARS or not name.isprintable():
        found = f"{len(name)} characters" if name.isprintable() else "control characters"
        message = f"A name has 1 to {MAX_NAME_CHARS} printable characters; found: {found}."
        raise Refused("name", message, row=row)
    if len(spec.description) > MAX_DESCRIPTION_CHARS or "\0" in spec.description:
        found = f"{len(spec.description)} characters"
        raise Refused("description", f"At most {MAX_DESCRIPTION_CHARS}; found: {found}.", row=row)
    if not 1 <= spec.colour <= N_COLOURS:
        raise Refused("colour", f"Colours are numbered 1 to {N_COLOURS}.", row=row)
    if spec.shortcut in set(PAGE_KEYS):
        message = f"The key {spec.shortcut} already does something on the label page; taken: {' '.join(PAGE_KEYS)}."
        raise Refused("shortcut", message, row=row)
    if spec.shortcut and (len(spec.shortcut) > 1 or not spec.shortcut.isalnum()):
        raise Refused("shortcut", "A key is one letter or digit.", row=row)


def _check_beside_none(spec: ClassSpec, row: int | None) -> None:
    if spec.is_none:
        message = "Here “none of these” is an answer without any class; no class stands for it."
        raise Refused("is_none", message, row=row)
    if spec.shortcut == NONE_KEY:
        message = f"The key {NONE_KEY} is “none of these” on the label page."
        raise Refused("shortcut", message, row=row)


def free_key(taken: Iterable[str], *, is_none: bool = False) -> str:
    """A key to propose for a new class, "" when all are taken."""
    proposed, used = f"{NONE_KEY}{FREE_KEYS}" if is_none else FREE_KEYS, set(taken)
    return next((key for key in proposed if key not in used), "")


@transaction.atomic
def add_classes(
    *, actor: User | None, project: Project, specs: Sequence[ClassSpec], now: datetime
) -> list[LabelClass]:
    """Add classes behind those that stand, “none of these” last. Audit answers given without
    them become stale.

    Raises:
        Refused: a name, key, colour or description that cannot be; nothing is added.
    """
    locked = Project.objects.select_for_update().get(pk=project.pk)
    standing = list(LabelClass.objects.filter(project=locked).active())
    check_specs(specs, beside=standing, multilabel=locked.multilabel)
    position = max((c.position for c in standing), default=-1)
    added = [
        _add(actor=actor, project=locked, spec=spec, position=position + i, now=now)
        for i, spec in enumerate(specs, start=1)
    ]
    if added:
        _keep_none_last(project_id=locked.pk)
        weigh_audit_answers(project_id=locked.pk)
        because = f"“{added[0].name}” was added"
        void_running(project_id=locked.pk, because=because, actor=actor, now=now)
    return added


def _add(
    *, actor: User | None, project: Project, spec: ClassSpec, position: int, now: datetime
) -> LabelClass:
    row = LabelClass.objects.create(
        project=project,
        name=spec.name.strip(),
        description=spec.description.strip(),
        colour=spec.colour,
        shortcut=spec.shortcut,
        is_none=spec.is_none,
        position=position,
    )
    payload = {"class": row.pk, **facts(row)}
    kind = ProjectEvent.Kind.CLASS_ADDED
    event = append_project_event(
        project_id=project.pk, kind=kind, actor=actor, payload=payload, now=now
    )
    row.added_seq = event.seq
    row.save(update_fields=["added_seq"])
    return row


def _keep_none_last(*, project_id: int) -> None:
    """The answer for what fits nowhere stands behind every class that could fit."""
    rows = list(LabelClass.objects.filter(project_id=project_id).active())
    for row in rows:
        if row.is_none and row != rows[-1]:
            row.position = rows[-1].position + 1
            row.save(update_fields=["position"])


def weigh_audit_answers(*, project_id: int) -> None:
    """Which audit answers are stale: older than the newest class in use, as `standing.add_up` says.

    They are asked again and do not measure until then; with the class gone they measure as before.
    """
    in_use = LabelClass.objects.filter(project_id=project_id).active()
    newest = in_use.aggregate(newest=Max("added_seq", default=0))["newest"]
    rests_on = AnnotationEvent.objects.filter(
        example=OuterRef("example"),
        annotator=OuterRef("annotator"),
        kind__in=(AnnotationEvent.Kind.LABEL, AnnotationEvent.Kind.RELABEL),
        undone_by__isnull=True,
    )
    answers = Annotation.objects.filter(
        project_id=project_id,
        state=Annotation.State.LABELLED,
        annotator__isnull=False,
        example__role=Example.Role.AUDIT,
    ).annotate(label_seq=Subquery(rests_on.order_by("-seq").values("seq")[:1]))
    answers.filter(stale=False, label_seq__lt=newest).update(stale=True)
    answers.filter(stale=True, label_seq__gte=newest).update(stale=False)


def facts(row: LabelClass) -> dict[str, Any]:
    """What can be changed about a class, as the ledger keeps it."""
    return {name: getattr(row, name) for name in CHANGEABLE}


@transaction.atomic
def change_class(
    *, actor: User, label_class: LabelClass, spec: ClassSpec, now: datetime
) -> LabelClass:
    """Rename, describe, recolour, re-key, or say whether it stands for “none of these”.

    No change writes no event.

    Raises:
        Refused: the new name or key is taken, or cannot be; another is “none of these”.
    """
    project = Project.objects.select_for_update().get(pk=label_class.project_id)
    row = standing_class(label_class)
    others = LabelClass.objects.filter(project_id=row.project_id).active().exclude(pk=row.pk)
    _check_one(spec, others, multilabel=project.multilabel)
    old = facts(row)
    for name in CHANGEABLE:
        value = getattr(spec, name)
        setattr(row, name, value.strip() if isinstance(value, str) else value)
    changed = {name: {"old": old[name], "new": new} for name, new in facts(row).items()}
    changed = {name: pair for name, pair in changed.items() if pair["old"] != pair["new"]}
    if changed:
        row.save(update_fields=[*CHANGEABLE])
        _keep_none_last(project_id=row.project_id)
        renamed = "name" in changed
        kind = ProjectEvent.Kind.CLASS_RENAMED if renamed else ProjectEvent.Kind.CLASS_CHANGED
        append_project_event(
            project_id=row.project_id,
            kind=kind,
            actor=actor,
            payload={"class": row.pk, "changed": changed},
            now=now,
        )
    return row


def _check_one(spec: ClassSpec, others: Iterable[LabelClass], *, multilabel: bool) -> None:
    try:
        check_specs([spec], beside=others, multilabel=multilabel)
    except Refused as refused:
        raise Refused(refused.field, refused.message) from refused


def standing_class(label_class: LabelClass) -> LabelClass:
    """The class as it is now. Raises Refused when somebody has retired it meanwhile."""
    row = LabelClass.objects.get(pk=label_class.pk)
    if row.retired_at is not None:
        raise Refused("name", f"“{row.name}” is no longer in use; nothing was changed.")
    return row


@transaction.atomic
def reorder_classes(*, actor: User, project: Project, order: Sequence[int], now: datetime) -> None:
    """Put the classes in this order of ids.

    Raises:
        Refused: `order` does not hold each standing class once, or “none of these” not last.
    """
    Project.objects.select_for_update().get(pk=project.pk)
    standing = {c.pk: c for c in LabelClass.objects.filter(project=project).active()}
    if sorted(order) != sorted(standing):
        raise Refused(
            "order", "The classes changed meanwhile; reload the page and order them again."
        )
    if any(standing[pk].is_none for pk in order[:-1]):
        raise Refused("order", "The class that stands for “none of these” stays last.")
    old = list(standing)
    if list(order) == old:
        return
    for position, pk in enumerate(order):
        standing[pk].position = position
    LabelClass.objects.bulk_update(standing.values(), ["position"])
    append_project_event(
        project_id=project.pk,
        kind=ProjectEvent.Kind.CLASS_CHANGED,
        actor=actor,
        payload={"order": {"old": old, "new": list(order)}},
        now=now,
    )
