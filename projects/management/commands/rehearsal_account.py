"""`manage.py rehearsal_account open | close NAME`: the account that `make rehearse` plays with."""

import secrets
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import ProtectedError

from projects.models import User
from projects.services.one_time_links import issue_entry_path

MARK = "rehearsal@localhost.invalid"  # tells these accounts from a person's, whatever their name


class Command(BaseCommand):
    help = "Open an account for one rehearsal (prints its name and a path that signs it in), or close it."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("act", choices=["open", "close"])
        parser.add_argument("name", nargs="?", default="")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["act"] == "open":
            self._open()
        else:
            self._close(options["name"])

    def _open(self) -> None:
        for left in User.objects.filter(email=MARK):  # of a rehearsal that was killed, perhaps
            close(left)
        user = User.objects.create_user(f"rehearsal-{secrets.token_hex(4)}", MARK)
        self.stdout.write(f"{user.username} {issue_entry_path(user=user)}")

    def _close(self, name: str) -> None:
        user = User.objects.filter(username=name, email=MARK).first()
        if user is None:
            raise CommandError(f"No rehearsal plays with an account called {name!r}.")
        close(user)


def close(user: User) -> None:
    """Nobody signs in with it again; it goes as soon as its throw-away projects are gone."""
    user.is_active = False
    user.set_unusable_password()
    user.save(update_fields=["is_active", "password"])
    try:
        user.delete()
    except ProtectedError:
        return  # its answers still lie in the bin; the next rehearsal takes it away
