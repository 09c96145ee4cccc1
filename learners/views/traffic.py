"""Traffic: how a project's models are used, what of it is kept, and what comes of it. Owners only."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from learners.engine.intervals import wilson
from learners.services.serving import models_answer
from learners.views.ladder_sentences import accuracy_words
from learners.views.sentences import count, percent
from learners.views.traffic_chart import CHARTS, latency_words, traffic_spec
from learners.views.traffic_forms import PERCENT, KeepingForm
from learners.views.traffic_offers import found
from projects.models import Project
from projects.models.traffic import Origin
from projects.selectors.traffic import (
    SPANS,
    Kept,
    Traffic,
    TrafficOverTime,
    kept,
    traffic_over_time,
)
from projects.selectors.versions import live_version
from projects.services.refusals import Refused
from projects.services.traffic.keeping import (
    MOST_OF_A_FILE,
    MOST_OF_FILES_A_DAY,
    change_keeping,
    delete_kept,
)
from projects.views.person import person

MOST_CLASSES = 30


@never_cache
@require_safe
@login_required
def page(request: HttpRequest, pk: int) -> HttpResponse:
    """Sentences first, then the picture, then the table; below, what is kept and what it tells."""
    project = _owned(request, pk)
    return render(request, "learners/traffic.html", _context(request, project))


def _context(
    request: HttpRequest, project: Project, form: KeepingForm | None = None
) -> dict[str, Any]:
    span = SPANS.get(request.GET.get("span", ""), SPANS["week"])
    traffic = traffic_over_time(project, span, timezone.now())
    show = request.GET.get("show", "")
    shown = kept(project, traffic.since)
    return {
        "project": project,
        "is_owner": True,
        "live": live_version(project.pk),
        "models_away": not models_answer(),
        "span": span,
        "spans": SPANS.values(),
        "show": show if show in CHARTS else "texts",
        "charts": _charts(traffic),
        "traffic": traffic,
        "sentences": sentences_of(traffic),
        "lines": [_line(one) for one in traffic.versions],
        "classes": _classes(traffic.total),
        "n_more_classes": max(0, len(traffic.total.by_class) - MOST_CLASSES),
        "form": form or KeepingForm.of(project),
        "kept": shown,
        "file_sentence": file_sentence(project, traffic, shown),
        **found(project),
    }


def _charts(traffic: TrafficOverTime) -> list[tuple[str, str]]:
    """Which pictures there are; that of files only where there are any."""
    return [one for one in CHARTS.items() if one[0] != "files" or traffic.total.n_in_files]


def sentences_of(traffic: TrafficOverTime) -> list[str]:
    """What the counts say, in words."""
    total = traffic.total
    said = []
    if total.n_requests:
        said.append(
            f"{count(total.n_asked, 'text')} in {count(total.n_requests, 'request')} within the last"
            f" {traffic.span.words}; half were answered within {latency_words(total, 0.5)},"
            f" 95\N{NO-BREAK SPACE}% within {latency_words(total, 0.95)}."
        )
    if total.n_led_here or total.n_files:
        others = []
        if total.n_led_here:
            others.append(f"{count(total.n_led_here, 'text')} that other projects led here")
        if total.n_files:
            others.append(f"{count(total.n_in_files, 'text')} in {count(total.n_files, 'file')}")
        also = "Besides, " if total.n_requests else f"Within the last {traffic.span.words}, "
        said.append(f"{also}{' and '.join(others)}; these have no time of their own.")
    if total.n_errors:
        said.append(f"{count(total.n_errors, 'request')} could not be answered.")
    if total.n_judged:
        said.append(
            f"People kept what the model said in {_share(total.n_accepted, total.n_judged)}."
        )
    return said


def file_sentence(project: Project, traffic: TrafficOverTime, shown: Kept) -> str:
    """How much of the texts in files is kept, in words; "" where none is."""
    n, n_texts = shown.by_origin[Origin.FILE], traffic.total.n_in_files
    if not n_texts or not (n or project.traffic_kept):
        return ""
    return (
        f"Of a file at most {MOST_OF_A_FILE:,} texts are kept, chosen at random, and of all files"
        f" {MOST_OF_FILES_A_DAY:,} within 24 hours: {n:,} of the {n_texts:,} texts in files within the last"
        f" {traffic.span.words} ({percent(n / n_texts)})."
    )


def _share(k: int, n: int) -> str:
    found = wilson(k, n)
    return f"{k:,} of {n:,} cases: {percent(found.value)}, between {percent(found.low)} and {percent(found.high)}"


def _line(one: Traffic) -> dict[str, Any]:
    accepted = wilson(one.n_accepted, one.n_judged) if one.n_judged else None
    return {
        "version": one.version,
        "traffic": one,
        "half": latency_words(one, 0.5),
        "most": latency_words(one, 0.95),
        "worst": latency_words(one, 0.99),
        "deferred": percent(one.n_deferred / one.n_texts) if one.n_texts else "–",
        "accepted": f"{accuracy_words(accepted.value, accepted.low, accepted.high)}, n = {accepted.n:,}"
        if accepted
        else "–",
    }


def _classes(total: Traffic) -> list[tuple[str, int, str]]:
    n = total.n_texts or 1
    found = total.by_class.most_common(MOST_CLASSES)
    return [(name, times, percent(times / n)) for name, times in found]


@never_cache
@require_safe
@login_required
def chart(request: HttpRequest, pk: int) -> JsonResponse:
    """The picture, as the chart script draws it."""
    project = _owned(request, pk)
    span = SPANS.get(request.GET.get("span", ""), SPANS["week"])
    show = request.GET.get("show", "")
    traffic = traffic_over_time(project, span, timezone.now())
    points = traffic.at_home(project.time_zone)
    return JsonResponse(
        traffic_spec(points, show if show in CHARTS else "texts", project.time_zone)
    )


@require_POST
@login_required
def keeping(request: HttpRequest, pk: int) -> HttpResponse:
    """Switch keeping on or off, or change how."""
    project = _owned(request, pk)
    form = KeepingForm(request.POST)
    if not (form.is_valid() and _changed(request, project, form)):
        return render(
            request, "learners/traffic.html", _context(request, project, form), status=422
        )
    return redirect("traffic", pk)


def _changed(request: HttpRequest, project: Project, form: KeepingForm) -> bool:
    said = form.cleaned_data
    try:
        changed = change_keeping(
            actor=person(request),
            project=project,
            kept=said["kept"],
            share=said["share"] / PERCENT,
            days=said["days"],
            redaction=form.redaction(),
            now=timezone.now(),
        )
    except Refused as refused:
        form.add_error(refused.field or None, refused.message)
        return False
    kept_now = "Predictions are kept from now on." if said["kept"] else "Predictions are not kept."
    messages.success(request, kept_now if changed else "Nothing was changed.")
    return True


@require_POST
@login_required
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Delete all kept predictions; the counts stay."""
    project = _owned(request, pk)
    n_gone = delete_kept(actor=person(request), project=project, now=timezone.now())
    messages.success(
        request, f"{count(n_gone, 'kept prediction')} deleted. Counts and labels stay."
    )
    return redirect("traffic", pk)


def _owned(request: HttpRequest, pk: int) -> Project:
    return get_object_or_404(Project.objects.owned(person(request)), pk=pk)
