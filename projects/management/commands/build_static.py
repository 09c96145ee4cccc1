"""`manage.py build_static`: the chart library's bundle and the collected static files."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand

from labeler.static_files import is_built, note_built, write_chart_bundle


class Command(BaseCommand):
    requires_system_checks = []  # they load every page; the web process loads them anyway
    help = "Write the chart library's bundle and collect the static files, unless nothing changed."

    def handle(self, *args: Any, **options: Any) -> None:
        var = Path(settings.VAR_DIR)
        write_chart_bundle(var)
        if is_built():
            if options["verbosity"]:
                self.stdout.write("Static files are up to date.")
            return
        call_command("collectstatic", interactive=False, verbosity=0)
        note_built()
        self.stdout.write("Static files are built.")
