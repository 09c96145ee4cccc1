"""The Models page: which model is the smallest that is good enough, and the ladder it stands on."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from learners.models import Ladder, Rung
from learners.selectors.ladder import RungRow, rung_rows
from learners.selectors.looks import figures_history, looks_of
from learners.selectors.past_classes import past_classes
from learners.selectors.status import project_status
from learners.services.keeping import keep_rung
from learners.services.ladder import (
    can_learn,
    cancel_ladder,
    kinds_for,
    newest_ladder,
    request_ladder,
)
from learners.services.ladder_choice import set_figures
from learners.services.model_files import ModelFilesGone
from learners.views import ladder_sentences
from learners.views.ladder_chart import ladder_spec
from learners.views.ladder_forms import EveryForm, FiguresForm, RungsForm
from learners.views.looks_sentences import figures_changed, small_print
from learners.views.past_class_sentences import WHAT_TO_DO, still_answers
from learners.views.students import students_of
from projects.models import Project
from projects.selectors.versions import former_live, live_version, stage_history
from projects.services.project_settings import change_settings
from projects.services.refusals import Refused
from projects.views.person import person

PAGE = "learners/models.html"


@dataclass(frozen=True)
class State:
    """Everything that changes while a ladder is trained. `results` changes when the sentence, the
    picture or the table would; `progress` when only the line of what is being done would.
    """

    rows: list[RungRow]
    verdict: list[str]
    small_print: list[str]
    doing: str
    news: str
    share: float
    busy_machine: str
    results: str
    progress: str


@never_cache
@require_safe
@login_required
def models(request: HttpRequest, pk: int) -> HttpResponse:
    """The newest ladder, and the versions that were kept."""
    project = get_object_or_404(Project.objects.owned(person(request)), pk=pk)
    return render(request, PAGE, page_context(project, timezone.now()))


def page_context(project: Project, now: datetime, **changed: Any) -> dict[str, Any]:
    """Everything on the page; `changed`: forms as they were posted."""
    ladder = newest_ladder(project.pk)
    is_open = ladder is not None and not ladder.is_over
    live = live_version(project.pk)
    return {
        "project": project,
        "is_owner": True,
        **state_context(project, ladder),
        "figures": FiguresForm(ladder=ladder) if ladder else None,
        "figures_history": [
            (change, figures_changed(change)) for change in figures_history(project.pk)
        ],
        "every": EveryForm(initial={"ladder_every": project.ladder_every}),
        "versions": project.model_versions.select_related("created_by", "promoted_by").defer(
            "manifest"
        ),
        "live": live,
        "past": still_answers(live.number, past_classes(live)) if live else "",
        "what_to_do": WHAT_TO_DO,
        "former": former_live(project.pk),
        "history": stage_history(project.pk),
        "banners": [
            banner
            for banner in project_status(project, now).banners
            if banner.level == "error" and is_open
        ],
        **changed,
    }


def state_context(project: Project, ladder: Ladder | None) -> dict[str, Any]:
    """What the part of the page shows that is swapped while a ladder is trained."""
    kinds = kinds_for(project)
    is_open = ladder is not None and not ladder.is_over
    return {
        "project": project,
        "ladder": ladder,
        "kinds": kinds,
        "state": _state(project, ladder) if ladder else None,
        "rungs_form": None if is_open or not kinds else RungsForm(kinds=kinds),
        "can_train": is_open or (bool(kinds) and can_learn(project.pk)),
        "what": what(project),
        "currency": ladder.prices.get("currency", "") if ladder else "",
        "has_price": bool(ladder and ladder.prices.get("cpu_hour")),
        "has_watts": bool(ladder and ladder.prices.get("watts")),
        "students": None if project.is_table else students_of(ladder),
    }


def what(project: Project) -> str:
    """What the examples are called."""
    return "rows" if project.is_table else "texts"


def _state(project: Project, ladder: Ladder) -> State:
    rows = rung_rows(ladder)
    results = [
        ladder.status, ladder.choice, ladder.prices, ladder.margin,
        [(row.rung.pk, row.rung.status, row.version) for row in rows],
    ]  # fmt: skip
    doing = ladder_sentences.doing(ladder, rows)
    share = ladder_sentences.share_done(rows)
    return State(
        rows=rows,
        verdict=ladder_sentences.verdict(ladder, rows, what(project)),
        small_print=_small_print(project, ladder),
        doing=doing,
        news=ladder_sentences.news(ladder, rows),
        share=share,
        busy_machine=ladder_sentences.busy_machine(rows),
        results=_digest([ladder.pk, *results]),
        progress=_digest([doing, round(share, 3)]),
    )


def _small_print(project: Project, ladder: Ladder) -> list[str]:
    if len(ladder.choice.get("rungs", ())) < 2:
        return []
    return small_print(ladder, looks_of(ladder), what(project), zone=project.time_zone)


def _digest(values: list[Any]) -> str:
    return hashlib.sha256(repr(values).encode()).hexdigest()[:12]


@never_cache
@require_safe
@login_required
def state(request: HttpRequest, pk: int) -> HttpResponse:
    """What is new: all of it, the line of what is being done, or nothing (204)."""
    project = get_object_or_404(Project.objects.owned(person(request)), pk=pk)
    ladder = newest_ladder(project.pk)
    context = state_context(project, ladder)
    shown: State | None = context["state"]
    if shown is None:
        raise Http404("There is no ladder yet.")
    if request.GET.get("results") != shown.results:
        response = render(request, "learners/models/state_and_news.html", context)
        response["HX-Retarget"] = "#ladder-state"
        return response
    if request.GET.get("progress") == shown.progress:
        return HttpResponse(status=204)
    return render(request, "learners/models/progress.html", context)


@never_cache
@require_safe
@login_required
def chart(request: HttpRequest, pk: int) -> JsonResponse:
    """The picture of the newest ladder, as the chart script draws it."""
    project = get_object_or_404(Project.objects.owned(person(request)), pk=pk)
    ladder = newest_ladder(project.pk)
    if ladder is None or not ladder.choice:
        raise Http404("There is nothing to draw yet.")
    has_price = bool(ladder.prices.get("cpu_hour"))
    currency = ladder.prices.get("currency", "")
    return JsonResponse(ladder_spec(rung_rows(ladder), currency=currency, has_price=has_price))


@require_POST
@login_required
def start(request: HttpRequest, pk: int) -> HttpResponse:
    """Train a ladder over the labels as they stand."""
    project = get_object_or_404(Project.objects.owned(person(request)), pk=pk)
    form = RungsForm(request.POST, kinds=kinds_for(project))
    if not form.is_valid():
        return _again(request, project, rungs_form=form)
    try:
        request_ladder(
            actor=person(request),
            project=project,
            rungs=form.cleaned_data["rungs"],
            now=timezone.now(),
        )
    except Refused as refused:
        messages.error(request, f"No ladder was begun. {refused.message}")
    return redirect("models", pk)


@require_POST
@login_required
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """End the ladder that is being trained; models that are done stay."""
    project = get_object_or_404(Project.objects.owned(person(request)), pk=pk)
    ladder = newest_ladder(project.pk)
    if ladder and cancel_ladder(ladder_id=ladder.pk, now=timezone.now()):
        messages.success(request, "Cancelled. The models that were done stay.")
    else:
        messages.info(request, "It was over already.")
    return redirect("models", pk)


@require_POST
@login_required
def figures(request: HttpRequest, pk: int) -> HttpResponse:
    """What a CPU hour costs, the watts, and the margin."""
    project = get_object_or_404(Project.objects.owned(person(request)), pk=pk)
    ladder = newest_ladder(project.pk)
    if ladder is None:
        raise Http404("There is no ladder yet.")
    form = FiguresForm(request.POST, ladder=ladder)
    if form.is_valid():
        try:
            set_figures(
                actor=person(request),
                ladder_id=ladder.pk,
                figures=form.figures(),
                now=timezone.now(),
            )
        except Refused as refused:
            form.add_error(refused.field or None, refused.message)
        except ModelFilesGone as gone:
            form.add_error(None, str(gone))
    if form.errors:
        return _again(request, project, figures=form)
    messages.success(request, "Worked out again with these figures.")
    return redirect("models", pk)


@require_POST
@login_required
def every(request: HttpRequest, pk: int) -> HttpResponse:
    """After how many labels a ladder is trained by itself."""
    project = get_object_or_404(Project.objects.owned(person(request)), pk=pk)
    form = EveryForm(request.POST)
    if form.is_valid():
        changes = {"ladder_every": form.cleaned_data["ladder_every"]}
        try:
            change_settings(
                actor=person(request), project=project, changes=changes, now=timezone.now()
            )
        except Refused as refused:
            form.add_error("ladder_every", refused.message)
    if form.errors:
        return _again(request, project, every=form)
    messages.success(request, "Saved.")
    return redirect("models", pk)


@require_POST
@login_required
def keep(request: HttpRequest, pk: int, rung: int) -> HttpResponse:
    """Make the model of a rung a candidate."""
    project = get_object_or_404(Project.objects.owned(person(request)), pk=pk)
    row = get_object_or_404(
        Rung.objects.select_related("ladder__project"), pk=rung, ladder__project=project
    )
    try:
        version = keep_rung(actor=person(request), rung=row, now=timezone.now())
    except Refused as refused:
        messages.error(request, refused.message)
        return redirect("models", pk)
    messages.success(
        request, f"Kept as version {version.number}. It is a candidate: make it live here."
    )
    return redirect("model-version", pk, version.number)


def _again(request: HttpRequest, project: Project, **forms: Any) -> HttpResponse:
    project.refresh_from_db()
    return render(request, PAGE, page_context(project, timezone.now(), **forms), status=422)
