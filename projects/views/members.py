"""A project's members, for its owners."""

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from projects.models import Project, User
from projects.models.project import Role
from projects.selectors.members import former_members, member_lines
from projects.services import members as rules
from projects.services.one_time_links import LinkRefused, issue_reset_by_owner
from projects.views.person import person

FRESH_LINK = "fresh_link"


class AddForm(forms.Form):
    username = forms.CharField(
        label="Name",
        max_length=rules.MAX_NAME,
        help_text="Of an account that exists, or of a new one: you then get a link to send.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none"}),
    )
    role = forms.ChoiceField(label="Role", choices=Role.choices, initial=Role.ANNOTATOR)


class RoleForm(forms.Form):
    role = forms.ChoiceField(choices=Role.choices)


@never_cache
@require_safe
@login_required
def members(request: HttpRequest, pk: int) -> HttpResponse:
    return _page(request, _owned(request, pk), AddForm())


@require_POST
@login_required
def add(request: HttpRequest, pk: int) -> HttpResponse:
    project, form = _owned(request, pk), AddForm(request.POST)
    if not form.is_valid():
        return _page(request, project, form)
    try:
        user, link = rules.add_member(
            actor=person(request), project=project, now=timezone.now(), **form.cleaned_data
        )
    except rules.MemberRefused as refused:
        form.add_error("username", str(refused))
        return _page(request, project, form)
    if link:
        _keep_link(request, user, link)
    else:
        messages.success(request, f"{user.get_username()} is a member now.")
    return redirect("members", pk=pk)


@require_POST
@login_required
def change_role(request: HttpRequest, pk: int, user_pk: int) -> HttpResponse:
    project, form = _owned(request, pk), RoleForm(request.POST)
    user = get_object_or_404(User, memberships__project=project, pk=user_pk)
    if not form.is_valid():
        messages.error(request, "Choose one of the roles in the list.")
        return redirect("members", pk=pk)
    try:
        membership = rules.change_role(
            actor=person(request),
            project=project,
            user=user,
            now=timezone.now(),
            **form.cleaned_data,
        )
    except rules.MemberRefused as refused:
        messages.error(request, str(refused))
        return redirect("members", pk=pk)
    role = membership.get_role_display().lower()
    messages.success(request, f"{user.get_username()} is {role} now.")
    return _back(request, pk)


@require_POST
@login_required
def remove(request: HttpRequest, pk: int, user_pk: int) -> HttpResponse:
    project = _owned(request, pk)
    user = get_object_or_404(User, memberships__project=project, pk=user_pk)
    try:
        rules.remove_member(actor=person(request), project=project, user=user, now=timezone.now())
    except rules.MemberRefused as refused:
        messages.error(request, str(refused))
        return redirect("members", pk=pk)
    messages.success(request, f"{user.get_username()} has left {project.name}; the labels stay.")
    return _back(request, pk)


@require_POST
@login_required
def make_link(request: HttpRequest, pk: int, user_pk: int) -> HttpResponse:
    project = _owned(request, pk)
    user = get_object_or_404(User, memberships__project=project, pk=user_pk)
    try:
        link = issue_reset_by_owner(
            actor=person(request), project=project, user=user, now=timezone.now()
        )
    except LinkRefused as refused:
        messages.error(request, str(refused))
    else:
        _keep_link(request, user, link)
    return redirect("members", pk=pk)


def _owned(request: HttpRequest, pk: int) -> Project:
    return get_object_or_404(Project.objects.owned(person(request)), pk=pk)


def _back(request: HttpRequest, pk: int) -> HttpResponse:
    """To the members page, or home for somebody who just gave up her own right to see it."""
    still_owner = Project.objects.owned(person(request)).filter(pk=pk).exists()
    return redirect("members", pk=pk) if still_owner else redirect("project-list")


def _keep_link(request: HttpRequest, user: User, path: str) -> None:
    """For the next page alone, so that a reload neither shows the link again nor makes another."""
    address = request.build_absolute_uri(path)
    request.session[FRESH_LINK] = {"name": user.get_username(), "address": address}


def _page(request: HttpRequest, project: Project, form: AddForm) -> HttpResponse:
    context = {
        "project": project,
        "is_owner": True,
        "lines": member_lines(project=project, viewer=person(request)),
        "former": former_members(project),
        "roles": Role.choices,
        "form": form,
        "fresh_link": request.session.pop(FRESH_LINK, None),
    }
    return render(request, "projects/members.html", context)
