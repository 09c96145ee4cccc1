"""`manage.py make_link NAME`: a link by which somebody chooses a new password, for the operator."""

import os
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from projects.models import User
from projects.services.one_time_links import issue_reset_path


class Command(BaseCommand):
    help = (
        "Print a link that sets a new password once. It works for any account, within three days."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username", help="name of the account")
        parser.add_argument(
            "--site",
            default=f"http://127.0.0.1:{os.environ.get('PORT', '8000')}",
            help="address under which people reach Labeler (default: %(default)s)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        name = options["username"]
        user = User.objects.filter(username=name).first()
        if user is None:
            raise CommandError(f"There is no account named {name!r}.{_known_names()}")
        if not user.is_active:
            raise CommandError(f"The account {name!r} is closed: open it on the admin site first.")
        self.stdout.write(options["site"].rstrip("/") + issue_reset_path(user=user))


def _known_names(limit: int = 10) -> str:
    names = list(User.objects.order_by("username").values_list("username", flat=True)[:limit])
    return f" Accounts: {', '.join(names)}." if names else ""
