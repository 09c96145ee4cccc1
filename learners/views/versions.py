"""One version of a project's model beside the live one; making it live, retiring it, going back."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from learners.selectors.curve import Measure
from learners.selectors.past_classes import past_classes
from learners.services.comparing import compare
from learners.services.model_files import ModelFilesGone
from learners.services.model_reasons import seen_ids
from learners.views.comparing_sentences import compared
from learners.views.ladder import what
from learners.views.ladder_forms import WhyForm
from learners.views.model_files import files_context
from learners.views.past_class_sentences import WHAT_TO_DO, still_answers
from projects.models import ModelVersion, Project
from projects.selectors.versions import former_live, live_version, may_retire, stage_history
from projects.services.refusals import Refused
from projects.services.versions import promote, retire, roll_back
from projects.views.person import person

PAGE = "learners/model_version.html"
LONGEST_NUMBER = 10  # characters


@never_cache
@require_safe
@login_required
def version(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """What a version is, and how it does beside another one: the live one, unless asked for."""
    project, found = _found(request, pk, number)
    return render(request, PAGE, _context(request, project, found))


def _context(
    request: HttpRequest, project: Project, found: ModelVersion, form: WhyForm | None = None
) -> dict[str, Any]:
    others = project.model_versions.exclude(pk=found.pk).defer("manifest")
    other = _other(request, project, found)
    context: dict[str, Any] = {
        "project": project,
        "is_owner": True,
        "version": found,
        "accuracy": _measure(found, "accuracy"),
        "macro_f1": _measure(found, "macro_f1"),
        "others": others,
        "other": other,
        "comparison": None,
        "verdict": [],
        "what": what(project),
        "past": still_answers(found.number, past_classes(found)),
        "what_to_do": WHAT_TO_DO,
        **files_context(found),
        "form": form or WhyForm(),
        "may_retire": may_retire(found),
        "history": [
            change for change in stage_history(project.pk) if change.number == found.number
        ],
    }
    if other is None:
        return context
    try:
        shown = set(seen_ids(project, person(request)).tolist())
        comparison = compare(found, other, shown=shown)
    except ModelFilesGone as gone:
        return {**context, "gone": str(gone)}
    return {
        **context,
        "comparison": comparison,
        "verdict": compared(found, other, comparison, what(project)),
    }


def _other(request: HttpRequest, project: Project, found: ModelVersion) -> ModelVersion | None:
    """The version asked for, else the live one, else the one that was live before."""
    asked = request.GET.get("beside", "")
    others = project.model_versions.exclude(pk=found.pk)
    if asked.isdecimal() and len(asked) < LONGEST_NUMBER:
        return others.filter(number=int(asked)).first()
    live = live_version(project.pk)
    return live if live and live.pk != found.pk else former_live(project.pk)


def _measure(found: ModelVersion, name: str) -> Measure | None:
    said = found.measures
    if said.get(name) is None:
        return None
    return Measure(said[name], said[f"{name}_low"], said[f"{name}_high"], said.get("n_audit") or 0)


@require_POST
@login_required
def make_live(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """Promote a version, with a reason."""
    project, found = _found(request, pk, number)
    form = WhyForm(request.POST)
    if not form.is_valid():
        return render(request, PAGE, _context(request, project, found, form), status=422)
    try:
        promote(
            actor=person(request), version=found, why=form.cleaned_data["why"], now=timezone.now()
        )
    except Refused as refused:
        messages.error(request, refused.message)
        return redirect("model-version", pk, number)
    messages.success(request, f"Version {number} is live.")
    return redirect("models", pk)


@require_POST
@login_required
def take_out(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """Retire a version."""
    _, found = _found(request, pk, number)
    try:
        retire(actor=person(request), version=found, now=timezone.now())
    except Refused as refused:
        messages.error(request, refused.message)
    else:
        messages.success(request, f"Version {number} is retired.")
    return redirect("models", pk)


@require_POST
@login_required
def go_back(request: HttpRequest, pk: int) -> HttpResponse:
    """Make the former live version live again."""
    project = get_object_or_404(Project.objects.owned(person(request)), pk=pk)
    try:
        back = roll_back(
            actor=person(request), project=project, to=_number(request), now=timezone.now()
        )
    except Refused as refused:
        messages.error(request, refused.message)
    else:
        messages.success(request, f"Version {back.number} is live again.")
    return redirect("models", pk)


def _number(request: HttpRequest) -> int:
    """The version that the button named."""
    said = request.POST.get("to", "")
    if not said.isdecimal() or len(said) >= LONGEST_NUMBER:
        raise Refused("to", "Which version is to be live again? None was named.")
    return int(said)


def _found(request: HttpRequest, pk: int, number: int) -> tuple[Project, ModelVersion]:
    project = get_object_or_404(Project.objects.owned(person(request)), pk=pk)
    rows = ModelVersion.objects.select_related("created_by", "promoted_by")
    return project, get_object_or_404(rows, project=project, number=number)
