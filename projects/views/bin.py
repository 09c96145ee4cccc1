"""The bin: what its owner threw away and can still have back."""

from datetime import timedelta

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from labeler.sending import send
from projects.models import Project
from projects.services.bin import give_up_project, restore_project
from projects.services.refusals import Refused
from projects.views.person import person


@never_cache
@require_safe
@login_required
def contents(request: HttpRequest) -> HttpResponse:
    days = timedelta(days=settings.LABELER_BIN_DAYS)
    projects = Project.objects.in_bin(person(request)).order_by("-binned_at")
    lines = [(project, project.binned_at + days) for project in projects if project.binned_at]
    return render(request, "projects/bin.html", {"lines": lines, "days": settings.LABELER_BIN_DAYS})


@require_POST
@login_required
def restore(request: HttpRequest, pk: int) -> HttpResponse:
    project = get_object_or_404(Project.objects.in_bin(person(request)), pk=pk)
    restore_project(actor=person(request), project=project, now=timezone.now())
    messages.success(request, f"{project.name} is back, as it was.")
    return redirect("project", pk=pk)


@require_POST
@login_required
def delete_now(request: HttpRequest, pk: int) -> HttpResponse:
    project = get_object_or_404(Project.objects.in_bin(person(request)), pk=pk)
    try:
        with transaction.atomic():
            give_up_project(project=project)
            transaction.on_commit(lambda: send("projects.empty_bin"))
    except Refused as refused:
        messages.error(request, refused.message)
    else:
        words = "will be deleted with its files, within minutes while a worker runs"
        messages.success(request, f"{project.name} {words}.")
    return redirect("bin")
