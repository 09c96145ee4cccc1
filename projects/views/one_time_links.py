"""Coming in by a link instead of a password."""

from typing import Any

from django.conf import settings
from django.contrib.auth import login
from django.contrib.auth.views import PasswordResetConfirmView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from projects.models import User
from projects.services.one_time_links import reset_tokens, use_entry_link, user_of
from projects.views.account_forms import NewPasswordForm

GONE = 410
BACKEND = "django.contrib.auth.backends.ModelBackend"


@never_cache
@require_safe
def enter(request: HttpRequest, uidb64: str, token: str) -> HttpResponse:
    """Sign in once. Only a person's own GET counts: a probe or a prefetch must not burn the link."""
    if request.method == "HEAD" or _is_prefetch(request):
        return HttpResponse(status=204)
    user = use_entry_link(uidb64=uidb64, token=token)
    if user is None:
        return _dead(request)
    login(request, user, backend=BACKEND)
    return redirect("password-first")


def _is_prefetch(request: HttpRequest) -> bool:
    return any("pre" in request.headers.get(name, "") for name in ("Sec-Purpose", "Purpose"))


def _dead(request: HttpRequest) -> HttpResponse:
    return render(request, "accounts/dead_link.html", {"days": _days()}, status=GONE)


def _days() -> int:
    return settings.PASSWORD_RESET_TIMEOUT // (24 * 3600)


class Reset(PasswordResetConfirmView):
    """A new password by a link. Opening it changes nothing, so a link preview cannot use it up."""

    template_name = "accounts/reset.html"
    form_class = NewPasswordForm
    token_generator = reset_tokens
    post_reset_login = True
    post_reset_login_backend = BACKEND
    success_url = reverse_lazy("project-list")

    def get_user(self, uidb64: str) -> User | None:
        return user_of(uidb64)

    def render_to_response(self, context: dict[str, Any], **kwargs: Any) -> HttpResponse:
        if not self.validlink:
            return _dead(self.request)
        return super().render_to_response(context, **kwargs)


reset = Reset.as_view()
