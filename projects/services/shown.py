"""Looking at random texts beside what a model says of them, and what that closes.

A random text measures because its answer was given blind. Whoever has seen a model's guesses at random
texts can no longer answer those that had an answer then: not anew, not otherwise, not by undoing. The
whole set that was answered closes, not the few that were read: leaving out the texts that models find
easy or hard would move every number that is measured on the rest.
"""

from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery

from projects.models import AnnotationEvent, Example, Lease, Project, ProjectEvent, User
from projects.services.ledger import append_project_event

LABELS = (AnnotationEvent.Kind.LABEL, AnnotationEvent.Kind.RELABEL)
CLOSED = (
    "You have looked at what a model says of this random text, so its answer is closed to you: it goes on "
    "measuring as it was given. People who have not looked can still answer it."
)


@transaction.atomic
def show_random_texts(*, actor: User, project: Project, now: datetime) -> ProjectEvent:
    """Record that `actor` looks at the random texts answered so far beside a model's guesses; those that
    are held for the actor to answer once more are let go.
    """
    event = append_project_event(
        project_id=project.pk,
        kind=ProjectEvent.Kind.RANDOM_TEXTS_SHOWN,
        actor=actor,
        payload={},
        now=now,
    )
    held = Lease.objects.filter(project=project, annotator=actor)
    held.filter(closed_for(actor, project.pk, "example_id")).delete()
    return event


def closed_to(*, user: User, example: Example) -> bool:
    """Whether the user may no longer answer this text."""
    rows = Example.objects.filter(closed_for(user, example.project_id), pk=example.pk)
    return example.role == Example.Role.AUDIT and rows.exists()


def closed_for(user: User, project_id: int, example: str = "pk") -> Q:
    """Of rows with a random text: that it had been labelled when the user looked, undone or not."""
    newest = _looks(project_id, user).order_by("-seq").values("seq")[:1]
    labels = AnnotationEvent.objects.filter(
        example=OuterRef(example),
        example__role=Example.Role.AUDIT,
        kind__in=LABELS,
        seq__lte=Subquery(newest),
    )
    return Q(Exists(labels))


def _looks(project_id: int, user: User) -> QuerySet[ProjectEvent]:
    return ProjectEvent.objects.filter(
        project_id=project_id, actor=user, kind=ProjectEvent.Kind.RANDOM_TEXTS_SHOWN
    )
