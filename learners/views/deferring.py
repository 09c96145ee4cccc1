"""What a version leaves to others: a wanted accuracy, what a threshold does, a cascade, and keeping it."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from learners.engine.cascade import Cascade
from learners.engine.deferral import Choice, Point, curve
from learners.selectors.cascade_rows import cascade_rows
from learners.services.deferring import (
    Answerer,
    Judged,
    answerers,
    as_answerer,
    cascade_of,
    decide,
    judged,
    keep_deferral,
    rule_of,
)
from learners.services.ladder import newest_ladder
from learners.services.model_files import ModelFilesGone
from learners.views import deferral_sentences as sentences
from learners.views.deferral_chart import deferral_spec
from learners.views.deferral_forms import DeferralForm, KeepForm, QueueForm
from learners.views.ladder import what
from projects.models import ModelVersion, Project
from projects.selectors.versions import deferral_history
from projects.services.deferral import deferral_of
from projects.services.incoming import n_in_line, room_today
from projects.services.project_settings import change_settings
from projects.services.refusals import Refused
from projects.views.person import person

PAGE = "learners/deferral.html"
USUAL = 95
ROWS = 10
SEVERAL = "Texts of this project have any number of classes each; a threshold for each class decides there already."


@dataclass(frozen=True, eq=False)
class Found:
    """What the asked accuracy leads to."""

    answers: Judged
    choice: Choice
    points: list[Point]
    other: Answerer | None
    pair: Cascade | None
    wanted: float
    careful: bool


@never_cache
@require_safe
@login_required
def deferral(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """What a threshold for the asked accuracy does, and what is kept now."""
    version = _version(request, pk, number)
    form = _form(request, version)
    status = 422 if form.is_bound and not form.is_valid() else 200
    return render(request, PAGE, _context(version, form), status=status)


@never_cache
@require_safe
@login_required
def chart(request: HttpRequest, pk: int, number: int) -> JsonResponse:
    """The picture of the answers that choose: those that report are looked at for one threshold only."""
    version = _version(request, pk, number)
    found, _ = _found(version, _form(request, version))
    if found is None or not found.points:
        raise Http404("There is nothing to draw yet.")
    return JsonResponse(deferral_spec(found.points, found.choice.chosen_on, found.wanted))


@require_POST
@login_required
def keep(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """Keep a threshold with the version, when it is still the one that was looked at."""
    version = _version(request, pk, number)
    form = DeferralForm(request.POST, others=answerers(version))
    why = KeepForm(request.POST)
    found, _ = _found(version, form) if form.is_valid() and why.is_valid() else (None, "")
    if found is None or found.choice.threshold is None:
        return render(request, PAGE, _context(version, form, why=why), status=422)
    if why.cleaned_data["threshold"] != found.choice.threshold:
        messages.info(request, "Answers came in meanwhile and moved the threshold. Look again.")
        return render(request, PAGE, _context(version, form), status=409)
    rule = rule_of(
        found.choice,
        wanted=found.wanted,
        careful=found.careful,
        other=found.other,
        pair=found.pair,
    )
    return _kept(request, version, form, why, rule)


@require_POST
@login_required
def clear(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """Have a version answer everything again."""
    version = _version(request, pk, number)
    why = KeepForm(request.POST)
    form = _form(request, version)
    if not why.is_valid():
        return render(request, PAGE, _context(version, form, clear_why=why), status=422)
    return _kept(request, version, form, why, None)


@require_POST
@login_required
def queue(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """Whether what is left to people is kept and asked, in the whole project."""
    version = _version(request, pk, number)
    form = QueueForm(request.POST)
    if form.is_valid() and not version.project.is_table:
        try:
            change_settings(
                actor=person(request),
                project=version.project,
                changes=form.cleaned_data,
                now=timezone.now(),
            )
        except Refused as refused:
            form.add_error(refused.field or None, refused.message)
    if form.errors or version.project.is_table:
        context = _context(version, _form(request, version)) | {"queue_form": form}
        return render(request, PAGE, context, status=422)
    messages.success(request, "Saved.")
    return redirect("model-deferral", pk, number)


def _kept(
    request: HttpRequest, version: ModelVersion, form: DeferralForm, why: KeepForm, rule: Any
) -> HttpResponse:
    try:
        keep_deferral(
            actor=person(request),
            version=version,
            deferral=rule,
            why=why.cleaned_data["why"],
            now=timezone.now(),
        )
    except Refused as refused:
        why.add_error("why" if refused.field == "why" else None, refused.message)
        named = {"why": why} if rule else {"clear_why": why}
        return render(request, PAGE, _context(version, form, **named), status=422)
    words = "Kept." if rule else "It answers everything again."
    messages.success(request, f"{words} Files of this version are made anew when you ask for them.")
    return redirect("model-deferral", version.project_id, version.number)


def _version(request: HttpRequest, pk: int, number: int) -> ModelVersion:
    project = get_object_or_404(Project.objects.owned(person(request)), pk=pk)
    rows = ModelVersion.objects.select_related("project")
    return get_object_or_404(rows, project=project, number=number)


def _form(request: HttpRequest, version: ModelVersion) -> DeferralForm:
    """As asked for; else as it was kept; else the usual."""
    others = answerers(version)
    if "wanted" in request.GET:
        return DeferralForm(request.GET, others=others)
    rule = deferral_of(version)
    initial: dict[str, Any] = {"wanted": USUAL, "careful": False, "to": "person"}
    if rule:
        key = f"{rule.to}-{rule.version}" if rule.version else rule.to
        initial = {"wanted": f"{100 * rule.wanted:g}", "careful": rule.careful, "to": key}
    return DeferralForm(initial=initial, others=others)


def _asked(form: DeferralForm) -> tuple[float, bool, Answerer | None] | None:
    if not form.is_bound:
        said = form.initial
        return float(said["wanted"]) / 100, said["careful"], form.others.get(said["to"])
    return (form.share, form.cleaned_data["careful"], form.other) if form.is_valid() else None


def _found(version: ModelVersion, form: DeferralForm) -> tuple[Found | None, str]:
    """What it leads to, or why nothing can be said."""
    if version.project.multilabel:
        return None, SEVERAL
    asked = _asked(form)
    if asked is None:
        return None, ""
    wanted, careful, other = asked
    try:
        answers = judged(version)
        choice = decide(answers, wanted=wanted, careful=careful)
        pair = None
        if other and choice.threshold is not None:
            pair = cascade_of(version.project, answers, other, choice.threshold)
    except ModelFilesGone as gone:
        return None, str(gone)
    half = answers.choosing
    points = curve(answers.confidence[half], answers.correct[half]) if half.any() else []
    return Found(answers, choice, points, other, pair, wanted, careful), ""


def _context(
    version: ModelVersion,
    form: DeferralForm,
    *,
    why: KeepForm | None = None,
    clear_why: KeepForm | None = None,
) -> dict[str, Any]:
    project, rule = version.project, deferral_of(version)
    found, problem = _found(version, form)
    labels = {one.key: sentences.goes_to(one) for one in form.others.values()}
    context: dict[str, Any] = {
        "project": project,
        "is_owner": True,
        "version": version,
        "is_live": version.stage == ModelVersion.Stage.LIVE,
        "what": what(project),
        "form": form,
        "found": found,
        "problem": problem,
        "rule": rule,
        "saved": sentences.saved(rule, sentences.other_of(rule, labels), what(project))
        if rule
        else "",
        "queue_form": QueueForm(
            initial={
                "defer_to_queue": project.defer_to_queue,
                "incoming_per_day": project.incoming_per_day,
            }
        ),
        "n_waiting": n_in_line(project.pk),
        "room": room_today(project, timezone.now()),
        "clear_form": clear_why or KeepForm(auto_id="clear_%s"),
        "history": deferral_history(version),
    }
    return context | (_results(version, found, why) if found else {})


def _results(version: ModelVersion, found: Found, why: KeepForm | None) -> dict[str, Any]:
    choice, other = found.choice, found.other
    noun = what(version.project)
    return {
        "verdict": sentences.verdict(
            choice, wanted=found.wanted, careful=found.careful, other=other, what=noun
        ),
        "how": sentences.how_chosen(choice, wanted=found.wanted, careful=found.careful),
        "rows": _at_tenths(found.points, choice.chosen_on),
        "keep_form": why or KeepForm(initial={"threshold": choice.threshold}),
        "kept_values": {
            "wanted": f"{100 * found.wanted:g}",
            "careful": "on" if found.careful else "",
            "to": other.key if other else "person",
        },
        **(_pair(version, found, other) if other and choice.threshold is not None else {}),
    }


def _pair(version: ModelVersion, found: Found, other: Answerer) -> dict[str, Any]:
    if found.pair is None:
        return {"pair_said": sentences.too_few_shared(other)}
    ladder = newest_ladder(version.project_id)
    prices = ladder.prices if ladder else {}
    rows = cascade_rows(as_answerer(version), other, found.pair, prices)
    currency = prices.get("currency", "")
    return {
        "pair_said": sentences.pair_verdict(found.pair, other),
        "pair_rows": [
            (row, sentences.money(row.cost, currency, row.asked, row.asked_currency))
            for row in rows
        ],
    }


def _at_tenths(points: list[Point], chosen: Point | None) -> list[tuple[Point, bool]]:
    """The thresholds nearest to each tenth of coverage, and the chosen one among them."""
    picked = {
        id(found): found
        for tenth in range(1, ROWS + 1)
        for found in [min(points, key=lambda each: abs(each.coverage.value - tenth / ROWS))]
    } if points else {}  # fmt: skip
    rows = [(found, False) for found in picked.values() if found.accuracy]
    if chosen and chosen.accuracy:
        rows = [row for row in rows if row[0].n_kept != chosen.n_kept] + [(chosen, True)]
    return sorted(rows, key=lambda row: row[0].n_kept)
