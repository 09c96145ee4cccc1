"""When a model's view of a text may be shown, and which model's: never before the answer."""

from datetime import datetime

from learners.models import Explanation, Fit
from projects.models import Annotation, AnnotationEvent, Lease
from projects.selectors.confirming import asked_by_running

ANSWER_FIRST = "What the model made of this text opens once it has an answer."
ASKED_AGAIN = (
    "This text is asked again, since a class was added. "
    "What the model made of it opens after that answer."
)
CONFIRMING = (
    "This text belongs to a confirmation that is running. "
    "What a model makes of it opens when the confirmation is over, so that no answer leans on it."
)
HELD = "Somebody has this text before them now. What the model made of it opens after their answer."


def withheld(event: AnnotationEvent, now: datetime) -> str:
    """Why nothing that a model derived from the event's text may be shown yet; "" if it may be."""
    answer = Annotation.objects.filter(
        example_id=event.example_id,
        annotator_id=event.annotator_id,
        state=Annotation.State.LABELLED,
    ).first()
    if answer is None:
        return ANSWER_FIRST
    if answer.stale:
        return ASKED_AGAIN
    if asked_by_running(event.project_id, event.example_id):
        return CONFIRMING
    held = Lease.objects.filter(example_id=event.example_id, expires_at__gt=now).exists()
    return HELD if held else ""


def fit_behind(event: AnnotationEvent) -> Fit | None:
    """The model as it was when the text was asked, which never learned from this answer: the one
    that chose it, else the newest that was trained on the ledger before it. None before the first.
    """
    published = Fit.objects.filter(project_id=event.project_id, status=Fit.Status.PUBLISHED)
    chose = published.filter(pk=event.fit_id).first() if event.fit_id else None
    return chose or published.filter(upto_seq__lt=_first_seq(event)).order_by("-id").first()


def _first_seq(event: AnnotationEvent) -> int:
    """When anybody first acted on the text: later models may have learned from it."""
    first = AnnotationEvent.objects.filter(example_id=event.example_id).order_by("seq").first()
    return first.seq if first else event.seq


def explanation_of(event: AnnotationEvent, fit: Fit) -> Explanation | None:
    """What was asked for or found out already."""
    return Explanation.objects.filter(fit=fit, example_id=event.example_id).first()
