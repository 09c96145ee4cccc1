"""The label page: one text, its answer, the next text."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import numpy as np
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.db.models import prefetch_related_objects
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from labeler.shares import percent
from learners.selectors.asked import why_asked
from learners.selectors.status import ProjectStatus, project_status
from learners.services import queue
from learners.services.claiming import Question, claim_next
from learners.services.due_work import label_changes_since_newest_attempt
from projects.models import AnnotationEvent, Example, LabelClass, Lease, Project, User
from projects.models.project import Role
from projects.reading.tables import pairs_of
from projects.selectors import labelling as selectors
from projects.services import answering, undoing
from projects.services.answering import COMMENT_CHARACTERS, Act, AnswerRefused, Sender
from projects.services.classes import NONE_KEY
from projects.services.leases import hold_again
from projects.services.tables import features_of
from projects.services.undoing import Undone
from projects.views.answer_fields import AnswerFields, read_answer, read_uuid
from projects.views.batch_end import advised, batch_end
from projects.views.fit_hint import start_check_if_asked, start_fit_if_batch_full
from projects.views.numbers import read_int
from projects.views.person import person

SHOWN_CHARACTERS = 10_000  # some screens; the rest on request
BUTTONS_AT_MOST = 12  # above it, a field to type into
NONE_OF_THESE = "none of these"  # what an answer without any class says
PANELS = ("help", "comment", "why")


@never_cache
@require_http_methods(["GET", "POST"])
def label(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask (GET, for the tab named in the address) or take an answer (POST) and ask on."""
    sender = request.headers.get("X-Labeler-Outbox")
    if sender is not None and sender != str(request.user.pk):  # None when signed out
        words = "You are signed out, or signed in as somebody else."
        return HttpResponse(words, status=401, content_type="text/plain")
    return _label(request, pk)


@login_required
def _label(request: HttpRequest, pk: int) -> HttpResponse:
    project = get_object_or_404(Project.objects.member(person(request)), pk=pk)
    try:
        if request.method == "POST":
            return _answer(request, project)
        if "tab" not in request.GET:
            return redirect(label_address(project, uuid.uuid4()))
        return _ask(request, project, read_uuid(request.GET, "tab"))
    except AnswerRefused as refusal:
        return _refuse(request, project, refusal)


def label_address(project: Project, tab: UUID, **more: str) -> str:
    """The label page as one tab sees it."""
    query = urlencode({"tab": str(tab), **more})
    return f"{reverse('label', args=[project.pk])}?{query}"


def _ask(request: HttpRequest, project: Project, tab: UUID) -> HttpResponse:
    user = person(request)
    panel = request.GET.get("panel", "")
    if request.headers.get("HX-Target") == "label-learning":
        return render(request, "projects/label/learning_again.html", _machine(project, tab))
    if request.headers.get("HX-Target") == "side-body":
        return render(
            request, "projects/label/panel.html", _panel(request, project, user, tab, panel)
        )
    question = _claim(project, user, tab, timezone.now())
    n_waiting = label_changes_since_newest_attempt(project.pk)
    context = _page(request, project, tab, question, n_waiting)
    if panel:
        context |= _panel(request, project, user, tab, panel)
    return _show(request, context)


def _answer(request: HttpRequest, project: Project) -> HttpResponse:
    user, now = person(request), timezone.now()
    fields, tab = read_answer(request.POST), read_uuid(request.POST, "tab")
    with transaction.atomic():
        sender = Sender(project, user, fields.client_uuid, now, fields.duration_ms)
        act = _perform(sender, fields, tab)
        question = _claim(project, user, tab, now)
    n_waiting = label_changes_since_newest_attempt(project.pk)
    transaction.on_commit(lambda: start_fit_if_batch_full(project, n_waiting, now))
    transaction.on_commit(lambda: start_check_if_asked(act.event))
    if request.headers.get("X-Labeler-Outbox") is None:
        return redirect(label_address(project, tab))
    newest = None if act.is_resend else act.event
    response = _show(request, _page(request, project, tab, question, n_waiting, newest=newest))
    response.headers["X-Labeler-Saved"] = str(fields.client_uuid)
    return response


def _perform(sender: Sender, fields: AnswerFields, tab: UUID) -> Act | Undone:
    """Record the act, and let the queue know."""
    example_id = fields.example_id
    match fields.act:
        case "undo":
            return _undo(sender, tab)
        case "flag":
            return answering.flag(sender=sender, example_id=example_id)
        case "unflag":
            return answering.unflag(sender=sender, example_id=example_id)
        case "comment":
            return answering.comment(sender=sender, example_id=example_id, text=fields.comment)
        case "skip":
            act = answering.skip(sender=sender, example_id=example_id)
        case _:
            act = answering.record_label(sender=sender, example_id=example_id, labels=fields.labels)
    queue.spend(project_id=sender.project.pk, example_id=example_id)
    return act


