"""Confirm a model: an owner freezes a fit, watches it put to fresh random texts, reads what came of it."""

import hashlib
from collections import Counter
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from learners.engine.anytime import questions_needed
from learners.engine.intervals import Interval
from learners.models import Fit
from learners.selectors.confirming import (
    SHARES,
    confirmations,
    costs,
    interval_of,
    progress,
    running,
)
from learners.selectors.curve import CurvePoint, Measure, curve
from learners.selectors.progress import pace
from learners.selectors.status import project_status
from learners.services.freezing import freeze_and_start
from learners.views import confirm_sentences, sentences
from learners.views.interval_path import PathDrawing, path_drawing
from projects.models import Confirmation, Project
from projects.selectors.confirming import Reserve, asked_in_order, error_rate_after, reserve
from projects.services.confirming import Result, end_confirmation
from projects.services.refusals import Refused
from projects.views.person import person

SUPPOSED = (0.8, 0.9, 0.95)  # where nothing is measured yet
FITS_OFFERED = 20
USUAL_TARGET = 0.8

Tries = Counter[int]
"""By fit, how many confirmations of it there were."""


class StartForm(forms.Form):
    """Which model, which target, and how many of the questions."""

    fit = forms.TypedChoiceField(label="Model", coerce=int)
    target_percent = forms.FloatField(
        label="Target: right on at least, %",
        min_value=1,
        max_value=99.9,
        help_text="1 to 99.9. Fixed once it runs: a target moved afterwards would prove nothing.",
    )
    share = forms.TypedChoiceField(
        label="Questions while it runs",
        choices=list(SHARES.items()),
        coerce=float,
        widget=forms.RadioSelect,
    )

    def __init__(self, *args: Any, points: list[CurvePoint], tries: Tries, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offered = [(point.fit_id, _fit_words(point, tries[point.fit_id])) for point in points]
        self.fields["fit"].choices = offered  # type: ignore[attr-defined]


def _fit_words(point: CurvePoint, n_tries: int) -> str:
    parts = [f"fit {point.fit_id}", sentences.count(point.n_labels, "label"), _measured(point)]
    tried = confirm_sentences.tries_before(n_tries, error_rate_after(n_tries))
    return ", ".join([*parts, tried] if tried else parts)


def _measured(point: CurvePoint) -> str:
    if point.right is None:
        return "not measured"
    whole = " whole sets" if point.sets else ""
    return (
        f"{sentences.percent(point.right.value)}{whole} "
        f"({sentences.interval(point.right)}, n = {point.right.n})"
    )


@never_cache
@require_http_methods(["GET", "POST"])
@login_required
def confirm(request: HttpRequest, pk: int) -> HttpResponse:
    """What runs, what came of those before, and the form that starts one."""
    project = get_object_or_404(Project.objects.owned(person(request)), pk=pk)
    points = list(reversed(curve(project.pk)))[:FITS_OFFERED]
    tries = Counter(project.confirmations.values_list("fit_id", flat=True))
    form = StartForm(request.POST or None, points=points, tries=tries, initial=_usual(points))
    if request.method == "POST" and form.is_valid() and _started(request, project, form):
        return redirect("confirm", pk)
    status = 422 if request.method == "POST" else 200
    context = _page(project, points, form, tries)
    return render(request, "learners/confirm.html", context, status=status)


def _usual(points: list[CurvePoint]) -> dict[str, Any]:
    newest = points[0].fit_id if points else None
    return {"fit": newest, "target_percent": f"{100 * USUAL_TARGET:.0f}", "share": "1"}


def _started(request: HttpRequest, project: Project, form: StartForm) -> bool:
    said = form.cleaned_data
    fit = get_object_or_404(Fit, pk=said["fit"], project=project)
    try:
        freeze_and_start(
            actor=person(request),
            project=project,
            fit=fit,
            target=said["target_percent"] / 100,
            share=said["share"],
            now=timezone.now(),
        )
    except Refused as refused:
        field = {"target": "target_percent"}.get(refused.field, refused.field)
        form.add_error(field, refused.message)
        return False
    messages.success(request, "The model is frozen. The next questions are put to it.")
    return True


@require_POST
@login_required
def confirm_end(request: HttpRequest, pk: int) -> HttpResponse:
    """End what runs; its answers stay."""
    project = get_object_or_404(Project.objects.owned(person(request)), pk=pk)
    found = running(project)
    ended = found is not None and end_confirmation(
        confirmation_id=found.pk, result=Result.ENDED, actor=person(request), now=timezone.now()
    )
    if ended:
        messages.success(request, f"Ended. The answers stay, as ordinary random {project.noun}s.")
    else:
        messages.info(request, "No confirmation was running any more.")
    return redirect("confirm", pk)


@require_safe
@login_required
@never_cache
def confirm_state(request: HttpRequest, pk: int) -> HttpResponse:
    """The running state if it differs from what the browser has (204 if not); the whole page anew
    once it ended.
    """
    project = get_object_or_404(Project.objects.owned(person(request)), pk=pk)
    found = running(project)
    if found is None:
        response = HttpResponse(status=204)
        response["HX-Refresh"] = "true"
        return response
    state = _running(project, found)
    if state.version == request.GET.get("have"):
        return HttpResponse(status=204)
    return render(request, "learners/confirm/state.html", {"project": project, "state": state})


def _page(
    project: Project, points: list[CurvePoint], form: StartForm, tries: Tries
) -> dict[str, Any]:
    now = timezone.now()
    found, left = running(project), reserve(project)
    ended = [_ended(row) for row in confirmations(project)]
    return {
        "project": project,
        "is_owner": True,
        "banners": [b for b in project_status(project, now).banners if b.level == "error"],
        "state": _running(project, found) if found else None,
        "reserve": left,
        "form": form,
        "has_model": bool(points),
        "price": _price(project, points[0] if points else None, left, tries) if not found else None,
        "newest": ended[0] if ended else None,
        "ended": ended,
    }


@dataclass(frozen=True)
class RunningState:
    """What the page shows of a confirmation that runs; `version` changes when any of it does."""

    confirmation: Confirmation
    sentence: str
    notes: list[str]
    drawing: PathDrawing
    facts: list[tuple[str, str]]
    error: str
    version: str


def _running(project: Project, confirmation: Confirmation) -> RunningState:
    state = progress(confirmation, asked_in_order(confirmation, timezone.now()))
    notes = [
        confirm_sentences.outlook(confirmation, state, _n_more(confirmation, state.n_left)),
        confirm_sentences.waiting(state, project.noun),
        confirm_sentences.skipped(state.n_skipped),
    ]
    facts = [
        ("Answers that count", f"{confirmation.n:,}"),
        (f"Fresh {project.noun}s left", f"{state.n_left:,} of {confirmation.n_fresh:,}"),
        ("Questions", _share_words(confirmation.share)),
        ("Model", f"fit {confirmation.fit_id}, {confirmation.n_labels:,} labels"),
        ("Confidence", confirm_sentences.try_words(confirmation)),
    ]
    said = (confirmation.pk, confirmation.outcomes, state)
    return RunningState(
        confirmation=confirmation,
        sentence=confirm_sentences.running_sentence(confirmation),
        notes=[note for note in notes if note],
        drawing=path_drawing(confirmation),
        facts=facts,
        error=state.error,
        version=_version(repr(said)),
    )


def _version(said: str) -> str:
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def _share_words(share: float) -> str:
    return "only these" if share == 1 else f"{sentences.percent(share)} are these"


def _n_more(confirmation: Confirmation, n_left: int) -> int | None:
    if not confirmation.n:
        return None
    needed = questions_needed(
        confirmation.n_right / confirmation.n,
        target=confirmation.target,
        n_max=confirmation.n + max(1, n_left),
        error_rate=confirmation.error_rate,
    )
    return None if needed is None else max(1, needed - confirmation.n)


@dataclass(frozen=True)
class Ended:
    """A confirmation that is over, as the page tells of it."""

    confirmation: Confirmation
    tag: str
    sentence: str
    skipped: str
    interval: Interval | None
    drawing: PathDrawing


def _ended(confirmation: Confirmation) -> Ended:
    return Ended(
        confirmation,
        confirm_sentences.TAGS[Result(confirmation.result)],
        confirm_sentences.result_sentence(confirmation),
        confirm_sentences.skipped(confirmation.n_skipped),
        interval_of(confirmation),
        path_drawing(confirmation),
    )


@dataclass(frozen=True)
class Price:
    """What a confirmation takes: a row a target, a column for each accuracy the model might have."""

    supposed: list[float]
    fit_id: int | None
    measured: Measure | None
    rows: list[confirm_sentences.CostRow]
    time: str


def _price(project: Project, newest: CurvePoint | None, left: Reserve, tries: Tries) -> Price:
    right = newest.right if newest else None
    supposed = [right.low, right.value, right.high] if right else list(SUPPOSED)
    error_rate = error_rate_after(tries[newest.fit_id] if newest else 0)
    tables = [costs(accuracy=share, reserve=left, error_rate=error_rate) for share in supposed]
    middle = next(cost for cost in tables[1] if cost.target == USUAL_TARGET)
    return Price(
        supposed=supposed,
        fit_id=newest.fit_id if newest else None,
        measured=right,
        rows=confirm_sentences.cost_rows(tables, left.n_fresh),
        time=confirm_sentences.time_words(middle.n_questions, pace(project).median_seconds),
    )
