"""Another strategy, from the project page, in one click: changed and ranked by."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from learners.selectors.curve import strategy_label
from learners.services.retrain import CannotFit, request_fit
from projects.models import Project
from projects.services.project_settings import change_settings
from projects.services.refusals import Refused
from projects.views.person import person


@require_POST
@login_required
def change_strategy(request: HttpRequest, pk: int) -> HttpResponse:
    """Change the strategy and ask for a fit that ranks by it."""
    project = get_object_or_404(Project.objects.owned(person(request)), pk=pk)
    changes = {"strategy": request.POST.get("strategy", "")}
    now = timezone.now()
    try:
        changed = change_settings(actor=person(request), project=project, changes=changes, now=now)
    except Refused as refused:
        messages.error(request, f"The strategy was not changed: {refused.message}")
        return redirect("project", pk)
    if changed:
        _fit_by_it(request, project.pk, strategy_label(changes["strategy"]))
    else:
        messages.info(request, "That is the strategy in use; nothing was changed.")
    return redirect("project", pk)


def _fit_by_it(request: HttpRequest, project_id: int, label: str) -> None:
    try:
        request_fit(project_id=project_id, now=timezone.now())
    except CannotFit as why:
        messages.success(request, f"“{label}” ranks from the next fit on. {why}")
    else:
        messages.success(request, f"“{label}” it is: a fit that ranks by it was asked for.")
