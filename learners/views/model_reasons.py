"""What a rung or a version rests on: words of its classes, random texts it is surest of, and its worst."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from learners.models import Rung
from learners.selectors.training import training_set
from learners.services.model_files import ModelFilesGone
from learners.services.model_reasons import Model, seen_ids, told_texts, words_of
from learners.views.ladder import what
from projects.models import ModelVersion, Project
from projects.services.shown import show_random_texts
from projects.views.person import person

PAGE = "learners/model_reasons.html"


@never_cache
@require_safe
@login_required
def rung_reasons(request: HttpRequest, pk: int, rung: int) -> HttpResponse:
    """What a rung rests on."""
    project, row = _rung(request, pk, rung)
    look = reverse("rung-reasons-look", args=[pk, rung])
    return _page(request, project, row, row.label or row.name, look)


@never_cache
@require_safe
@login_required
def version_reasons(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """What a version rests on."""
    project, row = _version(request, pk, number)
    look = reverse("version-reasons-look", args=[pk, number])
    title = f"version {number}, {row.rung_label or row.rung}"
    return _page(request, project, row, title, look)


@require_POST
@login_required
def rung_look(request: HttpRequest, pk: int, rung: int) -> HttpResponse:
    """Look at random texts beside a rung's guesses; that closes their answers to the reader."""
    project, _ = _rung(request, pk, rung)
    return _look(request, project, reverse("rung-reasons", args=[pk, rung]))


@require_POST
@login_required
def version_look(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """Look at random texts beside a version's guesses; that closes their answers to the reader."""
    project, _ = _version(request, pk, number)
    return _look(request, project, reverse("version-reasons", args=[pk, number]))


def _rung(request: HttpRequest, pk: int, rung: int) -> tuple[Project, Rung]:
    project = get_object_or_404(Project.objects.owned(person(request)), pk=pk)
    rows = Rung.objects.filter(ladder__project=project, status=Rung.Status.DONE)
    return project, get_object_or_404(rows.select_related("ladder"), pk=rung)


def _version(request: HttpRequest, pk: int, number: int) -> tuple[Project, ModelVersion]:
    project = get_object_or_404(Project.objects.owned(person(request)), pk=pk)
    return project, get_object_or_404(ModelVersion, project=project, number=number)


def _look(request: HttpRequest, project: Project, back: str) -> HttpResponse:
    show_random_texts(actor=person(request), project=project, now=timezone.now())
    messages.success(request, "Noted in the project’s ledger.")
    return redirect(f"{back}#texts-title")


def _page(
    request: HttpRequest, project: Project, model: Model, title: str, look: str
) -> HttpResponse:
    context: dict[str, Any] = {
        "project": project,
        "is_owner": True,
        "title": title,
        "what": what(project),
        "look": look,
        "gone": [],
        "n_closed": len(seen_ids(project, person(request))),
    }
    context |= _counts(project, request, model)
    try:
        context["words"] = words_of(model)
    except ModelFilesGone as gone:
        context["gone"].append(str(gone))
    return render(request, PAGE, context)


def _counts(project: Project, request: HttpRequest, model: Model) -> dict[str, Any]:
    """The texts that may be shown, and how many answers were given since."""
    if not model.predictions_file:
        return {"told": None, "n_new": 0, "unmeasured": True}
    user = person(request)
    found = training_set(project.pk)
    standing = set(found.example_ids[found.measures].tolist())
    n_new = len(standing - set(seen_ids(project, user).tolist()))
    try:
        return {"told": told_texts(model, project, user), "n_new": n_new}
    except ModelFilesGone as gone:
        return {"told": None, "n_new": n_new, "gone": [str(gone)]}
