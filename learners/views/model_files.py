"""Files of a rung or a version to take away, for owners; and what the lead writes on their cards."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.text import slugify
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from learners.models import ModelExport, Rung
from learners.selectors.model_exports import export_rows, export_state
from learners.selectors.status import project_status
from learners.services.rung_export_request import (
    Kind,
    Model,
    NothingToExport,
    owner_of,
    project_of,
    request_export,
)
from learners.views.model_card_form import ModelCardForm
from projects.models import ModelVersion, Project
from projects.services.project_settings import change_settings
from projects.services.refusals import Refused
from projects.views.person import person

TYPES = {Kind.ZIP: "application/zip", Kind.HTML: "text/html", Kind.HUGGINGFACE: "application/zip"}


@never_cache
@require_safe
@login_required
def rung_files(request: HttpRequest, pk: int, rung: int) -> HttpResponse:
    """What a rung can be taken away as."""
    return _page(request, _rung(request, pk, rung))


@never_cache
@require_safe
@login_required
def version_files(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """What a version can be taken away as."""
    return _page(request, _version(request, pk, number))


@require_POST
@login_required
def rung_file_make(request: HttpRequest, pk: int, rung: int, kind: str) -> HttpResponse:
    """Ask for one file of a rung."""
    return _make(request, _rung(request, pk, rung), kind)


@require_POST
@login_required
def version_file_make(request: HttpRequest, pk: int, number: int, kind: str) -> HttpResponse:
    """Ask for one file of a version."""
    return _make(request, _version(request, pk, number), kind)


@never_cache
@require_safe
@login_required
def rung_file(request: HttpRequest, pk: int, rung: int, kind: str) -> HttpResponseBase:
    """One file of a rung; 404 until it is there."""
    return _file(_rung(request, pk, rung), kind)


@never_cache
@require_safe
@login_required
def version_file(request: HttpRequest, pk: int, number: int, kind: str) -> HttpResponseBase:
    """One file of a version; 404 until it is there."""
    return _file(_version(request, pk, number), kind)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def model_card(request: HttpRequest, pk: int) -> HttpResponse:
    """What the lead writes for the cards of all models of a project, and whether texts travel."""
    project = get_object_or_404(Project.objects.owned(person(request)), pk=pk)
    form = ModelCardForm(request.POST or None, project=project)
    if request.method == "POST" and form.is_valid():
        try:
            change_settings(
                actor=person(request),
                project=project,
                changes=form.cleaned_data,
                now=timezone.now(),
            )
        except Refused as refused:
            form.add_error(refused.field or None, refused.message)
        else:
            messages.success(request, "Saved. Files that are made from now on say so.")
            return redirect("model-card", pk)
    status = 422 if form.errors else 200
    context = {"project": project, "is_owner": True, "form": form}
    return render(request, "learners/model_card.html", context, status=status)


def files_context(model: Model) -> dict[str, Any]:
    """What `learners/models/files.html` needs, also inside the page of a version."""
    project, is_rung = project_of(model), isinstance(model, Rung)
    name, number = ("rung", model.pk) if is_rung else ("version", model.number)  # type: ignore[union-attr]
    rows = export_rows(model)
    return {
        "project": project,
        "files": [(row, *_addresses(name, project.pk, number, row.kind)) for row in rows],
        "files_address": reverse(f"{name}-files", args=[project.pk, number]),
        "files_pending": any(row.pending for row in rows),
        "worker_alive": project_status(project, timezone.now()).worker_alive,
    }


def _addresses(name: str, pk: int, number: int, kind: str) -> tuple[str, str]:
    return tuple(
        reverse(f"{name}-{what}", args=[pk, number, kind]) for what in ("file-make", "file")
    )  # type: ignore[return-value]


def _page(request: HttpRequest, model: Model) -> HttpResponse:
    context = {**files_context(model), "model": model, "is_owner": True}
    if request.headers.get("HX-Request"):
        return render(request, "learners/models/files.html", context)
    return render(request, "learners/model_files.html", context)


def _make(request: HttpRequest, model: Model, kind: str) -> HttpResponse:
    try:
        request_export(model=model, kind=kind, now=timezone.now())
    except NothingToExport as error:
        raise Http404(str(error)) from error
    if request.headers.get("HX-Request"):
        return _page(request, model)
    return redirect(files_context(model)["files_address"])


def _file(model: Model, kind: str) -> HttpResponseBase:
    row = ModelExport.objects.filter(kind=kind, **owner_of(model)).first()
    if row is None or export_state(row) != "ready":
        raise Http404("This file has not been made yet.")
    project = project_of(model)
    stem = slugify(project.name) or f"project-{project.pk}"
    name = model.name if isinstance(model, Rung) else f"version-{model.number}"
    part = "-huggingface" if kind == Kind.HUGGINGFACE else ""
    return FileResponse(
        default_storage.open(row.file),
        as_attachment=True,
        filename=f"{stem}-{slugify(name)}{part}.{row.file.rsplit('.', 1)[1]}",
        content_type=TYPES[Kind(kind)],
    )


def _rung(request: HttpRequest, pk: int, rung: int) -> Rung:
    project = get_object_or_404(Project.objects.owned(person(request)), pk=pk)
    rows = Rung.objects.select_related("ladder__project")
    return get_object_or_404(rows, pk=rung, ladder__project=project, status=Rung.Status.DONE)


def _version(request: HttpRequest, pk: int, number: int) -> ModelVersion:
    project = get_object_or_404(Project.objects.owned(person(request)), pk=pk)
    rows = ModelVersion.objects.select_related("project")
    return get_object_or_404(rows, project=project, number=number)
