"""Undo: an event that names the event it takes back. Nothing is ever deleted."""

from dataclasses import dataclass

from django.db import transaction

from projects.models import Annotation, AnnotationEvent, Example
from projects.models.annotation import Draw
from projects.services.answering import (
    AnswerConflict,
    AnswerRefused,
    Sender,
    bring_up_to_date,
    what_stands,
)
from projects.services.ledger import lock
from projects.services.shown import CLOSED, closed_to

Kind = AnnotationEvent.Kind
ANSWERS = (Kind.LABEL, Kind.RELABEL, Kind.SKIP)
UNDOABLE = (*ANSWERS, Kind.FLAG, Kind.UNFLAG, Kind.COMMENT)


class NothingToUndo(AnswerRefused):
    """The annotator has no act here that was not already undone."""

    status = 409


@dataclass(frozen=True)
class Undone:
    """An undo event, what it took back, and the state that stands again."""

    event: AnnotationEvent
    undone: AnnotationEvent
    annotation: Annotation
    is_resend: bool = False

    @property
    def awaits_answer(self) -> bool:
        """Whether the example is to be put before the annotator again: no answer stands on it."""
        unanswered = {Annotation.State.OPEN, Annotation.State.SET_ASIDE}
        return self.annotation.state in unanswered or self.annotation.stale


def undo(*, sender: Sender) -> Undone:
    """Take back the annotator's newest act in the project: a label, a change, a skip, a flag set or
    removed, a comment written or removed. What stood before it stands again.

    Called again, it goes one step further back; an undo is never undone itself.

    Raises:
        NothingToUndo: no such act is left.
        AnswerConflict: the client UUID names another act; or the act answered a random text beside
            which the annotator has looked at a model's guess since.
    """
    with transaction.atomic():
        lock(sender.project)
        if done := _resend(sender):
            return done
        undone = newest_undoable(sender)
        example = Example.objects.defer("text").get(pk=undone.example_id)
        if undone.kind in ANSWERS and closed_to(user=sender.annotator, example=example):
            raise AnswerConflict(CLOSED)
        before = what_stands(example=example, annotator=sender.annotator)
        sender.project.seq += 1
        event = AnnotationEvent.objects.create(
            project=sender.project,
            seq=sender.project.seq,
            example=example,
            annotator=sender.annotator,
            kind=Kind.UNDO,
            undoes=undone,
            client_uuid=sender.client_uuid,
            created_at=sender.now,
            draw=Draw.HISTORY,
        )
        return Undone(event, undone, bring_up_to_date(event=event, before=before))


def newest_undoable(sender: Sender) -> AnnotationEvent:
    """The event that the next undo takes back.

    Raises:
        NothingToUndo: there is none.
    """
    mine = AnnotationEvent.objects.filter(
        project=sender.project, annotator=sender.annotator, kind__in=UNDOABLE
    )
    newest = mine.filter(undone_by__isnull=True).order_by("-seq").first()
    if newest is None:
        raise NothingToUndo("There is nothing left to undo.")
    return newest


def _resend(sender: Sender) -> Undone | None:
    event = (
        AnnotationEvent.objects.filter(client_uuid=sender.client_uuid)
        .select_related("undoes")
        .first()
    )
    if event is None:
        return None
    own = (event.project_id, event.annotator_id) == (sender.project.pk, sender.annotator.pk)
    if not own or event.undoes is None:
        raise AnswerConflict("This page was answered before; reload it, then undo.")
    annotation = Annotation.objects.get(example_id=event.example_id, annotator=sender.annotator)
    return Undone(event, event.undoes, annotation, is_resend=True)
