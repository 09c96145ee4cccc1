"""What an annotator does to one example: label, skip, flag, comment. Each is one event, once.

A client UUID names the act: the same act sent again (a double click, a resend after the network
came back) finds its event and changes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from projects.models import Annotation, AnnotationEvent, Example, LabelClass, Lease, Project, User
from projects.models.annotation import Draw
from projects.services import leases
from projects.services.ledger import lock, one_transaction
from projects.services.shown import CLOSED, closed_to
from projects.services.standing import Standing, add_up, successor

Kind = AnnotationEvent.Kind
State = Annotation.State

COMMENT_CHARACTERS = 2_000
LONGEST_DURATION_MS = 30 * 60 * 1000  # more is a break, not reading


class AnswerRefused(ValueError):
    """An act that the rules do not allow; the message tells the annotator why, in words."""

    status = 400


class NoSuchExample(AnswerRefused):
    """The example is not among this project's."""

    status = 404


class AnswerConflict(AnswerRefused):
    """The act contradicts what was already recorded."""

    status = 409


@dataclass(frozen=True)
class Act:
    """One recorded event and the state it led to. `is_resend`: it was recorded before."""

    event: AnnotationEvent
    annotation: Annotation
    is_resend: bool = False


@dataclass(frozen=True)
class Sender:
    """Who acts, where, when, and the act's own name. An act brings `project` up to date."""

    project: Project
    annotator: User
    client_uuid: UUID
    now: datetime
    duration_ms: int | None = None
    from_history: bool = False


def record_label(*, sender: Sender, example_id: int, labels: Sequence[int]) -> Act:
    """Answer an example with a set of class ids: exactly one, or in a project where a text has any
    number of classes all that are true of it; none at all says that none of them is.

    Answering again replaces the annotator's own answer and nobody else's (a `relabel` event).
    An answer whose lease ended is kept all the same, and so is one for a class that was merged
    meanwhile: the event keeps what was chosen, the state names the class that took its labels.

    Raises:
        AnswerRefused: not exactly one label where that is asked; a class of another project, or retired without a
            class that took its labels; an example that is never asked (test split, duplicate).
        NoSuchExample: the example is not in the project.
        AnswerConflict: the client UUID names another act; or the annotator has seen what a model says
            of this random text.
    """
    with one_transaction():
        lock(sender.project)
        labels = as_set(sender.project, labels)
        if done := _resend(sender, example_id, {Kind.LABEL, Kind.RELABEL}, labels=labels):
            return done
        example = _askable(sender.project, example_id)
        _check_open(sender, example)
        _check_labels(sender.project, labels)
        before = what_stands(example=example, annotator=sender.annotator)
        stands = before.mine is not None and before.mine.state == State.LABELLED
        kind = Kind.RELABEL if stands else Kind.LABEL
        return _append(sender, example, before, kind, labels=labels)


def as_set(project: Project, labels: Sequence[int]) -> list[int]:
    """The labels as they are stored: in a project of many classes a text, each once and ascending."""
    return sorted(set(labels)) if project.multilabel else list(labels)


def change_label(*, sender: Sender, example_id: int, labels: Sequence[int]) -> Act:
    """Answer anew, from the history page, an example that the annotator dealt with before.

    Raises:
        AnswerRefused: as for `record_label`; or there is nothing of the annotator's to change, or
            it says the same already.
    """
    mine = Annotation.objects.filter(
        project=sender.project, example_id=example_id, annotator=sender.annotator
    ).first()
    if mine is None:
        raise NoSuchExample("You have not answered this text, so there is nothing to change.")
    resent = AnnotationEvent.objects.filter(client_uuid=sender.client_uuid).exists()
    if (
        not resent
        and mine.labels == as_set(sender.project, labels)
        and mine.state == State.LABELLED
    ):
        raise AnswerConflict("That is the answer it has already.")
    return record_label(sender=sender, example_id=example_id, labels=labels)


def skip(*, sender: Sender, example_id: int) -> Act:
    """Pass an example over: it is not asked of this annotator again, and gets no label.

    Raises:
        AnswerConflict: the annotator's label stands on it (answered in another tab, say).
        AnswerRefused, NoSuchExample: as for `record_label`.
    """
    with one_transaction():
        lock(sender.project)
        if done := _resend(sender, example_id, {Kind.SKIP}):
            return done
        example = _askable(sender.project, example_id)
        _check_open(sender, example)
        before = what_stands(example=example, annotator=sender.annotator)
        if before.mine and before.mine.state == State.LABELLED and not before.mine.stale:
            raise AnswerConflict(
                "You have labelled this text already, so it was not skipped. "
                "Change the answer on the history page."
            )
        return _append(sender, example, before, Kind.SKIP)


