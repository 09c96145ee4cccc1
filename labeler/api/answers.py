"""What stands before and behind every request to the API: its limits, and that answers are JSON."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.handlers.exception import convert_exception_to_response
from django.http import HttpRequest, HttpResponse
from django.middleware.common import CommonMiddleware
from django.middleware.security import SecurityMiddleware
from django.urls import get_resolver

from labeler.api.auth import STANDING
from labeler.api.errors import CODES, ApiError
from labeler.refusing import read_out

PREFIX = "/api/"
TAKES_FILES = "/batches"
MESSAGES = {
    400: "The request cannot be read.",
    403: "This is not allowed.",
    404: "There is nothing at this address; /api/v1/openapi.json lists what there is.",
    405: "This address does not take this method; allowed: {allow}.",
    413: "The request is too large.",
    500: "An error that is not yours; the server's log has the details.",
}


def api_answers(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """No page in HTML ever answers a program, and no body is read that is too large.

    What comes after this in `MIDDLEWARE` is for pages, and no request to the API goes through it: a
    token is no session, and JSON has neither forms nor scripts. Hosts and HTTPS are checked as there.
    """
    light = _guarded(_called)

    def middleware(request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(PREFIX):
            return get_response(request)
        response = _unreadable(request) or _as_json(light(request))
        response.headers.setdefault("Cache-Control", "no-store")
        standing = getattr(request, STANDING, None)
        for name, value in standing.headers().items() if standing else ():
            response.headers[name] = value
        return response

    return middleware


def _guarded(call: Callable[[HttpRequest], HttpResponse]) -> Any:
    """With the middleware of pages that programs need too; what fails becomes an answer and is logged."""
    guarded: Any = convert_exception_to_response(call)
    for kind in (CommonMiddleware, SecurityMiddleware):
        guarded = convert_exception_to_response(kind(guarded))
    return guarded


def _called(request: HttpRequest) -> HttpResponse:
    """What is at this address. Raises Http404."""
    found = get_resolver().resolve(request.path_info)
    request.resolver_match = found
    response: HttpResponse = found.func(request, *found.args, **found.kwargs)
    return response


def _unreadable(request: HttpRequest) -> HttpResponse | None:
    """The answer to a body of unknown length, that is too large, or that is not JSON. Files are another
    matter: what takes them limits them while they arrive.
    """
    if "Transfer-Encoding" in request.headers and not request.META.get("CONTENT_LENGTH"):
        message = "Send the header Content-Length; a body that comes in chunks is not read."
        return ApiError(411, message).response()
    is_form = request.content_type == "multipart/form-data"
    if is_form and request.path_info.endswith(TAKES_FILES):
        return None
    length = request.META.get("CONTENT_LENGTH") or "0"
    n_bytes = int(length) if length.isascii() and length.isdigit() else 0
    allowed = settings.LABELER_API_MAX_BODY_BYTES
    if n_bytes > allowed:
        read_out(request)
        return ApiError(413, f"{n_bytes:,} bytes; allowed: {allowed:,} a request.").response()
    if n_bytes and request.content_type != "application/json":
        read_out(request)
        return ApiError(
            415, "Send JSON, with the header Content-Type: application/json."
        ).response()
    return None


def _as_json(response: HttpResponse) -> HttpResponse:
    if response.status_code < 400 or response.get("Content-Type", "").startswith(
        "application/json"
    ):
        return response
    status = response.status_code if response.status_code in CODES else 500
    message = MESSAGES.get(status, MESSAGES[500]).format(allow=response.get("Allow", "none"))
    answer = ApiError(status, message).response()
    if "Allow" in response.headers:
        answer["Allow"] = response["Allow"]
    return answer
