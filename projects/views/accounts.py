"""Signing in, the account page, passwords."""

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe
from django_htmx.http import HttpResponseClientRefresh

from projects.selectors.members import memberships_of
from projects.views.account_forms import ChangePasswordForm, NewPasswordForm, SignInForm
from projects.views.person import person

_sign_in = LoginView.as_view(
    template_name="accounts/sign_in.html",
    authentication_form=SignInForm,
    redirect_authenticated_user=True,
)


def sign_in(request: HttpRequest) -> HttpResponseBase:
    """A fragment asked for after the session has ended is led here: the whole page must follow.

    Otherwise this page would be swapped into a corner of the one that is open.
    """
    if request.headers.get("HX-Request"):
        return HttpResponseClientRefresh()
    return _sign_in(request)


@require_safe
@login_required
def account(request: HttpRequest) -> HttpResponse:
    context = {"memberships": memberships_of(person(request))}
    return render(request, "accounts/account.html", context)


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def password_change(request: HttpRequest) -> HttpResponse:
    form = ChangePasswordForm(person(request), request.POST or None)
    if request.method == "POST" and form.is_valid():
        update_session_auth_hash(request, form.save())  # this session goes on, all others end
        messages.success(
            request, "The new password is set. Every other session of yours is signed out."
        )
        return redirect("account")
    return render(request, "accounts/password_change.html", {"form": form})


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def password_first(request: HttpRequest) -> HttpResponse:
    """The page after a one-time link: nothing else opens until a password is chosen."""
    user = person(request)
    if user.has_usable_password():
        return redirect("account")
    form = NewPasswordForm(user, request.POST or None)
    if request.method == "POST" and form.is_valid():
        update_session_auth_hash(request, form.save())  # this session goes on, all others end
        messages.success(request, f"Next time sign in as {user.get_username()} with your password.")
        return redirect("project-list")
    return render(request, "accounts/password_first.html", {"form": form})
