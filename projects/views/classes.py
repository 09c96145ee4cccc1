"""A project's label classes, for its owners."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from projects.models import LabelClass, Project
from projects.selectors.classes import ClassLine, class_lines, gone_classes, n_audit_answers
from projects.services.class_merging import merge_classes, n_left_empty, retire_class
from projects.services.classes import (
    MAX_DESCRIPTION_CHARS,
    MAX_NAME_CHARS,
    NONE_KEY,
    ClassSpec,
    add_classes,
    change_class,
    free_key,
    reorder_classes,
)
from projects.services.refusals import Refused
from projects.views.numbers import read_int
from projects.views.person import person
from projects.views.wizard_forms import COLOUR_CHOICES


class ClassForm(forms.Form):
    name = forms.CharField(label="Name", max_length=MAX_NAME_CHARS)
    description = forms.CharField(
        label="Description",
        max_length=MAX_DESCRIPTION_CHARS,
        required=False,
        help_text="A sentence that tells when to choose it.",
    )
    colour = forms.TypedChoiceField(
        label="Colour",
        choices=COLOUR_CHOICES,
        coerce=int,
        widget=forms.Select(attrs={"data-colour": ""}),
    )
    shortcut = forms.CharField(label="Key", max_length=1, required=False)
    is_none = forms.BooleanField(
        label="It stands for “none of these”",
        required=False,
        help_text="One class can; it stays last in the order.",
    )

    def __init__(self, *args: Any, multilabel: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if multilabel:  # there "none of these" is an answer without any class
            del self.fields["is_none"]

    def spec(self) -> ClassSpec:
        return ClassSpec(**self.cleaned_data)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def classes(request: HttpRequest, pk: int) -> HttpResponse:
    project = get_object_or_404(Project.objects.owned(person(request)), pk=pk)
    lines = class_lines(project)
    taken = [line.row.shortcut for line in lines] + [NONE_KEY] * project.multilabel
    initial = {"colour": len(lines) % 12 + 1, "shortcut": free_key(taken)}
    form = ClassForm(request.POST or None, initial=initial, multilabel=project.multilabel)
    if request.method == "POST" and form.is_valid() and _add(request, project, form):
        return redirect("project-classes", pk=pk)
    context = {
        "project": project,
        "is_owner": True,
        "part": "classes",
        "lines": lines,
        "gone": gone_classes(project),
        "form": form,
        "n_audit": n_audit_answers(project, stale=False),
        "n_stale": n_audit_answers(project, stale=True),
    }
    status = 422 if form.errors else 200
    return render(request, "projects/settings/classes.html", context, status=status)


def _add(request: HttpRequest, project: Project, form: ClassForm) -> bool:
    before = n_audit_answers(project, stale=False)
    try:
        add_classes(actor=person(request), project=project, specs=[form.spec()], now=timezone.now())
    except Refused as refused:
        form.add_error(_field(refused), refused.message)
        return False
    again = f" {before:,} audit answers will be asked again, blind." if before else ""
    messages.success(request, f"“{form.cleaned_data['name'].strip()}” is added.{again}")
    return True


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def one_class(request: HttpRequest, pk: int, class_pk: int) -> HttpResponse:
    """Everything about one class: change it, merge it, retire it."""
    project, row = _owned_class(request, pk, class_pk)
    shown = {name: getattr(row, name) for name in ClassForm.base_fields}
    form = ClassForm(request.POST or None, initial=shown, multilabel=project.multilabel)
    if request.method == "POST" and form.is_valid() and _change(request, row, form):
        return redirect("project-classes", pk=pk)
    return _class_page(request, project, row, form)


def _class_page(
    request: HttpRequest, project: Project, row: LabelClass, form: ClassForm
) -> HttpResponse:
    lines = {line.row.pk: line for line in class_lines(project)}
    line: ClassLine | None = lines.pop(row.pk, None)
    if line is None:
        return _gone(request, row)
    context = {
        "project": project,
        "is_owner": True,
        "part": "classes",
        "line": line,
        "others": list(lines.values()),
        "n_left_empty": n_left_empty(row) if project.multilabel else 0,
        "form": form,
    }
    status = 422 if form.errors else 200
    return render(request, "projects/settings/one_class.html", context, status=status)


def _gone(request: HttpRequest, row: LabelClass) -> HttpResponse:
    """Another owner was quicker."""
    messages.error(request, f"“{row.name}” is no longer in use; nothing was changed.")
    return redirect("project-classes", pk=row.project_id)


def _change(request: HttpRequest, row: LabelClass, form: ClassForm) -> bool:
    try:
        change_class(actor=person(request), label_class=row, spec=form.spec(), now=timezone.now())
    except Refused as refused:
        form.add_error(_field(refused), refused.message)
        return False
    messages.success(request, "Saved.")
    return True


@require_POST
@login_required
def reorder(request: HttpRequest, pk: int) -> HttpResponse:
    """Move one class up or down, or take the whole order from the page."""
    project = get_object_or_404(Project.objects.owned(person(request)), pk=pk)
    order = [line.row.pk for line in class_lines(project)]
    try:
        reorder_classes(
            actor=person(request), project=project, order=_moved(request, order), now=timezone.now()
        )
    except Refused as refused:
        messages.error(request, refused.message)
    return redirect("project-classes", pk=pk)


def _moved(request: HttpRequest, order: list[int]) -> list[int]:
    which, way = read_int(request.POST.get("class", "")), request.POST.get("way", "")
    if which is None or which not in order or way not in {"up", "down"}:
        raise Refused("order", "That class is no longer there; reload the page.")
    here = order.index(which)
    there = max(0, here - 1) if way == "up" else min(len(order) - 1, here + 1)
    order[here], order[there] = order[there], order[here]
    return order


@never_cache
@require_safe
@login_required
def merge_effect(request: HttpRequest, pk: int, class_pk: int) -> HttpResponse:
    """What a merge would do, in numbers, with the button that does it."""
    project, row = _owned_class(request, pk, class_pk)
    target = _other(project, row, request.GET.get("target", ""))
    line = next((line for line in class_lines(project) if line.row.pk == row.pk), None)
    if line is None:
        return _gone(request, row)
    context = {
        "project": project,
        "is_owner": True,
        "part": "classes",
        "line": line,
        "target": target,
    }
    if target is None:
        messages.error(request, "Choose another class of this project.")
        return redirect("project-class", pk=pk, class_pk=class_pk)
    return render(request, "projects/settings/merge.html", context)


@require_POST
@login_required
def merge(request: HttpRequest, pk: int, class_pk: int) -> HttpResponse:
    project, row = _owned_class(request, pk, class_pk)
    target = _other(project, row, request.POST.get("target", ""))
    try:
        if target is None:
            raise Refused("target", "Choose another class of this project.")
        n = merge_classes(actor=person(request), source=row, target=target, now=timezone.now())
    except Refused as refused:
        messages.error(request, refused.message)
    else:
        messages.success(request, f"{n:,} labels became “{target.name}”.")
    return redirect("project-classes", pk=pk)


@require_POST
@login_required
def retire(request: HttpRequest, pk: int, class_pk: int) -> HttpResponse:
    project, row = _owned_class(request, pk, class_pk)
    gone = "answers stand without it" if project.multilabel else "labels were set aside"
    try:
        n = retire_class(actor=person(request), label_class=row, now=timezone.now())
    except Refused as refused:
        messages.error(request, refused.message)
    else:
        messages.success(request, f"“{row.name}” is out of use; {n:,} {gone}.")
    return redirect("project-classes", pk=pk)


def _owned_class(request: HttpRequest, pk: int, class_pk: int) -> tuple[Project, LabelClass]:
    project = get_object_or_404(Project.objects.owned(person(request)), pk=pk)
    standing = LabelClass.objects.filter(project=project).active()
    return project, get_object_or_404(standing, pk=class_pk)


def _other(project: Project, row: LabelClass, said: str) -> LabelClass | None:
    standing = LabelClass.objects.filter(project=project).active().exclude(pk=row.pk)
    return standing.filter(pk=read_int(said) or 0).first()


def _field(refused: Refused) -> str | None:
    return refused.field if refused.field in ClassForm.base_fields else None
