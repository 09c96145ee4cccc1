"""A project's settings, for its owners: general, guideline, and moving it to the bin."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from projects.models import Project
from projects.selectors.guideline import guideline_html
from projects.services import creating
from projects.services.bin import bin_project
from projects.services.project_settings import change_guideline, change_settings
from projects.services.refusals import Refused
from projects.views.person import person
from projects.views.wizard_forms import time_zone_choices


class GeneralForm(forms.Form):
    """Each field carries the value it was shown with: only what was changed here is saved."""

    name = forms.CharField(
        label="Name", max_length=creating.MAX_NAME_CHARS, show_hidden_initial=True
    )
    description = forms.CharField(
        label="What is asked of each text",
        max_length=creating.MAX_DESCRIPTION_CHARS,
        required=False,
        show_hidden_initial=True,
    )
    time_zone = forms.ChoiceField(
        label="Time zone",
        choices=time_zone_choices,
        show_hidden_initial=True,
        help_text="Days on charts begin at midnight there.",
    )
    batch_size = forms.IntegerField(
        label="Batch: labels between two fits",
        min_value=1,
        max_value=1000,
        show_hidden_initial=True,
        help_text="1 to 1,000.",
    )
    audit_percent = forms.FloatField(
        label="Questions that measure, %",
        min_value=0,
        max_value=100,
        show_hidden_initial=True,
        help_text="The chance that a question is a random text, reserved to measure. 0 measures nothing: the curve stands still.",
    )
    lease_seconds = forms.IntegerField(
        label="A text is held for, seconds",
        min_value=30,
        max_value=86_400,
        show_hidden_initial=True,
        help_text="30 to 86,400. After that somebody else may be asked; a late answer is kept.",
    )

    def changes(self) -> dict[str, Any]:
        """What differs from the page as it was shown, under the rows' own names."""
        said = {name: self.cleaned_data[name] for name in self.changed_data}
        if "audit_percent" in said:
            said["audit_share"] = said.pop("audit_percent") / 100
        return said


class GuidelineForm(forms.Form):
    guideline = forms.CharField(
        label="Guideline, in Markdown",
        max_length=creating.MAX_GUIDELINE_CHARS,
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 18}),
        help_text="# heading, - list, **bold**, > quote, tables. Images and raw HTML are left out.",
    )


class DeleteForm(forms.Form):
    typed_name = forms.CharField(
        label="Type the project's name",
        strip=True,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def general(request: HttpRequest, pk: int) -> HttpResponse:
    project = get_object_or_404(Project.objects.owned(person(request)), pk=pk)
    shown = {
        name: getattr(project, name) for name in GeneralForm.base_fields if name[:5] != "audit"
    }
    shown["audit_percent"] = f"{100 * project.audit_share:.6g}"
    form = GeneralForm(request.POST or None, initial=shown)
    if request.method == "POST" and form.is_valid() and _change(request, project, form):
        return redirect("project-settings", pk=pk)
    return _page(request, project, "projects/settings/general.html", {"form": form})


def _change(request: HttpRequest, project: Project, form: GeneralForm) -> bool:
    try:
        changed = change_settings(
            actor=person(request), project=project, changes=form.changes(), now=timezone.now()
        )
    except Refused as refused:
        field = "audit_percent" if refused.field == "audit_share" else refused.field
        form.add_error(field, refused.message)
        return False
    messages.success(request, "Saved." if changed else "Nothing differs; nothing was saved.")
    return True


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def guideline(request: HttpRequest, pk: int) -> HttpResponse:
    project = get_object_or_404(Project.objects.owned(person(request)), pk=pk)
    form = GuidelineForm(request.POST or None, initial={"guideline": project.guideline})
    text = project.guideline
    if request.method == "POST" and form.is_valid():
        text = form.cleaned_data["guideline"].replace("\r\n", "\n")
        if request.POST.get("do") != "preview" and _save_guideline(request, project, form, text):
            return redirect("project-guideline", pk=pk)
    context = {
        "form": form,
        "preview": guideline_html(text),
        "is_saved": text == project.guideline,
    }
    return _page(request, project, "projects/settings/guideline.html", context)


def _save_guideline(request: HttpRequest, project: Project, form: GuidelineForm, text: str) -> bool:
    try:
        changed = change_guideline(
            actor=person(request), project=project, guideline=text, now=timezone.now()
        )
    except Refused as refused:
        form.add_error("guideline", refused.message)
        return False
    messages.success(request, "Saved." if changed else "Nothing differs; nothing was saved.")
    return True


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    project = get_object_or_404(Project.objects.owned(person(request)), pk=pk)
    form = DeleteForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        typed = form.cleaned_data["typed_name"]
        try:
            bin_project(
                actor=person(request), project=project, typed_name=typed, now=timezone.now()
            )
        except Refused as refused:
            form.add_error("typed_name", refused.message)
        else:
            messages.success(request, f"{project.name} is in the bin.")
            return redirect("bin")
    return _page(request, project, "projects/settings/delete.html", {"form": form})


def _page(
    request: HttpRequest, project: Project, template: str, context: dict[str, Any]
) -> HttpResponse:
    failed = bool(context["form"].errors)
    part = template.rsplit("/", 1)[-1].removesuffix(".html")
    context = {"project": project, "is_owner": True, "part": part, **context}
    return render(request, template, context, status=422 if failed else 200)
