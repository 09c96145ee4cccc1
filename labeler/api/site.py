"""The API as one object: its addresses, and how what goes wrong is told."""

from typing import Any

from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError

from labeler.api import batches, examples, feedback, predicting, projects, simulations
from labeler.api.auth import TokenAuth
from labeler.api.errors import CODES, ApiError, StrictParser, of_validation
from projects.services.refusals import Refused
from projects.services.staging import too_large

api = NinjaAPI(
    title="Labeler",
    version="1",
    description="Projects, predictions and labels for programs. Errors: {error: {code, message}}.",
    urls_namespace="api-1",
    docs_url=None,  # the usual page of documentation loads its scripts from another host
    auth=TokenAuth(),
    parser=StrictParser(),
)
for subject in (projects, simulations, examples, predicting, batches, feedback):
    api.add_router("/projects/{int:project_id}", subject.router)


@api.exception_handler(ApiError)
def api_error(request: HttpRequest, error: ApiError) -> HttpResponse:
    return error.response()


@api.exception_handler(Refused)
def refused(request: HttpRequest, error: Refused) -> HttpResponse:
    """A rule said no. Of no field in particular: because of how things stand, so 409."""
    more: dict[str, Any] = {} if error.row is None else {"row": error.row}
    status = 422 if error.field else 409
    return ApiError(status, error.message, field=error.field, **more).response()


@api.exception_handler(ValidationError)
def invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    if getattr(request, "upload_too_large", False):  # cut short while it arrived, so it is missing
        return ApiError(413, str(too_large("The file")), field="file").response()
    return of_validation(error.errors).response()


@api.exception_handler(Http404)
def not_found(request: HttpRequest, error: Http404) -> HttpResponse:
    return ApiError(404, "There is no such thing in this project.").response()


@api.exception_handler(HttpError)
def http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    """Also around what our parser raised: the library keeps it as the cause alone."""
    if isinstance(error.__cause__, ApiError):
        return error.__cause__.response()
    status = error.status_code if error.status_code in CODES else 400
    return ApiError(status, f"{error}.").response()


@api.exception_handler(OperationalError)
def database_away(request: HttpRequest, error: OperationalError) -> HttpResponse:
    message = "The database does not answer; try again in a moment."
    return ApiError(503, message, code="database_away", headers={"Retry-After": "5"}).response()