def _undo(sender: Sender, tab: UUID) -> Undone:
    undone = undoing.undo(sender=sender)
    if undone.is_resend or not undone.awaits_answer:
        return undone
    queue.bring_back(project_id=sender.project.pk, example_id=undone.undone.example_id)
    hold_again(
        project=sender.project,
        annotator=sender.annotator,
        tab=tab,
        undone=undone.undone,
        now=sender.now,
    )
    return undone


def _classes(project: Project) -> list[LabelClass]:
    """All classes, also those gone; an act has read them already, under the project's lock."""
    prefetch_related_objects([project], "label_classes")
    return list(project.label_classes.all())


def _active(classes: list[LabelClass]) -> list[LabelClass]:
    return [c for c in classes if c.retired_at is None]


def _claim(project: Project, user: User, tab: UUID, now: datetime) -> Question | None:
    if not _active(_classes(project)):
        return None
    rng = np.random.default_rng()
    return claim_next(project=project, annotator=user, tab=tab, rng=rng, now=now)


def _refuse(request: HttpRequest, project: Project, refusal: AnswerRefused) -> HttpResponse:
    """Say what was wrong beside the text that is (still) to be answered."""
    data = request.POST if request.method == "POST" else request.GET
    user = person(request)
    tab = _uuid_or_none(data, "tab") or uuid.uuid4()
    question = _claim(project, user, tab, timezone.now())
    n_waiting = label_changes_since_newest_attempt(project.pk)
    context = _page(request, project, tab, question, n_waiting) | {"refusal": str(refusal)}
    response = _show(request, context, status=refusal.status)
    if refused := _uuid_or_none(data, "client_uuid"):  # never what was sent: a line break may be
        response.headers["X-Labeler-Refused"] = str(refused)
    return response


def _uuid_or_none(data: QueryDict, name: str) -> UUID | None:
    try:
        return read_uuid(data, name)
    except AnswerRefused:
        return None


def _show(request: HttpRequest, context: dict[str, Any], status: int = 200) -> HttpResponse:
    """The whole page, or the one fragment that an answer swaps."""
    fragment = request.headers.get("X-Labeler-Outbox") or request.headers.get("HX-Request")
    if fragment:
        return render(request, "projects/label/answer.html", context, status=status)
    context = _machine(context["project"], context["tab"]) | context
    return render(request, "projects/label/page.html", context, status=status)


@dataclass(frozen=True)
class Learning:
    """What the machine is at, in few words. `trouble`: the project page says what to do."""

    words: str
    trouble: bool = False


def _learning(status: ProjectStatus) -> Learning:
    newest, embedding = status.newest_fit, status.embedding
    if not status.worker_alive:
        return Learning("worker is away", trouble=True)
    if status.running_fit:
        return Learning("training")
    if embedding.error or embedding.stalled or (newest and newest.status == newest.Status.FAILED):
        return Learning("in trouble", trouble=True)
    if not embedding.complete:
        return Learning(f"reading texts, {percent(embedding.share)}")
    return Learning("up to date" if newest else "no model yet")


def _machine(project: Project, tab: UUID) -> dict[str, Any]:
    status = project_status(project, timezone.now())
    return {"project": project, "tab": tab, "status": status, "learning": _learning(status)}


def _next_fit(project: Project, n_waiting: int) -> str:
    left = project.batch_size - n_waiting
    return f"next fit in {left}" if left > 0 else "next fit is due"


@dataclass(frozen=True)
class ShownText:
    """The text, or its first screens. `n_hidden`: characters left out."""

    text: str
    n_hidden: int


def _page(
    request: HttpRequest,
    project: Project,
    tab: UUID,
    question: Question | None,
    n_waiting: int,
    *,
    newest: AnnotationEvent | None = None,
) -> dict[str, Any]:
    """What both templates show. `n_waiting`: label changes since the newest fit; `newest`: the
    annotator's last act, looked up if not given.
    """
    user = person(request)
    newest = newest or selectors.newest_act(project=project, annotator=user)
    all_classes = _classes(project)
    classes = _active(all_classes)
    context: dict[str, Any] = {
        "project": project,
        "tab": tab,
        "client_uuid": uuid.uuid4(),
        "classes": classes,
        "many_classes": len(classes) > BUTTONS_AT_MOST,
        "none_key": NONE_KEY,
        "n_texts": project.n_pool + project.n_audit,
        "next_fit": _next_fit(project, n_waiting),
        "last": _last_act(newest, {c.pk: c.name for c in all_classes}),
        "question": question,
    }
    if question is None:
        pause = selectors.pause(project=project, annotator=user, now=timezone.now())
        is_owner = project.memberships.filter(user=user, role=Role.OWNER).exists()
        is_advised = is_owner and pause.reason in selectors.AT_THE_END
        return context | {
            "pause": pause,
            "is_owner": is_owner,
            "advised": advised(project) if is_advised else "",
        }
    return context | {
        "batch_end": batch_end(project, user, n_waiting=n_waiting, newest=newest),
        "shown": _shown(question.example.text, whole="all" in request.GET),
        "mine": selectors.my_annotation(example=question.example, annotator=user),
        "cells": cells_of(question.example, project),
        "metadata": metadata_line(without_features(question.example.metadata, project)),
        "may_show_origin": selectors.may_show_origin(question.example),
        **_taken_back(newest, question),
    }


