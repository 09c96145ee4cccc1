"""The page from which an owner takes labels and models away."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.text import slugify
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from learners.engine.embedding import licence_of
from learners.models import Fit
from learners.selectors.bundles import Bundle, bundle, bundle_state, bundles
from learners.selectors.confirming import confirmed_words
from learners.selectors.progress import class_counts, people
from learners.selectors.status import project_status
from learners.services.export_request import request_export
from learners.views import sentences
from projects.models import Project
from projects.selectors.exporting import n_exported
from projects.views.person import person

SHOWN_MODELS = 10


@require_safe
@login_required
@never_cache
def take_away(request: HttpRequest, pk: int) -> HttpResponse:
    """Labels and models of a project, for its owner."""
    project = get_object_or_404(Project.objects.owned(person(request)), pk=pk)
    limit = None if request.GET.get("all") else SHOWN_MODELS
    models = bundles(project, limit=limit)
    context = {
        "project": project,
        "is_owner": True,
        "status": project_status(project, timezone.now()),
        "n_labels": n_exported(project),
        "n_people": len(people(project)),
        "newest": models[0] if models else None,
        "confirmed": confirmed_words(models[0].fit) if models else "",
        "headline": sentences.headline(models[0].point) if models else "",
        "licence": licence_of(models[0].fit.embedder) if models else "",
        "earlier": models[1:],
        "more": bool(limit) and len(models) == limit,
        "classes": class_counts(project),
    }
    return render(request, "learners/take_away.html", context)


@require_safe
@login_required
@never_cache
def bundle_fragment(request: HttpRequest, pk: int, fit: int) -> HttpResponse:
    """How far one model's zip is, asked every two seconds while it is made."""
    found = _fit(request, pk, fit)
    return render(request, "learners/parts/bundle.html", _bundle_context(found))


@require_POST
@login_required
def bundle_prepare(request: HttpRequest, pk: int, fit: int) -> HttpResponse:
    """Ask for a model's zip."""
    found = _fit(request, pk, fit)
    request_export(fit=found, now=timezone.now())
    if request.headers.get("HX-Request"):
        found.refresh_from_db()
        return render(request, "learners/parts/bundle.html", _bundle_context(found))
    return redirect("model", pk)


@require_safe
@login_required
@never_cache
def model_download(request: HttpRequest, pk: int, fit: int) -> HttpResponseBase:
    """The zip itself; 404 until it is there."""
    found = _fit(request, pk, fit)
    if bundle_state(found) != "ready":
        raise Http404("This model has not been packed yet.")
    stem = slugify(found.project.name) or f"project-{found.project_id}"
    return FileResponse(
        default_storage.open(found.bundle_file),
        as_attachment=True,
        filename=f"{stem}-fit-{found.pk}.zip",
        content_type="application/zip",
    )


def _fit(request: HttpRequest, pk: int, fit: int) -> Fit:
    project = get_object_or_404(Project.objects.owned(person(request)), pk=pk)
    return get_object_or_404(
        Fit.objects.select_related("project"), pk=fit, project=project, status=Fit.Status.PUBLISHED
    )


def _bundle_context(fit: Fit) -> dict[str, Any]:
    found: Bundle = bundle(fit.project, fit)
    return {
        "project": fit.project,
        "bundle": found,
        "status": project_status(fit.project, timezone.now()),
    }
