"""What a model made of an answered text: asked for here, worked out by a worker, never before the answer."""

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.decorators import login_required
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from learners.models import Explanation, Fit
from learners.selectors.asked import why_asked
from learners.selectors.status import worker_is_alive
from learners.selectors.why import explanation_of, fit_behind, withheld
from learners.services.explain_request import request_explanation
from projects.models import Annotation, AnnotationEvent, Example, LabelClass, Project, User
from projects.models.project import Role
from projects.services.standing import successor
from projects.views.person import person

STRENGTHS = 3  # of a word's colour
NEIGHBOUR_CHARACTERS = 160


@never_cache
@require_http_methods(["GET", "POST"])
@login_required
def why(request: HttpRequest, pk: int, event: int) -> HttpResponse:
    """One answer's text as the model saw it: the state of it (GET), or ask for it (POST).

    One's own answers; an owner's page also shows those of others.
    """
    user = person(request)
    project = get_object_or_404(Project.objects.member(user), pk=pk)
    found = get_object_or_404(_mine(project, user), pk=event)
    if request.method == "POST":
        _ask(found)
        if not request.headers.get("HX-Request"):
            return redirect("why", pk, event)
    context = {"project": project, "event": found, "is_owner": _owns(project, user)}
    context |= _state(project, found)
    if request.headers.get("HX-Request"):
        return render(request, "projects/why/model.html", context)
    context["why"] = why_asked(found, project)
    return render(request, "projects/why/page.html", context)


def _owns(project: Project, user: User) -> bool:
    return project.memberships.filter(user=user, role=Role.OWNER).exists()


def _mine(project: Project, user: User) -> Any:
    events = AnnotationEvent.objects.filter(project=project, annotator__isnull=False)
    events = events.select_related("example")
    return events if _owns(project, user) else events.filter(annotator=user)


def _ask(event: AnnotationEvent) -> None:
    now = timezone.now()
    fit = fit_behind(event)
    if fit and not withheld(event, now):
        request_explanation(fit=fit, example_id=event.example_id, now=now)


def _state(project: Project, event: AnnotationEvent) -> dict[str, Any]:
    """What may be shown now: a reason why not, nothing yet, waiting, an error, or the explanation."""
    now = timezone.now()
    if reason := withheld(event, now):
        return {"state": "withheld", "reason": reason}
    fit = fit_behind(event)
    if fit is None:
        return {"state": "no_model"}
    row = explanation_of(event, fit)
    context: dict[str, Any] = {"fit": fit, "row": row}
    if row is None:
        return context | {"state": "not_asked"}
    if row.error:
        return context | {"state": "error"}
    if row.done_at is None:
        return context | {"state": "waiting", "worker_alive": worker_is_alive(now)}
    return context | {"state": "done"} | _found(project, event, fit, row)


def _found(project: Project, event: AnnotationEvent, fit: Fit, row: Explanation) -> dict[str, Any]:
    classes = {c.pk: c for c in project.label_classes.all()}
    answer = Annotation.objects.get(example_id=event.example_id, annotator_id=event.annotator_id)
    most = max((abs(weight) for _, weight in row.words), default=1.0)
    words = [_word(str(word), float(weight), most) for word, weight in row.words]
    return {
        "guess": _now(classes, row.guess),
        "labels": [classes[label] for label in answer.labels if label in classes],
        "was_right": [row.guess] == answer.labels,
        "words_for": [word for word in words if word.weight > 0],
        "words_against": [word for word in words if word.weight < 0],
        "neighbours": _neighbours(row, classes),
    }


@dataclass(frozen=True)
class Word:
    """A word and how much it weighed; `strength` from 1 to 3 beside the weightiest of the text."""

    word: str
    weight: float
    strength: int


def _word(word: str, weight: float, most: float) -> Word:
    return Word(word, weight, min(STRENGTHS, 1 + int(STRENGTHS * abs(weight) / most)))


@dataclass(frozen=True)
class Neighbour:
    """A labelled text near by, with the labels that stand now and its cosine, in [-1, 1]."""

    text: str
    labels: list[LabelClass]
    cosine: float


def _neighbours(row: Explanation, classes: dict[int, LabelClass]) -> list[Neighbour]:
    """Those whose label still stands."""
    standing = Annotation.objects.filter(state=Annotation.State.LABELLED, stale=False)
    rows = Example.objects.filter(pk__in=[pk for pk, _ in row.neighbours], settled=True)
    rows = rows.prefetch_related(
        Prefetch("annotations", standing.order_by("-updated_at"), to_attr="standing")
    )
    by_id: dict[int, Any] = {example.pk: example for example in rows}
    return [
        Neighbour(
            by_id[pk].text[:NEIGHBOUR_CHARACTERS],
            [classes[label] for label in by_id[pk].standing[0].labels if label in classes],
            cosine,
        )
        for pk, cosine in row.neighbours
        if pk in by_id and by_id[pk].standing
    ]


def _now(classes: dict[int, LabelClass], class_id: int | None) -> LabelClass | None:
    """The class as it is called now; None where it is gone."""
    return successor(classes, class_id) if class_id in classes else None
