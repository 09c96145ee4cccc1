"""The queue as a list, for the lead: what is asked next, and why."""

from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from learners.engine.first_questions import are_ranked
from learners.models import Fit, SeedQueue
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
    """The queue that serves, a page at a time by rank: the published fit's, before it the first
    questions'.
    """
    project = get_object_or_404(Project.objects.owned(person(request)), pk=pk)
    status = project_status(project, timezone.now())
    context: dict[str, Any] = {
        "project": project,
        "is_owner": True,
        "status": status,
        "banners": [b for b in status.banners if b.level in {"error", "warning"}],
        "fit": status.published_fit,
        "seeds": status.seeds,
        "first_ranked": are_ranked(project.strategy),
        "shows": SHOW,
        "show": request.GET.get("show", "all"),
    }
    if refusal := _refusal(request):
        return render(request, "learners/queue.html", context | {"refusal": refusal}, status=400)
    if source := status.published_fit or status.seeds:
        context |= _places(request, source, status)
    return render(request, "learners/queue.html", context)


def _refusal(request: HttpRequest) -> str:
    """What was asked for and cannot be, "" for nothing."""
    show, after = request.GET.get("show", "all"), request.GET.get("after", "0")
    if show not in SHOW:
        return f"There is no list “{show[:40]}”; {' and '.join(SHOW)} are."
    if read_int(after) is None:
        return "The place in the list cannot be read. Start from the first."
    return ""


def _places(request: HttpRequest, source: Fit | SeedQueue, status: ProjectStatus) -> dict[str, Any]:
    show, after = request.GET.get("show", "all"), read_int(request.GET.get("after", "0")) or 0
    page = queue_page(source=source, now=timezone.now(), after=after, only_open=show == "open")
    more = urlencode({"show": show, "after": page.next_rank}) if page.next_rank else ""
    return {
        "rows": page.rows,
        "after": after,
        "next_address": f"?{more}" if more else "",
        "source": source,
        "ranked_all": (source.n_ranked_from or 0) >= (source.n_pool or 0),
        "waits_for_embedding": source.n_ranked_from == 0 and not status.embedding.complete,
    }
