"""The queue as a list, for the lead: what is asked next, and why."""

from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from learners.models import Fit
from learners.selectors.queue_list import queue_page
from learners.selectors.status import ProjectStatus, project_status
from projects.models import Project
from projects.views.numbers import read_int
from projects.views.person import person

SHOW = {"all": "all places", "open": "open ones only"}


@require_safe
@login_required
@never_cache
def queue_list(request: HttpRequest, pk: int) -> HttpResponse:
    """The published fit's queue, a page at a time by rank."""
    project = get_object_or_404(Project.objects.owned(person(request)), pk=pk)
    status = project_status(project, timezone.now())
    context: dict[str, Any] = {
        "project": project,
        "is_owner": True,
        "status": status,
        "banners": [b for b in status.banners if b.level in {"error", "warning"}],
        "fit": status.published_fit,
        "shows": SHOW,
        "show": request.GET.get("show", "all"),
    }
    if refusal := _refusal(request):
        return render(request, "learners/queue.html", context | {"refusal": refusal}, status=400)
    if status.published_fit:
        context |= _places(request, status.published_fit, status)
    return render(request, "learners/queue.html", context)


def _refusal(request: HttpRequest) -> str:
    """What was asked for and cannot be, "" for nothing."""
    show, after = request.GET.get("show", "all"), request.GET.get("after", "0")
    if show not in SHOW:
        return f"There is no list “{show[:40]}”; {' and '.join(SHOW)} are."
    if read_int(after) is None:
        return "The place in the list cannot be read. Start from the first."
    return ""


def _places(request: HttpRequest, fit: Fit, status: ProjectStatus) -> dict[str, Any]:
    show, after = request.GET.get("show", "all"), read_int(request.GET.get("after", "0")) or 0
    page = queue_page(fit=fit, now=timezone.now(), after=after, only_open=show == "open")
    more = urlencode({"show": show, "after": page.next_rank}) if page.next_rank else ""
    return {
        "rows": page.rows,
        "after": after,
        "next_address": f"?{more}" if more else "",
        "ranked_all": (fit.n_ranked_from or 0) >= (fit.n_pool or 0),
        "waits_for_embedding": fit.n_ranked_from == 0 and not status.embedding.complete,
    }
