"""Looking at random texts beside what a model says of them, and what that closes.

A random text measures because its answer was given blind. Whoever has seen a model's guesses at random
texts can no longer answer those that had an answer then: not anew, not otherwise, not by undoing. The
whole set that was answered closes, not the few that were read: leaving out the texts that models find
easy or hard would move every number that is measured on the rest.
"""

from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from projects.models import AnnotationEvent, Example, Project, ProjectEvent, User
from projects.services.ledger import append_project_event

LABELS = (AnnotationEvent.Kind.LABEL, AnnotationEvent.Kind.RELABEL)
CLOSED = (
    "You have looked at what a model says of this random text, so its answer is closed to you: it goes on "
    "measuring as it was given. People who have not looked can still answer it."
)


@transaction.atomic
def show_random_texts(*, actor: User, project: Project, now: datetime) -> ProjectEvent:
    """Record that `actor` looks at the random texts answered so far beside a model's guesses."""
    return append_project_event(
        project_id=project.pk,
        kind=ProjectEvent.Kind.RANDOM_TEXTS_SHOWN,
        actor=actor,
        payload={},
        now=now,
    )


def shown_upto(project_id: int, user: User) -> int:
    """Number of the event with which the user last looked, 0 for never."""
    looked = ProjectEvent.objects.filter(
        project_id=project_id, actor=user, kind=ProjectEvent.Kind.RANDOM_TEXTS_SHOWN
    )
    newest = looked.order_by("-seq").values_list("seq", flat=True).first()
    return newest or 0


def closed_to(*, user: User, example: Example) -> bool:
    """Whether the user may no longer answer this text."""
    if example.role != Example.Role.AUDIT:
        return False
    upto = shown_upto(example.project_id, user)
    events = AnnotationEvent.objects.filter(example=example, kind__in=LABELS, seq__lte=upto)
    return bool(upto) and events.exists()


def answered_upto(seq: int, example: str = "pk") -> Q:
    """Of rows with an example: that it was labelled by event `seq`, also where that was undone."""
    labels = AnnotationEvent.objects.filter(
        example=OuterRef(example), kind__in=LABELS, seq__lte=seq
    )
    return Q(Exists(labels))
