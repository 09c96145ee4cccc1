"""Who calls: a token of one project, its scopes, and how often it may."""

import time
from datetime import datetime

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from ninja.security import HttpBearer

from labeler.api import rates
from labeler.api.errors import ApiError
from projects.models import ApiToken, Project
from projects.models.api import Scope
from projects.services.api_tokens import recognise, recognise_again

WANTED = {"WWW-Authenticate": 'Bearer realm="Labeler"'}
STANDING = "api_standing"


class TokenAuth(HttpBearer):
    """`Authorization: Bearer lab_...`

    Args:
        often: for an address that is asked often and changes nothing of the project: the token may be
            as it was `LABELER_REMEMBER_SECONDS` ago.
    """

    def __init__(self, *, often: bool = False) -> None:
        super().__init__()
        self.often = often

    def __call__(self, request: HttpRequest) -> ApiToken:
        """Raises ApiError: 401 without a usable token, 429 where it calls too often."""
        kind, _, secret = request.headers.get("Authorization", "").partition(" ")
        if kind.lower() != "bearer" or not secret.strip():
            message = "Send a token of the project: the header “Authorization: Bearer ...”."
            raise ApiError(401, message, headers=WANTED)
        return self.authenticate(request, secret.strip())

    def authenticate(self, request: HttpRequest, token: str) -> ApiToken:
        found = self._found(token, timezone.now())
        if found is None:
            message = (
                "This token is unknown, revoked or expired, or its maker is no owner any more."
            )
            raise ApiError(401, message, headers=WANTED)
        standing = rates.take(found.pk)
        setattr(request, STANDING, standing)
        if standing.exceeded:
            raise ApiError(
                429,
                f"More than {standing.limit:,} requests in a minute; wait {standing.seconds_left} s.",
                headers={"Retry-After": str(standing.seconds_left)},
            )
        return found

    def _found(self, secret: str, now: datetime) -> ApiToken | None:
        if not self.often:
            return recognise(secret=secret, now=now)
        seconds = settings.LABELER_REMEMBER_SECONDS
        return recognise_again(secret=secret, now=now, clock=time.monotonic, seconds=seconds)


def token_of(request: HttpRequest) -> ApiToken:
    """The token that the request came with. Only behind `TokenAuth`."""
    found = request.auth  # type: ignore[attr-defined]
    assert isinstance(found, ApiToken)
    return found


def project_of(request: HttpRequest, project_id: int, scope: Scope) -> Project:
    """The token's project, when it is the one that was asked for and the token may do this there.

    Raises:
        ApiError: 404 for any other project, 403 without the scope.
    """
    token = token_of(request)
    project = token.project
    if project.pk != project_id or project.binned_at is not None:
        raise ApiError(404, "This token opens no project of that number.", field="project_id")
    if scope not in token.scopes:
        raise ApiError(
            403,
            f"This token may not do that: it lacks the scope “{scope.value}”.",
            code="missing_scope",
            scope=scope.value,
        )
    return project
