"""`manage.py prepare`: what must be done before the processes start; the starter and containers call it."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import CommandError, call_command
from django.core.management.base import BaseCommand
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from labeler.starter.protocol import ENTRY
from projects.services.first_account import NameTaken, ensure_first_account
from projects.services.one_time_links import issue_entry_path


class Command(BaseCommand):
    requires_system_checks = []  # they load every page; the web process loads them anyway
    help = (
        "Migrate, build static files, make the first account and load the demo, as far as needed."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        self._migrate()
        call_command("build_static", stdout=self.stdout, verbosity=0)
        self._first_account()

    def _migrate(self) -> None:
        try:
            executor = MigrationExecutor(connection)
            if executor.migration_plan(executor.loader.graph.leaf_nodes()):
                self.stdout.write("Bringing the database up to date ...")
                call_command("migrate", interactive=False, verbosity=0)
        except DatabaseError as error:
            raise CommandError(f"the database refused: {str(error).strip()}") from error

    def _first_account(self) -> None:
        wanted = Path(settings.VAR_DIR) / "demo" / "wanted"
        try:
            owner, created = ensure_first_account()
        except NameTaken as error:
            raise CommandError(str(error)) from error
        if created:
            wanted.parent.mkdir(parents=True, exist_ok=True)
            wanted.touch()
        if wanted.exists():
            self._load_demo(wanted)
        if not owner.has_usable_password():
            self.stdout.write(f"{ENTRY}{issue_entry_path(user=owner)}")

    def _load_demo(self, wanted: Path) -> None:
        """Once: a demo that was deleted does not come back. Without it, Labeler starts all the same."""
        self.stdout.write("Loading the demo project ...")
        self.stdout.flush()
        try:
            call_command("load_demo", stdout=self.stdout)
        except CommandError as error:
            self.stdout.write(f"{error} Labeler starts without it; `make demo` loads it later.")
        wanted.unlink(missing_ok=True)
