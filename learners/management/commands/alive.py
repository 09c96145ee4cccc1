"""`manage.py alive worker`: whether a worker or beat lately showed that it lives, or the models answer."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from learners.models import WorkerHeartbeat
from learners.services.serving import models_answer, models_url

SILENT_SECONDS = 60


class Command(BaseCommand):
    help = "End with status 0 when a worker, the beat or the models process lives, else 1; for containers."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("kind", choices=["worker", "beat", "models"])

    def handle(self, *args: Any, **options: Any) -> None:
        if options["kind"] == "models":
            if not models_answer():
                raise CommandError(f"nobody answers at {models_url()}")
            return
        since = timezone.now() - timedelta(seconds=SILENT_SECONDS)
        if not WorkerHeartbeat.objects.filter(kind=options["kind"], seen_at__gte=since).exists():
            raise CommandError(f"no sign of life of a {options['kind']} for {SILENT_SECONDS} s")