def flag(*, sender: Sender, example_id: int) -> Act:
    """Mark an example as one to talk about. It stays before the annotator."""
    return _mark(sender, example_id, Kind.FLAG)


def unflag(*, sender: Sender, example_id: int) -> Act:
    """Take the flag back."""
    return _mark(sender, example_id, Kind.UNFLAG)


def comment(*, sender: Sender, example_id: int, text: str) -> Act:
    """Write or replace the annotator's comment on an example; an empty text removes it.

    Raises:
        AnswerRefused: longer than `COMMENT_CHARACTERS`; holds a NUL; nothing to write or remove.
    """
    text = text.replace("\r\n", "\n").strip()
    _check_comment(text)
    with one_transaction():
        lock(sender.project)
        if done := _resend(sender, example_id, {Kind.COMMENT}, comment=text):
            return done
        example = _askable(sender.project, example_id)
        before = what_stands(example=example, annotator=sender.annotator)
        if not text and not (before.mine and before.mine.comment):
            raise AnswerRefused("The comment is empty, and there was none to remove.")
        return _append(sender, example, before, Kind.COMMENT, comment=text)


def _mark(sender: Sender, example_id: int, kind: AnnotationEvent.Kind) -> Act:
    with one_transaction():
        lock(sender.project)
        if done := _resend(sender, example_id, {kind}):
            return done
        example = _askable(sender.project, example_id)
        before = what_stands(example=example, annotator=sender.annotator)
        if bool(before.mine and before.mine.flagged) == (kind == Kind.FLAG):
            raise AnswerConflict(
                "This text is flagged already." if kind == Kind.FLAG else "This text has no flag."
            )
        return _append(sender, example, before, kind)


def _resend(
    sender: Sender, example_id: int, kinds: set[AnnotationEvent.Kind], **said: Any
) -> Act | None:
    """The act of this client UUID, if it was recorded before and said the same."""
    event = AnnotationEvent.objects.filter(client_uuid=sender.client_uuid).first()
    if event is None:
        return None
    same = (
        event.project_id == sender.project.pk
        and event.annotator_id == sender.annotator.pk
        and event.example_id == example_id
        and event.kind in kinds
        and all(getattr(event, name) == value for name, value in said.items())
    )
    if not same:
        raise AnswerConflict(
            "This page was answered before, and differently: the first answer stands. "
            "Undo it, or change it on the history page."
        )
    annotation = Annotation.objects.get(example_id=event.example_id, annotator=sender.annotator)
    return Act(event, annotation, is_resend=True)


def _askable(project: Project, example_id: int) -> Example:
    example = Example.objects.filter(project=project, pk=example_id).defer("text").first()
    if example is None:
        raise NoSuchExample("This text is not in the project (any more).")
    if example.role == Example.Role.TEST:
        raise AnswerRefused("This text belongs to the test split, which nobody labels here.")
    if example.role == Example.Role.DUPLICATE:
        raise AnswerRefused("This text is a duplicate: it takes the label of its original.")
    return example


def _check_open(sender: Sender, example: Example) -> None:
    if closed_to(user=sender.annotator, example=example):
        raise AnswerConflict(CLOSED)


def _check_labels(project: Project, labels: Sequence[int]) -> None:
    if len(labels) != 1 and not project.multilabel:
        raise AnswerRefused(f"An answer here is exactly one class; this one had {len(labels)}.")
    classes = {c.pk: c for c in project.label_classes.all()}
    for label in labels:
        _check_label(classes, label)


def _check_label(classes: dict[int, LabelClass], label: int) -> None:
    label_class = classes.get(label)
    if label_class is None:
        raise AnswerRefused("That class is not one of this project's. Choose one that is shown.")
    if successor(classes, label_class.pk).retired_at is not None:
        raise AnswerRefused(
            f"The class “{label_class.name}” was retired meanwhile. Choose one that is shown."
        )


