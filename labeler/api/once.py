"""Requests that may arrive twice: with a key of the caller's, each is done once and told again."""

import hashlib
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.http import HttpRequest, JsonResponse
from django.utils import timezone

from labeler.api.auth import token_of
from labeler.api.errors import ApiError
from projects.models import ApiReceipt

HEADER = "Idempotency-Key"


def once(request: HttpRequest, make: Callable[[], tuple[int, dict[str, Any]]]) -> JsonResponse:
    """Do it in one transaction, or repeat the answer that this token's key had within a day.

    Without the header it is done each time. Refusals are not kept: they changed nothing.

    Raises:
        ApiError: 400 for a key that is no UUID, 409 for one that came with another request.
    """
    key = _key(request)
    with transaction.atomic():
        if key is None:
            status, answer = make()
            return JsonResponse(answer, status=status)
        token = token_of(request)
        _wait_for_twin(token.pk, key)
        kept = ApiReceipt.objects.filter(token=token, key=key).first()
        digest = _digest(request)
        if kept is not None:
            return _again(kept, digest)
        status, answer = make()
        ApiReceipt.objects.create(
            token=token,
            key=key,
            digest=digest,
            status=status,
            answer=answer,
            created_at=timezone.now(),
        )
    return JsonResponse(answer, status=status)


def _wait_for_twin(token_id: int, key: UUID) -> None:
    """Until no other request with this key is at work. No row is locked: the work may take minutes."""
    digest = hashlib.sha256(f"receipt/{token_id}/{key}".encode()).digest()
    with connection.cursor() as cursor:
        number = int.from_bytes(digest[:8], "big", signed=True)
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])


def _key(request: HttpRequest) -> UUID | None:
    said = request.headers.get(HEADER)
    try:
        return UUID(said) if said else None
    except ValueError as error:
        raise ApiError(400, f"The header {HEADER} is a UUID, or is left out.") from error


def _digest(request: HttpRequest) -> str:
    """Of the address and what was sent; of a file its name and size, since it is read but once."""
    if request.content_type != "multipart/form-data":
        return hashlib.sha256(request.path_info.encode() + b"\0" + request.body).hexdigest()
    fields = [f"{name}={value}" for name, value in sorted(request.POST.items())]
    files = [f"{one.name}:{one.size}" for _, one in request.FILES.items()]  # type: ignore[union-attr]
    asked = "\0".join([request.path_info, *fields, *files])
    return hashlib.sha256(asked.encode("utf-8", "surrogateescape")).hexdigest()


def _again(kept: ApiReceipt, digest: str) -> JsonResponse:
    if kept.digest != digest:
        message = f"This {HEADER} came with another request before; take a new UUID."
        raise ApiError(409, message, code="key_reused")
    return JsonResponse(kept.answer, status=kept.status, headers={"Idempotent-Replayed": "true"})