def _taken_back(newest: AnnotationEvent | None, question: Question) -> dict[str, Any]:
    """The set that the annotator has just taken back from this very text: it starts as chosen, so
    that one wrong class does not cost the others.
    """
    undone = newest.undoes if newest else None
    kinds = (AnnotationEvent.Kind.LABEL, AnnotationEvent.Kind.RELABEL)
    if undone is None or undone.kind not in kinds or undone.example_id != question.example.pk:
        return {"chosen": [], "chosen_none": False}
    return {"chosen": undone.labels, "chosen_none": not undone.labels}


def _shown(text: str, *, whole: bool) -> ShownText:
    if whole or len(text) <= SHOWN_CHARACTERS * 1.2:  # no button for a last few lines
        return ShownText(text, 0)
    return ShownText(text[:SHOWN_CHARACTERS], len(text) - SHOWN_CHARACTERS)


def cells_of(example: Example, project: Project) -> list[tuple[str, str]]:
    """(column, value) of a table row, "" for a missing value; nothing for a text."""
    return pairs_of(example.text, features_of(project)) if project.is_table else []


def without_features(metadata: dict[str, Any], project: Project) -> dict[str, Any]:
    """What stands beside a row: its features are the row itself."""
    features = dict(features_of(project))
    return {name: value for name, value in metadata.items() if name not in features}


def metadata_line(metadata: dict[str, Any]) -> list[tuple[str, str]]:
    """Up to eight pairs, each cut to a glance."""
    return [(str(name)[:40], str(value)[:120]) for name, value in list(metadata.items())[:8]]


@dataclass(frozen=True)
class LastAct:
    """The line after an answer: what was done, and which event `w` explains (0: none)."""

    words: str
    explains: int
    undoable: bool


def _last_act(event: AnnotationEvent | None, names: dict[int, str]) -> LastAct | None:
    if event is None:
        return None
    answer = selectors.newest_answer(event)
    undoable = event.kind in undoing.UNDOABLE
    return LastAct(_words(event, names), answer.pk if answer else 0, undoable)


def _words(event: AnnotationEvent, names: dict[int, str]) -> str:
    kind = AnnotationEvent.Kind
    match event.kind:
        case kind.LABEL | kind.RELABEL:
            return " + ".join(names[label] for label in event.labels) or NONE_OF_THESE
        case kind.UNDO if event.undoes:
            return f"took back: {_words(event.undoes, names)}"
        case kind.COMMENT:
            return "comment saved" if event.comment else "comment removed"
        case kind.UNFLAG:
            return "flag removed"
    return str(event.get_kind_display())


def _panel(
    request: HttpRequest, project: Project, user: User, tab: UUID, panel: str
) -> dict[str, Any]:
    if panel not in PANELS:
        raise AnswerRefused(f"There is no panel “{panel[:40]}”; {', '.join(PANELS)} are.")
    context: dict[str, Any] = {"project": project, "tab": tab, "panel": panel}
    if panel == "help":
        return context | {"help_classes": list(project.label_classes.active())}
    if panel == "why":
        event = _event_to_explain(request, project, user)
        return context | {"why": why_asked(event, project), "why_event": event}
    return context | _comment_panel(project, user, tab)


def _comment_panel(project: Project, user: User, tab: UUID) -> dict[str, Any]:
    lease = Lease.objects.filter(project=project, annotator=user, tab=tab).first()
    if lease is None:
        raise AnswerRefused("No text is open in this tab, so there is nothing to comment on.")
    mine = selectors.my_annotation(example=lease.example, annotator=user)
    return {
        "comment_on": lease.example,
        "comment": mine.comment if mine else "",
        "comment_characters": COMMENT_CHARACTERS,
        "comment_uuid": uuid.uuid4(),
    }


def _event_to_explain(request: HttpRequest, project: Project, user: User) -> AnnotationEvent:
    own = AnnotationEvent.objects.filter(project=project, annotator=user)
    event = own.filter(pk=read_int(request.GET.get("event", "")) or 0).first()
    if event is None:
        raise AnswerRefused("That answer is not one of yours in this project.")
    return event