def _check_comment(text: str) -> None:
    if len(text) > COMMENT_CHARACTERS:
        raise AnswerRefused(
            f"The comment has {len(text):,} characters; {COMMENT_CHARACTERS:,} are allowed. "
            "It was not saved."
        )
    if "\0" in text:
        raise AnswerRefused("The comment holds a NUL character, which cannot be stored.")


@dataclass(frozen=True)
class Before:
    """What stood on an example before an act: the annotator's own annotation, if there is one, and
    who else's label (None among them: one known from the data).
    """

    mine: Annotation | None
    labelled_by: set[int | None]


def what_stands(*, example: Example, annotator: User) -> Before:
    """Read it with the project's row locked."""
    found = {a.annotator_id: a for a in Annotation.objects.filter(example=example)}
    mine = found.pop(annotator.pk, None)
    return Before(mine, {who for who, a in found.items() if a.state == State.LABELLED})


@transaction.atomic(savepoint=False)
def _append(
    sender: Sender, example: Example, before: Before, kind: AnnotationEvent.Kind, **said: Any
) -> Act:
    """The event and all that follows from it. An answer ends the annotator's hold of the example."""
    ends_lease = kind in {Kind.LABEL, Kind.RELABEL, Kind.SKIP}
    look = leases.release if ends_lease else leases.lease_of
    lease = look(example_id=example.pk, annotator=sender.annotator)
    sender.project.seq += 1
    event = AnnotationEvent.objects.create(
        project=sender.project,
        seq=sender.project.seq,
        example=example,
        annotator=sender.annotator,
        kind=kind,
        client_uuid=sender.client_uuid,
        created_at=sender.now,
        duration_ms=_sane(sender.duration_ms),
        **_provenance(sender, lease),
        **said,
    )
    return Act(event, bring_up_to_date(event=event, before=before))


def _sane(duration_ms: int | None) -> int | None:
    return None if duration_ms is None else min(max(duration_ms, 0), LONGEST_DURATION_MS)


def _provenance(sender: Sender, lease: Lease | None) -> dict[str, Any]:
    """How the example came to be asked: what the lease says, or what is known without one."""
    if sender.from_history:
        return {"draw": Draw.HISTORY}
    if lease is None:
        return {"draw": Draw.LATE}
    columns = ("draw", "chance", "fit_id", "strategy", "score", "rank", "reason")
    return {name: getattr(lease, name) for name in columns}


def bring_up_to_date(*, event: AnnotationEvent, before: Before) -> Annotation:
    """Make `Annotation`, `Example.settled` and the counters say what the ledger adds up to, and
    write the project's row with the number that it gave `event`.

    Call it in the event's own transaction, with the project (`event.project`) locked.
    """
    example = event.example
    events = AnnotationEvent.objects.filter(example=example, annotator_id=event.annotator_id)
    standing = add_up(
        events if before.mine else [event],  # each event leaves an annotation
        classes={c.pk: c for c in event.project.label_classes.all()},
        is_audit=example.role == Example.Role.AUDIT,
        multilabel=event.project.multilabel,
    )
    annotation = _write(event, before.mine, standing)
    _settle(event, before, annotation)
    return annotation


def _write(event: AnnotationEvent, before: Annotation | None, standing: Standing) -> Annotation:
    """Under the project's lock, so that a missing annotation is made once."""
    annotation = Annotation(pk=before.pk) if before else Annotation()
    annotation.project_id = event.project_id
    annotation.example_id = event.example_id
    annotation.annotator_id = event.annotator_id
    annotation.state, annotation.labels = standing.state, list(standing.labels)
    annotation.flagged, annotation.comment = standing.flagged, standing.comment
    annotation.stale = standing.stale
    annotation.last_event, annotation.updated_at = event, event.created_at
    annotation.save(force_insert=before is None, force_update=before is not None)
    return annotation


def _settle(event: AnnotationEvent, before: Before, after: Annotation) -> None:
    stood = before.mine is not None and before.mine.state == State.LABELLED
    stands = after.state == State.LABELLED
    by_others = bool(before.labelled_by - {None})
    settled = stands or bool(before.labelled_by)
    Example.objects.filter(pk=event.example_id).update(settled=settled)
    project = event.project
    project.n_labelled += int(stands or by_others) - int(stood or by_others)
    project.last_activity_at = event.created_at
    project.save(update_fields=["seq", "n_labelled", "last_activity_at"])
