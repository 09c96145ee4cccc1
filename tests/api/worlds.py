"""Tokens and calls, as a program would make them."""

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from projects.models import ApiToken, Membership, Project
from projects.models.api import Scope
from projects.models.project import Role
from projects.services.api_tokens import create_token


def make_token(
    project: Project, *, scopes: Sequence[str] = Scope.values, random: bytes = b"r" * 32
) -> tuple[ApiToken, str]:
    """A token made by the project's first owner, and its secret."""
    owner = Membership.objects.filter(project=project, role=Role.OWNER)[0].user
    return create_token(
        actor=owner,
        project=project,
        name="mail router",
        scopes=scopes,
        days=90,
        random=random,
        now=timezone.now() - timedelta(minutes=5),
    )


class Program:
    """Calls the API of one project with one token."""

    def __init__(self, project: Project, secret: str) -> None:
        self.project, self.secret = project, secret
        self.client = Client(raise_request_exception=False)

    def call(
        self,
        method: str,
        path: str = "",
        body: Any = None,
        *,
        raw: bytes | None = None,
        **headers: str,
    ) -> HttpResponse:
        """`path` follows the project's address; `body` is sent as JSON, `raw` as it is."""
        address = path if path.startswith("/api/") else f"/api/v1/projects/{self.project.pk}{path}"
        sent = raw if raw is not None else (b"" if body is None else json.dumps(body).encode())
        auth = {"Authorization": f"Bearer {self.secret}"} if self.secret else {}
        return self.client.generic(  # type: ignore[return-value]
            method, address, sent, content_type="application/json", headers={**auth, **headers}
        )

    def get(self, path: str = "", **headers: Any) -> HttpResponse:
        return self.call("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: Any) -> HttpResponse:
        return self.call("POST", path, body, **headers)


def make_program(project: Project, *, scopes: Sequence[str] = Scope.values) -> Program:
    return Program(project, make_token(project, scopes=scopes)[1])


def problem(response: Any, status: int) -> dict[str, Any]:
    """The error that was answered, after looking at its shape."""
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/json"
    said = json.loads(response.content)
    assert set(said) == {"error"}
    assert said["error"]["code"]
    assert said["error"]["message"]
    return dict(said["error"])


def answer(response: Any, status: int = 200) -> Any:
    assert response.status_code == status, response.content
    return json.loads(response.content)
