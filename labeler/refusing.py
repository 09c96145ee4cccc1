"""The answer to a request that was refused before any page saw it."""

import time
from contextlib import suppress

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

MEGABYTE = 1024 * 1024
READ_AT_ONCE = 64 * 1024
READ_OUT_BYTES = 64 * MEGABYTE
READ_OUT_SECONDS = 10.0


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler for status 400: too much is answered with what came and what is allowed."""
    problem = _problem(request, exception)
    if problem:
        read_out(request)
    page = render_to_string("400.html", {"problem": problem})
    return HttpResponse(page, status=413 if problem else 400)


def _problem(request: HttpRequest, exception: Exception) -> str:
    if isinstance(exception, RequestDataTooBig):
        found = int(request.META.get("CONTENT_LENGTH") or 0) / MEGABYTE
        allowed = settings.DATA_UPLOAD_MAX_MEMORY_SIZE // MEGABYTE
        file = settings.LABELER_MAX_UPLOAD_BYTES // MEGABYTE
        return (
            f"The page sent {found:,.1f} MB of typed or pasted text; allowed: {allowed} MB. Keep "
            f"the lines in a file and upload it as a file: that may have {file:,} MB."
        )
    if isinstance(exception, TooManyFieldsSent):
        most = settings.DATA_UPLOAD_MAX_NUMBER_FIELDS
        return (
            f"The form has more than {most:,} fields; allowed: {most:,}. Give the file fewer "
            "columns, or fewer labels that become classes, and upload it as a file again."
        )
    return ""


def read_out(request: HttpRequest) -> None:
    """A browser that is still sending would take the end of the connection for the answer.

    At most `READ_OUT_BYTES` and `READ_OUT_SECONDS`: who sends more, or more slowly, loses the answer, and
    not a thread of the web process its time. The server closes the connection then.
    """
    length = request.META.get("CONTENT_LENGTH") or ""
    if length.isdigit() and int(length) > READ_OUT_BYTES:
        return
    until = time.monotonic() + READ_OUT_SECONDS
    with suppress(OSError):  # it has gone: nobody is left to answer
        while time.monotonic() < until and request.read(READ_AT_ONCE):
            pass
