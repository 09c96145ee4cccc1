"""When a model's view of a text may be shown, and which model's: never before the answer, and never of
a text that measures.
"""

from datetime import datetime

from learners.models import Explanation, Fit
from projects.models import Annotation, AnnotationEvent, Example, Lease

ANSWER_FIRST = "What the model made of this text opens once it has an answer."
MEASURES = (
    "This text was drawn at random, to measure. No model's guess at such a text is shown, not after "
    "the answer either: answers can be changed, and one that leans on a guess would measure nothing."
)
HELD = "Somebody has this text before them now. What the model made of it opens after their answer."


def withheld(event: AnnotationEvent, now: datetime) -> str:
    """Why nothing that a model derived from the event's text may be shown yet; "" if it may be."""
    # No note of who has seen which guess would do instead: it would not outlive a rebuild.
    if event.example.role == Example.Role.AUDIT:
        return MEASURES
    answered = Annotation.objects.filter(
        example_id=event.example_id,
        annotator_id=event.annotator_id,
        state=Annotation.State.LABELLED,
    )
    if not answered.exists():
        return ANSWER_FIRST
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
