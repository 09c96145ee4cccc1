"""`manage.py load_demo`: the project that a stranger can label in her first minute."""

import secrets
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from labeler import demo
from projects.models import Project, User
from projects.reading import BadInput
from projects.reading.texts import GOLD
from projects.services.creating import ClassSpec, ColumnChoice, create_project
from projects.services.first_account import NameTaken, ensure_first_account
from projects.services.importing import run_import
from projects.services.refusals import Refused
from projects.services.staging import stage


class Command(BaseCommand):
    requires_system_checks = []  # they load every page; the web process loads them anyway
    help = "Fetch the demo data and create the demo project for the first account."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            owner, _ = ensure_first_account()
            archive = demo.fetch_archive(Path(settings.VAR_DIR) / "demo")
        except (NameTaken, demo.DemoProblem) as error:
            raise CommandError(f"The demo was not loaded: {error}.") from error
        if Project.objects.filter(is_demo=True, binned_at__isnull=True).exists():
            self.stdout.write("The demo project is there already.")
            return
        try:
            project = create_demo(owner=owner, table=demo.write_csv(archive))
        except (Refused, BadInput) as error:
            raise CommandError(f"The demo was not loaded: {error}") from error
        self.stdout.write(f"Demo project loaded: {project.n_texts:,} texts to label.")


def create_demo(*, owner: User, table: Path) -> Project:
    """Create the demo from `table` and import its rows here, without waiting for a worker.

    Raises:
        CommandError: the import failed.
    """
    now = timezone.now()
    with table.open("rb") as file:
        staged = stage(user=owner, file=file, name=table.name, kind="csv", now=now)
    project, data_import = create_project(
        actor=owner,
        staged=staged,
        name=demo.NAME,
        description=demo.DESCRIPTION,
        guideline=demo.GUIDELINE,
        time_zone="UTC",
        classes=[
            ClassSpec(name=s.name, description=s.description, colour=s.colour, shortcut=s.shortcut)
            for s in demo.SOURCES
        ],
        columns=ColumnChoice(
            text="text", id="id", label="source", label_use=GOLD, metadata=("rating",)
        ),
        seed=secrets.randbits(32),
        now=now,
        is_demo=True,
    )
    run_import(data_import_id=data_import.pk, clock=timezone.now)
    data_import.refresh_from_db()
    if data_import.error:
        raise CommandError(f"The demo was not loaded: {data_import.error}")
    project.refresh_from_db()
    return project
