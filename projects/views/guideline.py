"""The guideline, for every member: a page, a panel beside the text, a file."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.text import slugify
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from projects.models import LabelClass, Project
from projects.selectors.guideline import guideline_html
from projects.views.person import person


@never_cache
@require_safe
@login_required
def guideline(request: HttpRequest, pk: int) -> HttpResponse:
    project = get_object_or_404(Project.objects.member(person(request)), pk=pk)
    panel = bool(request.headers.get("HX-Request"))
    context = {
        "project": project,
        "is_owner": Project.objects.owned(person(request)).filter(pk=pk).exists(),
        "guideline_html": guideline_html(project.guideline),
        "classes": LabelClass.objects.filter(project=project).active(),
    }
    name = "guideline_panel" if panel else "guideline"
    return render(request, f"projects/{name}.html", context)


@never_cache
@require_safe
@login_required
def download(request: HttpRequest, pk: int) -> HttpResponse:
    project = get_object_or_404(Project.objects.member(person(request)), pk=pk)
    name = slugify(project.name) or "project"
    return HttpResponse(
        project.guideline,
        content_type="text/markdown; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}-guideline.md"'},
    )
