"""The history page: earlier answers, to be found and changed."""

import uuid
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from learners.selectors.asked import WhyAsked, why_asked
from learners.selectors.why import MEASURES
from learners.services import queue
from projects.models import Annotation, AnnotationEvent, Example, LabelClass, Project, User
from projects.models.project import Role
from projects.selectors.history import (
    STATES,
    HistoryFilter,
    HistoryKey,
    answers_behind,
    history_page,
)
from projects.services import answering
from projects.services.answering import COMMENT_CHARACTERS, AnswerRefused, Sender
from projects.views.answer_fields import AnswerFields, read_answer
from projects.views.fit_hint import start_fit_if_due
from projects.views.numbers import read_int
from projects.views.person import person

WORDS_CHARACTERS = 200


@dataclass(frozen=True)
class Row:
    """One line of the page. `changeable`: it is the reader's own answer."""

    annotation: Annotation
    labels: list[LabelClass]
    answer: AnnotationEvent | None
    why: WhyAsked | None
    changeable: bool
    client_uuid: uuid.UUID
    comment_uuid: uuid.UUID
    flag_uuid: uuid.UUID

    @property
    def never_explained(self) -> str:
        """Why no model's guess at this text is ever shown, "" where one may be."""
        return MEASURES if self.annotation.example.role == Example.Role.AUDIT else ""

    @property
    def number(self) -> str:
        """The annotation's, for the ids of its controls."""
        return str(self.annotation.pk)

    @property
    def chosen(self) -> list[int]:
        """Class ids of the answer that stands."""
        return [label_class.pk for label_class in self.labels] if self._answered else []

    @property
    def chosen_none(self) -> bool:
        """Whether the answer that stands is that no class is true."""
        return self._answered and not self.labels

    @property
    def _answered(self) -> bool:
        return self.annotation.state == Annotation.State.LABELLED


@never_cache
@require_GET
@login_required
def history(request: HttpRequest, pk: int) -> HttpResponse:
    """Own answers newest first; an owner may look at everyone's."""
    project = get_object_or_404(Project.objects.member(person(request)), pk=pk)
    context = _frame(request, project)
    try:
        wanted = _filter(request, project, owner=context["is_owner"])
        page = history_page(project=project, wanted=wanted, after=_key(request))
    except AnswerRefused as refusal:
        return render(
            request, "projects/history/page.html", context | {"refusal": refusal}, status=400
        )
    context["rows"] = _rows(page.rows, project, person(request))
    context["next_address"] = _next_address(request, page.next_key)
    return render(request, "projects/history/page.html", context)


@never_cache
@require_http_methods(["GET", "POST"])
@login_required
def history_row(request: HttpRequest, pk: int, annotation: int) -> HttpResponse:
    """One of the reader's own answers: change it, comment on it, flag it."""
    user = person(request)
    project = get_object_or_404(Project.objects.member(user), pk=pk)
    mine = Annotation.objects.filter(project=project, annotator=user)
    row = get_object_or_404(mine.select_related("example__data_import", "annotator"), pk=annotation)
    refusal: AnswerRefused | None = None
    if request.method == "POST":
        try:
            _perform(project, user, row, read_answer(request.POST))
        except AnswerRefused as refused:
            refusal = refused
        row.refresh_from_db()
    return _show_row(request, project, row, refusal)


def _show_row(
    request: HttpRequest, project: Project, row: Annotation, refusal: AnswerRefused | None
) -> HttpResponse:
    changed = request.method == "POST" and refusal is None
    if changed and not request.headers.get("HX-Request"):
        return redirect(reverse("history-row", args=[project.pk, row.pk]))
    context = _frame(request, project) | {
        "row": _rows([row], project, person(request))[0],
        "row_refusal": refusal,
        "saved": changed,
        "open": True,
    }
    fragment = request.headers.get("HX-Request")
    template = "projects/history/row.html" if fragment else "projects/history/one.html"
    # htmx swaps nothing on an error status; the fragment itself says what was refused.
    status = refusal.status if refusal and not fragment else 200
    return render(request, template, context, status=status)


