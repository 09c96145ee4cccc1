"""`rebuild_learners`: make everything again that the machine made, from texts, labels and ledgers."""

from typing import Any
from uuid import uuid4

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from learners.engine.errors import EngineError
from learners.services.rebuild import RebuildFailed, rebuild_project
from projects.models import Project


class Command(BaseCommand):
    help = (
        "Delete all embeddings, fits, scores and queues of a project (or of all) and compute them "
        "again. Labels and ledgers are not touched. Workers may go on running."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--project", type=int, help="the project's number; all without it")

    def handle(self, *args: Any, **options: Any) -> None:
        projects = Project.objects.filter(binned_at__isnull=True).order_by("pk")
        if options["project"] is not None:
            projects = projects.filter(pk=options["project"])
            if not projects:
                raise CommandError(f"There is no project {options['project']}.")
        for project in projects:
            self._rebuild(project)

    def _rebuild(self, project: Project) -> None:
        self.stdout.write(f"Project {project.pk}, {project.name}")
        try:
            n_fits = rebuild_project(
                project_id=project.pk,
                new_token=uuid4,
                clock=timezone.now,
                say=lambda words: self.stdout.write(f"  {words}"),
            )
        except (RebuildFailed, EngineError) as error:
            raise CommandError(f"Project {project.pk} was not rebuilt: {error}") from error
        self.stdout.write(f"  {n_fits} fits published")
