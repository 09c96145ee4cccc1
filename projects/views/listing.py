"""The project list: where everybody arrives."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from learners.selectors.project_list import project_lines
from projects.models import Project
from projects.views.person import person


@require_safe
@login_required
def project_list(request: HttpRequest) -> HttpResponse:
    user = person(request)
    lines = project_lines(user)
    return render(
        request,
        "projects/list.html",
        {
            "lines": lines,
            "demo": next((line.project for line in lines if line.project.is_demo), None),
            "is_newcomer": not any(line.project.n_labelled for line in lines),
            "n_in_bin": Project.objects.in_bin(user).count(),
        },
    )
