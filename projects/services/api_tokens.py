"""Tokens for the API: made and revoked by owners, and recognised by their digest."""

import copy
import hashlib
from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from projects.models import ApiReceipt, ApiToken, Membership, Project, User
from projects.models.api import Scope
from projects.models.project import Role
from projects.remembering import Clock, Remembered
from projects.services.refusals import Refused

PREFIX = "lab_"
SHOWN_CHARS = 8
MAX_NAME_CHARS = 80
MAX_TOKENS = 100
RANDOM_BYTES = 32
LONGEST_DAYS = 3650
USED_EVERY = timedelta(minutes=1)
RECEIPTS_KEPT = timedelta(days=1)
RECOGNISED: Remembered[str, ApiToken] = Remembered(most=1_000)  # by digest


@transaction.atomic
def create_token(
    *,
    actor: User,
    project: Project,
    name: str,
    scopes: Collection[str],
    days: int | None,
    random: bytes,
    now: datetime,
) -> tuple[ApiToken, str]:
    """Make a token that lives for `days`, or until it is revoked.

    `random`: `RANDOM_BYTES` from the system's source of secrets; the token is nothing else.

    Returns:
        The row and the secret, which is stored nowhere.

    Raises:
        Refused: a name, scope or time that cannot be, or too many tokens.
    """
    if len(random) != RANDOM_BYTES:
        raise ValueError(f"{len(random)} random bytes; needed: {RANDOM_BYTES}")
    _check(name, scopes, days)
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    if usable_tokens(project, now).count() >= MAX_TOKENS:
        raise Refused("name", f"A project has at most {MAX_TOKENS} tokens; revoke one first.")
    secret = PREFIX + random.hex()
    token = ApiToken.objects.create(
        project=project,
        name=name.strip(),
        scopes=[scope for scope in Scope.values if scope in scopes],
        digest=digest_of(secret),
        start=secret[:SHOWN_CHARS],
        created_by=actor,
        created_at=now,
        expires_at=None if days is None else now + timedelta(days=days),
    )
    return token, secret


def _check(name: str, scopes: Collection[str], days: int | None) -> None:
    found = len(name.strip())
    if not 1 <= found <= MAX_NAME_CHARS or not name.strip().isprintable():
        raise Refused(
            "name", f"A name has 1 to {MAX_NAME_CHARS} printable characters; found: {found}."
        )
    if not scopes:
        raise Refused("scopes", "Choose at least one thing that the token may do.")
    if unknown := sorted(set(scopes) - set(Scope.values)):
        raise Refused("scopes", f"No scope “{unknown[0]}”; allowed: {', '.join(Scope.values)}.")
    if days is not None and not 1 <= days <= LONGEST_DAYS:
        raise Refused("days", f"{days:,} days; allowed: 1 to {LONGEST_DAYS:,}.")


def revoke_token(*, token: ApiToken, now: datetime) -> bool:
    """End a token at once. Returns whether it was still usable."""
    standing = ApiToken.objects.filter(pk=token.pk, revoked_at__isnull=True)
    ended = bool(standing.update(revoked_at=now))
    RECOGNISED.forget(token.digest)
    return ended


def usable_tokens(project: Project, now: datetime) -> QuerySet[ApiToken]:
    """Tokens that were neither revoked nor have expired."""
    return ApiToken.objects.filter(_alive(now), project=project)


def _alive(now: datetime) -> Q:
    return Q(revoked_at__isnull=True) & (Q(expires_at__isnull=True) | Q(expires_at__gt=now))


def recognise(*, secret: str, now: datetime) -> ApiToken | None:
    """The token that this is the secret of, while it may be used; with its project and maker.

    Marks it as used, to the minute.
    """
    makers = Membership.objects.filter(
        project=OuterRef("project"), user=OuterRef("created_by"), role=Role.OWNER
    )
    token = (
        ApiToken.objects.filter(
            _alive(now), Exists(makers), digest=digest_of(secret), created_by__is_active=True
        )
        .select_related("project", "created_by")
        .first()
    )
    if token is not None and (not token.last_used_at or now - token.last_used_at >= USED_EVERY):
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)
    return token


def recognise_again(*, secret: str, now: datetime, clock: Clock, seconds: float) -> ApiToken | None:
    """As `recognise`, read at most once in `seconds`: for requests that come often and change nothing.

    A token that was revoked in another process, or whose maker lost the project, is noticed by then;
    one that expires, at once. The row is the caller's own; its project is shared and only to be read.
    """
    found = RECOGNISED.get(
        digest_of(secret),
        lambda: recognise(secret=secret, now=now),
        clock=clock,
        seconds=seconds,
    )
    if found is None or (found.expires_at and found.expires_at <= now):
        return None
    return copy.copy(found)


def digest_of(secret: str) -> str:
    """What is stored of a secret. It has 256 random bits, so no slow hash is needed."""
    return hashlib.sha256(secret.encode(errors="surrogateescape")).hexdigest()


def forget_receipts(*, now: datetime) -> int:
    """Forget answers that were kept for a day. Returns how many."""
    n_gone, _ = ApiReceipt.objects.filter(created_at__lt=now - RECEIPTS_KEPT).delete()
    return n_gone
