"""The account that a fresh Labeler begins with."""

from django.db import transaction

from projects.models import User


class NameTaken(Exception):
    """An ordinary account has the name that the first account should get."""


@transaction.atomic
def ensure_first_account(*, username: str = "owner") -> tuple[User, bool]:
    """The oldest operator's account, made where there is none; the flag says whether it was.

    It is made without a password: its owner comes in by a one-time link and chooses one.

    Raises:
        NameTaken: no operator exists, and `username` belongs to somebody who is not one. Making
            that account an operator's would hand the server to whoever holds it.
    """
    operators = User.objects.filter(is_superuser=True, is_active=True).order_by("pk")
    if operator := operators.first():
        return operator, False
    if User.objects.filter(username=username).exists():
        raise NameTaken(f"An account named {username} exists, but it does not run this server.")
    return User.objects.create_superuser(username=username, password=None), True
