"""Who works on a project: every change takes the project's lock and is written in its ledger."""

from datetime import datetime

from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import ValidationError
from django.db import transaction

from projects.models import Lease, Membership, Project, ProjectEvent, User
from projects.models.project import Role
from projects.services.ledger import append_project_event
from projects.services.one_time_links import issue_reset_path, why_no_reset

MAX_NAME = 150


class MemberRefused(Exception):
    """The change breaks a rule about members; the text says which one and what to do."""


@transaction.atomic
def add_member(
    *, actor: User, project: Project, username: str, role: str, now: datetime
) -> tuple[User, str]:
    """Make the account named `username` a member; make the account first where there is none.

    Returns:
        The member, and the path of a link by which she chooses a password: for a new account, and
        for one that never had a password; empty for somebody who can sign in already.

    Raises:
        MemberRefused: a name that no account can have, an account that is closed, a member already.
    """
    _lock(project)
    user, is_new = _find_or_make(username.strip())
    if not user.is_active:
        raise MemberRefused(f"The account {user.get_username()} is closed.")
    if project.memberships.filter(user=user).exists():
        raise MemberRefused(f"{user.get_username()} is a member already.")
    Membership.objects.create(project=project, user=user, role=Role(role), created_at=now)
    change = "invited" if is_new else "added"
    _record(actor=actor, project=project, user=user, change=change, role=role, now=now)
    return user, _first_link(actor=actor, user=user, is_new=is_new)


def _first_link(*, actor: User, user: User, is_new: bool) -> str:
    # A new account made an owner at once fails `why_no_reset`, and yet it holds nothing but this.
    never_came_in = not user.has_usable_password() and user.last_login is None
    if is_new or (never_came_in and not why_no_reset(actor=actor, user=user)):
        return issue_reset_path(user=user)
    return ""


def _find_or_make(username: str) -> tuple[User, bool]:
    try:
        UnicodeUsernameValidator()(username)
    except ValidationError as error:
        raise MemberRefused(
            f"{username!r} is no name for an account: letters, digits and @ . + - _ are allowed."
        ) from error
    if len(username) > MAX_NAME:
        raise MemberRefused(f"The name has {len(username)} characters; {MAX_NAME} are allowed.")
    if user := User.objects.filter(username=username).first():
        return user, False
    if near := User.objects.filter(username__iexact=username).first():
        raise MemberRefused(
            f"There is an account named {near.get_username()}: write it exactly so, or choose "
            "another name."
        )
    return User.objects.get_or_create(username=username, defaults={"password": _no_password()})


def _no_password() -> str:
    blank = User()
    blank.set_unusable_password()
    return blank.password


@transaction.atomic
def change_role(
    *, actor: User, project: Project, user: User, role: str, now: datetime
) -> Membership:
    """Give a member another role; the same role again changes nothing.

    Raises:
        MemberRefused: not a member, or the last owner would be demoted.
    """
    membership = _membership(project, user)
    if membership.role == role:
        return membership
    if membership.role == Role.OWNER:
        _keep_an_owner(project, user)
    membership.role = Role(role)
    membership.save(update_fields=["role"])
    _record(actor=actor, project=project, user=user, change="role", role=role, now=now)
    return membership


@transaction.atomic
def remove_member(*, actor: User, project: Project, user: User, now: datetime) -> None:
    """End a membership: what the member holds is freed, what she labelled stays.

    Raises:
        MemberRefused: not a member, or the last owner would leave.
    """
    membership = _membership(project, user)
    if membership.role == Role.OWNER:
        _keep_an_owner(project, user)
    membership.delete()
    Lease.objects.filter(project=project, annotator=user).delete()
    _record(actor=actor, project=project, user=user, change="removed", role="", now=now)


def _lock(project: Project) -> None:
    Project.objects.select_for_update().get(pk=project.pk)


def _membership(project: Project, user: User) -> Membership:
    _lock(project)
    membership = Membership.objects.filter(project=project, user=user).first()
    if membership is None:
        raise MemberRefused(f"{user.get_username()} is not a member of this project.")
    return membership


def _keep_an_owner(project: Project, user: User) -> None:
    owners = Membership.objects.filter(project=project, role=Role.OWNER, user__is_active=True)
    if not owners.exclude(user=user).exists():
        raise MemberRefused(
            f"{user.get_username()} is the last owner: make somebody else an owner first."
        )


def _record(
    *, actor: User, project: Project, user: User, change: str, role: str, now: datetime
) -> None:
    append_project_event(
        project_id=project.pk,
        kind=ProjectEvent.Kind.MEMBER_CHANGED,
        actor=actor,
        payload={
            "change": change,
            "user_id": user.pk,
            "username": user.get_username(),
            "role": role,
        },
        now=now,
    )
