"""Settings > API: tokens made, listed and revoked. Owners only."""

import secrets
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from labeler.api.rates import counted_by
from learners.services.serving import models_answer
from projects.models import ApiToken, Project
from projects.models.api import Scope
from projects.services import api_tokens as rules
from projects.services.refusals import Refused
from projects.views.person import person

LIVES = [("30", "30 days"), ("90", "90 days"), ("365", "a year"), ("", "until it is revoked")]


class TokenForm(forms.Form):
    name = forms.CharField(
        label="Name",
        max_length=rules.MAX_NAME_CHARS,
        help_text="What will use it, such as “mail router”.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    scopes = forms.MultipleChoiceField(
        label="It may", choices=Scope.choices, widget=forms.CheckboxSelectMultiple, required=False
    )
    days = forms.TypedChoiceField(
        label="It lives", choices=LIVES, coerce=int, empty_value=None, required=False, initial="90"
    )


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def api_tokens(request: HttpRequest, pk: int) -> HttpResponse:
    """The project's tokens, and a new one's secret in the answer to its form alone."""
    project = get_object_or_404(Project.objects.owned(person(request)), pk=pk)
    form = TokenForm(request.POST or None, initial={"scopes": [Scope.PREDICT]})
    secret = _made(request, project, form) if request.method == "POST" else None
    context = {
        "project": project,
        "is_owner": True,
        "part": "api",
        "form": TokenForm(initial=form.initial) if secret else form,
        "secret": secret,
        "lines": _lines(project),
        "address": request.build_absolute_uri("/api/v1/"),
        "counted_by": counted_by(),
        "models_answer": models_answer(),
    }
    status = 422 if form.errors else 200
    return render(request, "projects/settings/api.html", context, status=status)


def _made(request: HttpRequest, project: Project, form: TokenForm) -> str | None:
    if not form.is_valid():
        return None
    try:
        _, secret = rules.create_token(
            actor=person(request),
            project=project,
            random=secrets.token_bytes(rules.RANDOM_BYTES),
            now=timezone.now(),
            **form.cleaned_data,
        )
    except Refused as refused:
        form.add_error(refused.field, refused.message)
        return None
    return secret


def _lines(project: Project) -> list[dict[str, Any]]:
    now, labels = timezone.now(), dict(Scope.choices)
    rows = ApiToken.objects.filter(project=project).select_related("created_by")
    return [
        {
            "token": token,
            "may": [labels.get(scope, scope) for scope in token.scopes],
            "state": _state(token, now),
        }
        for token in rows
    ]


def _state(token: ApiToken, now: Any) -> str:
    if token.revoked_at:
        return "revoked"
    return "expired" if token.expires_at and token.expires_at <= now else ""


@require_POST
@login_required
def revoke(request: HttpRequest, pk: int, token: int) -> HttpResponse:
    """End a token at once."""
    project = get_object_or_404(Project.objects.owned(person(request)), pk=pk)
    found = get_object_or_404(ApiToken, pk=token, project=project)
    if rules.revoke_token(token=found, now=timezone.now()):
        messages.success(request, f"“{found.name}” is revoked: it opens nothing any more.")
    return redirect("api-tokens", pk=pk)
