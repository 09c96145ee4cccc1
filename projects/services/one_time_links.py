"""Links that stand in for a password once: no mail is needed, and nothing is stored.

Two kinds. An *entry* link signs in at once, for the person who started Labeler on her own machine.
A *reset* link opens a form for a new password, so that a chat's link preview cannot use it up: that
is the kind to send to somebody. Both expire after `PASSWORD_RESET_TIMEOUT` and die when used.
"""

from collections.abc import Collection
from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_decode, urlsafe_base64_encode

from projects.models import AnnotationEvent, Membership, Project, ProjectEvent, User
from projects.models.project import Role
from projects.services.ledger import append_project_event


class LinkRefused(Exception):
    """This person may not make a link for that account; the text says why."""


class LinkTokens(PasswordResetTokenGenerator):
    """Django's tokens, which die at sign-in and with a new password; these die with more.

    An owner may reset the password of somebody who has nothing beyond her projects. Were that person
    made a member elsewhere, a link that was issued before would open that too: so it must be dead.
    """

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.key_salt = f"projects.services.one_time_links.{kind}"

    def _make_hash_value(self, user: AbstractBaseUser, timestamp: int) -> str:
        assert isinstance(user, User)
        memberships = user.memberships.order_by("project_id").values_list("project_id", "role")
        rights = f"{user.is_active}{user.is_staff}{user.is_superuser}{list(memberships)}"
        return super()._make_hash_value(user, timestamp) + rights


entry_tokens = LinkTokens("entry")
reset_tokens = LinkTokens("reset")


def issue_entry_path(*, user: User) -> str:
    """Path that signs `user` in once and then asks for a password: `/enter/<uidb64>/<token>/`."""
    return _path("one-time-link", user, entry_tokens)


def issue_reset_path(*, user: User) -> str:
    """Path to a form that sets a new password once: `/reset/<uidb64>/<token>/`."""
    return _path("password-reset", user, reset_tokens)


def _path(name: str, user: User, tokens: LinkTokens) -> str:
    uid = urlsafe_base64_encode(force_bytes(user.pk))
    return reverse(name, args=[uid, tokens.make_token(user)])


def user_of(uidb64: str) -> User | None:
    """The account that a link names, None where it names none or one that is closed."""
    try:
        pk = int(urlsafe_base64_decode(uidb64))
    except (ValueError, OverflowError):
        return None
    return User.objects.filter(pk=pk, is_active=True).first() if 0 < pk < 2**63 else None


@transaction.atomic
def use_entry_link(*, uidb64: str, token: str) -> User | None:
    """Burn the link and return whom to sign in; None where it is tampered with, expired or used.

    Burning takes the password away, which also ends every other session of the account: whoever
    opens the link chooses a new one before anything else.
    """
    found = user_of(uidb64)
    user = found and User.objects.select_for_update().filter(pk=found.pk).first()
    if user is None or not entry_tokens.check_token(user, token):
        return None
    user.set_unusable_password()
    user.save(update_fields=["password"])
    return user


def why_no_reset(*, actor: User, user: User) -> str:
    """Why `actor`, an owner, may not reset `user`'s password; empty where she may."""
    return reasons_against_reset(actor=actor, users=[user])[user.pk]


def reasons_against_reset(*, actor: User, users: Collection[User]) -> dict[int, str]:
    """For each of `users` by id: why `actor`, an owner, may not reset the password, or nothing.

    A reset link is a key to the account: it must open nothing that `actor` does not own already.
    """
    rows = User.objects.filter(pk__in=[user.pk for user in users]).annotate(
        owns=Exists(Membership.objects.filter(user=OuterRef("pk"), role=Role.OWNER)),
        reaches_beyond=_reaches_beyond(actor),
    )
    return {
        user.pk: _reason(actor, user, owns=user.owns, reaches_beyond=user.reaches_beyond)
        for user in rows
    }


def _reaches_beyond(actor: User) -> Q:
    """Whether the outer user belongs to, or has answered in, a project that `actor` does not own."""
    mine = Membership.objects.filter(user=actor, role=Role.OWNER).values("project_id")
    elsewhere = Membership.objects.filter(user=OuterRef("pk")).exclude(project_id__in=mine)
    answered = AnnotationEvent.objects.filter(annotator=OuterRef("pk")).exclude(project_id__in=mine)
    return Exists(elsewhere) | Exists(answered)


def _reason(actor: User, user: User, *, owns: bool, reaches_beyond: bool) -> str:
    name = user.get_username()
    if user == actor:
        return "Change your own password on your account page."
    if user.is_staff or user.is_superuser:
        return f"{name} runs this server: only an operator can make a link for this account."
    if not user.is_active:
        return f"The account {name} is closed."
    if owns:
        return f"{name} owns a project: only an operator can make a link for an owner's account."
    if reaches_beyond:
        return (
            f"{name} also works in a project that is not yours: only an operator can make a link."
        )
    return ""


@transaction.atomic
def issue_reset_by_owner(*, actor: User, project: Project, user: User, now: datetime) -> str:
    """Reset path for a member of `actor`'s project; that it was made is written in the ledger.

    Raises:
        LinkRefused: the account could reach more than `actor` owns, or is no member.
    """
    Project.objects.select_for_update().get(pk=project.pk)
    if not project.memberships.filter(user=user).exists():
        raise LinkRefused(f"{user.get_username()} is not a member of {project.name}.")
    if reason := why_no_reset(actor=actor, user=user):
        raise LinkRefused(reason)
    append_project_event(
        project_id=project.pk,
        kind=ProjectEvent.Kind.MEMBER_CHANGED,
        actor=actor,
        payload={
            "change": "link_issued",
            "user_id": user.pk,
            "username": user.get_username(),
        },
        now=now,
    )
    return issue_reset_path(user=user)
