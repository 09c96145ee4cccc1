"""`manage.py rehearsal_account open | close`: the account that `make rehearse` plays with."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from projects.models import User
from projects.services.one_time_links import issue_entry_path

NAME = "rehearsal"


class Command(BaseCommand):
    help = "Open the rehearsal's account and print the path that signs it in once, or close it."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("act", choices=["open", "close"])

    def handle(self, *args: Any, **options: Any) -> None:
        """Between rehearsals nobody can use it: no password, not active."""
        user, _ = User.objects.get_or_create(username=NAME)
        user.is_active = options["act"] == "open"
        user.set_unusable_password()
        user.save(update_fields=["is_active", "password"])
        if user.is_active:
            self.stdout.write(issue_entry_path(user=user))