def _perform(project: Project, user: User, row: Annotation, fields: AnswerFields) -> None:
    now = timezone.now()
    sender = Sender(project, user, fields.client_uuid, now, from_history=True)
    if fields.example_id != row.example_id:
        raise AnswerRefused("The form names another text than this answer's. Reload the page.")
    with transaction.atomic():
        match fields.act:
            case "label":
                answering.change_label(
                    sender=sender, example_id=row.example_id, labels=fields.labels
                )
                queue.spend(project_id=project.pk, example_id=row.example_id)
            case "flag":
                answering.flag(sender=sender, example_id=row.example_id)
            case "unflag":
                answering.unflag(sender=sender, example_id=row.example_id)
            case "comment":
                answering.comment(sender=sender, example_id=row.example_id, text=fields.comment)
            case _:
                raise AnswerRefused("Skipping and undoing are done on the label page.")
        transaction.on_commit(lambda: start_fit_if_due(project.pk, now))


def _frame(request: HttpRequest, project: Project) -> dict[str, Any]:
    user = person(request)
    is_owner = project.memberships.filter(user=user, role=Role.OWNER).exists()
    people = (
        User.objects.filter(annotations__project=project).distinct().order_by("username")
        if is_owner
        else []
    )
    return {
        "project": project,
        "is_owner": is_owner,
        "people": [other for other in people if other != user],
        "classes": list(project.label_classes.active()),
        "states": [(name, name.replace("_", " ")) for name in STATES],
        "chosen": {name: request.GET.get(name, "") for name in ("class", "state", "q", "who")},
        "filtered": any(request.GET.get(name) for name in ("class", "state", "q", "who")),
        "comment_characters": COMMENT_CHARACTERS,
    }


def _filter(request: HttpRequest, project: Project, *, owner: bool) -> HistoryFilter:
    state = request.GET.get("state", "")
    if state and state not in STATES:
        raise AnswerRefused(f"There is no state “{state[:40]}”; {', '.join(STATES)} are.")
    words = request.GET.get("q", "").strip().replace("\0", "")
    if len(words) > WORDS_CHARACTERS:
        raise AnswerRefused(f"Search for at most {WORDS_CHARACTERS} characters.")
    return HistoryFilter(
        annotator=_whose(request, project, owner=owner),
        state=state,
        class_id=_class_id(request, project),
        words=words,
    )


def _whose(request: HttpRequest, project: Project, *, owner: bool) -> User | None:
    who = request.GET.get("who", "")
    if not who:
        return person(request)
    if not owner:
        raise AnswerRefused("Only an owner of the project sees other people's answers.")
    if who == "everyone":
        return None
    found = User.objects.filter(annotations__project=project, pk=read_int(who) or 0).first()
    if found is None:
        raise AnswerRefused("Nobody by that number has answered in this project.")
    return found


def _class_id(request: HttpRequest, project: Project) -> int | None:
    value = request.GET.get("class", "")
    if not value:
        return None
    number = read_int(value)
    if number is None or not project.label_classes.filter(pk=number).exists():
        raise AnswerRefused("That class is not one of this project's.")
    return number


def _key(request: HttpRequest) -> HistoryKey | None:
    value = request.GET.get("after", "")
    if not value:
        return None
    moment, _, number = value.partition("~")
    try:
        updated_at = parse_datetime(moment)
    except ValueError:  # well-formed, but no such day
        updated_at = None
    pk = read_int(number)
    if updated_at is None or updated_at.tzinfo is None or pk is None:
        raise AnswerRefused("The place in the list cannot be read. Start from the newest answer.")
    return HistoryKey(updated_at, pk)


def _next_address(request: HttpRequest, key: HistoryKey | None) -> str:
    if key is None:
        return ""
    asked = {name: value for name, value in request.GET.items() if name != "after" and value}
    return "?" + urlencode(asked | {"after": f"{key.updated_at.isoformat()}~{key.pk}"})


def _rows(annotations: list[Annotation], project: Project, user: User) -> list[Row]:
    classes = {c.pk: c for c in project.label_classes.all()}
    behind = answers_behind(annotations)
    return [_row(a, classes, behind.get(a.pk), project, user) for a in annotations]


def _row(
    annotation: Annotation,
    classes: dict[int, LabelClass],
    answer: AnnotationEvent | None,
    project: Project,
    user: User,
) -> Row:
    return Row(
        annotation=annotation,
        labels=[classes[label] for label in annotation.labels if label in classes],
        answer=answer,
        why=why_asked(answer, project) if answer else None,
        changeable=annotation.annotator_id == user.pk,
        client_uuid=uuid.uuid4(),
        comment_uuid=uuid.uuid4(),
        flag_uuid=uuid.uuid4(),
    )
