"""Texts for a project that exists, and the imports that it had."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from projects.models import DataImport, Project, StagedUpload
from projects.selectors.imports import all_imports, import_progress
from projects.services.creating import add_texts
from projects.services.importing import discard_import, retry_import
from projects.services.refusals import Refused
from projects.views.creating import (
    imported,
    ready,
    send_import,
    uploaded,
    wants_fragment,
    wizard_of,
    wizard_page,
)
from projects.views.person import person
from projects.views.wizard import Wizard


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def texts(request: HttpRequest, pk: int) -> HttpResponse:
    project = get_object_or_404(Project.objects.owned(person(request)), pk=pk)
    form, staged = uploaded(request, project)
    if staged:
        return redirect("project-add-texts-check", pk=pk, staged=staged.pk)
    context = {
        "project": project,
        "is_owner": True,
        "part": "texts",
        "form": form,
        "imports": import_progress(project),
        "history": all_imports(project),
    }
    return render(
        request, "projects/settings/texts.html", context, status=422 if form.errors else 200
    )


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def check(request: HttpRequest, pk: int, staged: int) -> HttpResponse:
    project = get_object_or_404(Project.objects.owned(person(request)), pk=pk)
    upload = get_object_or_404(StagedUpload, pk=staged, user=person(request), project=project)
    wizard = wizard_of(request, upload, project)
    asked = request.method == "POST" and not wants_fragment(request)
    if asked and ready(request, wizard) and _add(request, project, wizard):
        what = "rows" if project.is_table else "texts"
        messages.success(request, f"The {what} of {upload.name} are coming in.")
        return redirect("project", pk=pk)
    context: dict[str, object] = {"project": project, "is_owner": True, "part": "texts"}
    return wizard_page(request, wizard, "projects/settings/texts_check.html", context)


def _add(request: HttpRequest, project: Project, wizard: Wizard) -> bool:
    def add(**said: Any) -> DataImport:
        return add_texts(project=project, new_classes=wizard.specs(), **said)

    return imported(request, wizard, add) is not None


@never_cache
@require_safe
@login_required
def progress(request: HttpRequest, pk: int) -> HttpResponse:
    """The imports at work, asked for again and again by the page itself."""
    project = get_object_or_404(Project.objects.member(person(request)), pk=pk)
    context = {
        "project": project,
        "imports": import_progress(project),
        "is_owner": Project.objects.owned(person(request)).filter(pk=pk).exists(),
    }
    return render(request, "parts/import_progress.html", context)


@require_POST
@login_required
def retry(request: HttpRequest, pk: int, import_pk: int) -> HttpResponse:
    project = get_object_or_404(Project.objects.owned(person(request)), pk=pk)
    data_import = get_object_or_404(DataImport, project=project, pk=import_pk)
    try:
        with transaction.atomic():
            retry_import(data_import=data_import, now=timezone.now())
            send_import(data_import)
    except Refused as refused:
        messages.error(request, refused.message)
    return redirect("project", pk=pk)


@require_POST
@login_required
def discard(request: HttpRequest, pk: int, import_pk: int) -> HttpResponse:
    project = get_object_or_404(Project.objects.owned(person(request)), pk=pk)
    data_import = get_object_or_404(DataImport, project=project, pk=import_pk)
    try:
        with transaction.atomic():
            discard_import(data_import=data_import)
    except Refused as refused:
        messages.error(request, refused.message)
    return redirect("project", pk=pk)
