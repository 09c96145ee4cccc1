"""What stands before every page."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import resolve

OPEN_WITHOUT_PASSWORD = {"password-first", "one-time-link", "password-reset", "sign-out", "health"}


def password_required(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Someone who came in by a one-time link chooses a password before anything else."""

    def middleware(request: HttpRequest) -> HttpResponse:
        user = request.user
        without_password = user.is_authenticated and not user.has_usable_password()
        if without_password and resolve(request.path_info).url_name not in OPEN_WITHOUT_PASSWORD:
            return redirect("password-first")
        return get_response(request)

    return middleware
