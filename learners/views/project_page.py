"""The project page, what is new on it, and "Retrain now"."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from learners.services.retrain import CannotFit, request_fit
from learners.views.honest_sentences import how_measured
from learners.views.live_pieces import live_pieces, numbers_pieces, read_have, read_tab
from learners.views.numbers import BY_NAME, chart_spec, tabs_of
from projects.models import Project
from projects.selectors.imports import import_progress
from projects.views.person import person


@require_safe
@login_required
@never_cache
def project_page(request: HttpRequest, pk: int) -> HttpResponse:
    """A member's overview of one project."""
    project = get_object_or_404(Project.objects.member(person(request)), pk=pk)
    is_owner = Project.objects.owned(person(request)).filter(pk=pk).exists()
    tab = read_tab(request.GET.get("tab", ""), tabs_of(project)[0])
    live = live_pieces(request, project, is_owner=is_owner, now=timezone.now(), tab=tab)
    context = {
        "tabs": tabs_of(project),
        "tab": tab,
        "how_measured": how_measured(strict=project.strict_audit, noun=project.noun),
        "project": project,
        "is_owner": is_owner,
        "live": live,
        "has_points": not live.curve_version.startswith("0."),
        "has_labels": project.n_labelled + project.n_known + project.n_feedback > 0,
        "imports": import_progress(project),
    }
    return render(request, "learners/project.html", context)


@require_safe
@login_required
@never_cache
def project_status_fragment(request: HttpRequest, pk: int) -> HttpResponse:
    """The parts of the page that differ from what the browser says it has; 204 when none does."""
    project = get_object_or_404(Project.objects.member(person(request)), pk=pk)
    live = live_pieces(
        request,
        project,
        is_owner=Project.objects.owned(person(request)).filter(pk=pk).exists(),
        now=timezone.now(),
        have=read_have(request.GET.get("have", "")),
        tab=read_tab(request.GET.get("numbers", ""), tabs_of(project)[0]),
        tab_state=request.GET.get("numbers", ""),
    )
    if not live.pieces:
        return HttpResponse(status=204)
    return render(request, "learners/status.html", {"project": project, "live": live})


@require_safe
@login_required
@never_cache
def project_numbers(request: HttpRequest, pk: int, tab: str) -> HttpResponse:
    """One tab of the numbers in detail, as a fragment; as an address of its own it leads to the page."""
    project = get_object_or_404(Project.objects.member(person(request)), pk=pk)
    if tab not in BY_NAME:
        raise Http404(f"There is no tab “{tab}”; there are {', '.join(BY_NAME)}.")
    if not request.headers.get("HX-Request"):
        return redirect(f"{reverse('project', args=[pk])}?tab={tab}")
    is_owner = Project.objects.owned(person(request)).filter(pk=pk).exists()
    live = numbers_pieces(request, project, is_owner=is_owner, now=timezone.now(), tab=BY_NAME[tab])
    context = {"project": project, "tabs": tabs_of(project), "tab": BY_NAME[tab], "live": live}
    return render(request, "learners/parts/numbers.html", context)


@require_safe
@login_required
@never_cache
def numbers_spec(request: HttpRequest, pk: int, tab: str) -> JsonResponse:
    """The picture of a tab, as the chart script draws it; 404 where there is none yet."""
    project = get_object_or_404(Project.objects.member(person(request)), pk=pk)
    spec = chart_spec(project, BY_NAME[tab]) if tab in BY_NAME else None
    if spec is None:
        raise Http404("There is nothing to draw yet.")
    return JsonResponse(spec)


@require_POST
@login_required
def retrain(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask for a fit of all labels so far, whatever the batch."""
    project = get_object_or_404(Project.objects.owned(person(request)), pk=pk)
    try:
        request_fit(project_id=project.pk, now=timezone.now())
    except CannotFit as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "A fit was asked for; its point appears here by itself.")
    return redirect("project", pk)
