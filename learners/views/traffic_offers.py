"""Traffic: what a look at kept predictions found, and what a lead makes of it. Owners only."""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from labeler.sending import send
from learners.models import TrafficCheck
from learners.services.traffic_check_request import request_check
from learners.views.sentences import count
from learners.views.traffic_sentences import drift_sentences
from projects.models import KeptPrediction, Project
from projects.services.incoming import CameIn, ImportRuns
from projects.services.refusals import Refused
from projects.services.traffic.offers import MAX_AT_ONCE, add_class_of, dismiss, take
from projects.views.person import person

SHOWN, SHOWN_OF_GROUP = 10, 5
REASONS = {
    "novel": "texts like it are new to the project, and programs ask about them",
    "unsure": "the model was less sure of it than of nearly all random texts",
}


@dataclass(frozen=True)
class Offer:
    """Texts offered for one reason; `rows` are shown, `ids` all of them."""

    name: str
    title: str
    sentence: str
    rows: list[KeptPrediction]
    ids: list[str]


@dataclass(frozen=True)
class Group:
    """Texts that no text of the project is near; `name`: proposed for a class, of their own words."""

    rows: list[KeptPrediction]
    ids: list[str]
    name: str
    words: list[str]


def found(project: Project) -> dict[str, Any]:
    """The newest looks as the page shows them."""
    checks = TrafficCheck.objects.filter(project=project)
    newest = checks.first()
    done = checks.filter(status=TrafficCheck.Status.DONE).first()
    result = done.result if done else {}
    there = _still_offered(project, result)
    return {
        "check": newest,
        "done": done,
        "drift": drift_sentences(result, project.time_zone) if done else [],
        "left_out": result.get("left_out", []),
        "offers": [offer for offer in _offers(result, there) if offer.rows],
        "groups": _groups(result, there),
    }


def _still_offered(project: Project, result: dict[str, Any]) -> dict[str, KeptPrediction]:
    ids = {*result.get("novel", []), *result.get("unsure", [])}
    ids.update(pk for group in result.get("groups", []) for pk in group["ids"])
    rows = KeptPrediction.objects.filter(
        project=project, pk__in=ids, taken_at__isnull=True, dismissed_at__isnull=True
    )
    return {str(row.pk): row for row in rows}


def _offers(result: dict[str, Any], there: dict[str, KeptPrediction]) -> list[Offer]:
    told = (
        (
            "novel",
            "New to the project",
            "Farther from every text of the project than 99 % of its own.",
        ),
        ("unsure", "Unsure", "The model was less sure than of 95 % of the project’s random texts."),
    )
    return [
        Offer(name, title, sentence, [there[pk] for pk in ids[:SHOWN]], ids)
        for name, title, sentence in told
        for ids in [[pk for pk in result.get(name, []) if pk in there]]
    ]


def _groups(result: dict[str, Any], there: dict[str, KeptPrediction]) -> list[Group]:
    found = []
    for group in result.get("groups", []):
        ids = [pk for pk in group["ids"] if pk in there][:MAX_AT_ONCE]
        if ids:
            rows = [there[pk] for pk in ids[:SHOWN_OF_GROUP]]
            found.append(Group(rows, ids, " ".join(group["words"][:2]), group["words"]))
    return found


@require_POST
@login_required
def check(request: HttpRequest, pk: int) -> HttpResponse:
    """Look at the kept predictions now."""
    project = _owned(request, pk)
    with transaction.atomic():
        row = request_check(project=project, user=person(request), now=timezone.now())
        if row is not None:
            transaction.on_commit(lambda: send("learners.check_traffic", row.pk) and None)
    messages.info(request, "A worker looks at the kept predictions; reload this page in a moment.")
    return redirect("traffic", pk)


@require_POST
@login_required
def take_up(request: HttpRequest, pk: int) -> HttpResponse:
    """Put the chosen texts in line to be labelled, or offer them no more."""
    project = _owned(request, pk)
    ids = _ids(request)
    if request.POST.get("do") == "dismiss":
        n = dismiss(project=project, ids=ids, now=timezone.now())
        messages.success(request, f"{count(n, 'text')} will not be offered again.")
        return redirect("traffic", pk)
    reason = REASONS.get(request.POST.get("why", ""), REASONS["novel"])
    try:
        came = take(
            actor=person(request),
            project=project,
            ids=ids,
            reason=reason,
            clock=timezone.now,
            seed=secrets.randbits(63),
        )
    except (Refused, ImportRuns) as refused:
        messages.error(request, _why(refused))
    else:
        _say(request, came)
    return redirect("traffic", pk)


@require_POST
@login_required
def make_class(request: HttpRequest, pk: int) -> HttpResponse:
    """Add a class that a group of texts calls for, and its texts to the queue."""
    project = _owned(request, pk)
    try:
        added, came = add_class_of(
            actor=person(request),
            project=project,
            name=request.POST.get("name", ""),
            ids=_ids(request),
            clock=timezone.now,
            seed=secrets.randbits(63),
        )
    except (Refused, ImportRuns) as refused:
        messages.error(request, f"No class was added. {_why(refused)}")
    else:
        messages.success(
            request, f"The class “{added.name}” was added; answers to random texts are asked again."
        )
        _say(request, came)
    return redirect("traffic", pk)


def _why(refused: Refused | ImportRuns) -> str:
    if isinstance(refused, ImportRuns):
        return "A file is being imported; try again when it is done."
    return refused.message


def _say(request: HttpRequest, came: CameIn) -> None:
    n = came.count("added") + came.count("known")
    messages.success(request, f"{count(n, 'text')} now stand first in line to be labelled.")
    if over := came.count("over_limit"):
        messages.warning(
            request, f"{count(over, 'text')} wait: no more may come in within 24 hours."
        )


def _ids(request: HttpRequest) -> Collection[UUID]:
    found = set()
    for said in request.POST.getlist("id"):
        try:
            found.add(UUID(said))
        except ValueError:
            continue  # no number of ours, so nothing is kept under it
    return found


def _owned(request: HttpRequest, pk: int) -> Project:
    return get_object_or_404(Project.objects.owned(person(request)), pk=pk)
