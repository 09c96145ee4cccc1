"""`rebuild_model PROJECT VERSION`: make a version's model again from the ledger, and compare."""

from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from labeler.threads import threads_per_process
from learners.engine.errors import EngineError
from learners.engine.packing.parity import TOLERANCE
from learners.engine.threads import set_threads
from learners.services.model_files import ModelFilesGone
from learners.services.rebuild_model import Rebuilt, rebuild_model
from learners.services.rebuild_student import CannotRebuild
from projects.models import ModelVersion


class Command(BaseCommand):
    help = (
        "Train the model of a version again from the ledger as it was then, with its manifest's settings "
        "(for a student, its teacher before it), and compare: the manifest must be the same, the files are "
        "the same on one kind of machine with as many threads, and probabilities agree within 1e-4 "
        "elsewhere (a fine-tuned model and what it taught excepted). Files that are gone from the storage "
        "are put back where the same ones come out."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("project", type=int, help="the project's number")
        parser.add_argument("version", type=int, help="the version's number")

    def handle(self, *args: Any, **options: Any) -> None:
        project, number = options["project"], options["version"]
        rows = ModelVersion.objects.select_related("project")
        version = rows.filter(project_id=project, number=number).first()
        if version is None:
            raise CommandError(f"Project {project} has no version {number}.")
        set_threads(threads_per_process())  # as in a worker: other sums are rounded otherwise
        try:
            rebuilt = rebuild_model(version=version, say=self.stdout.write)
        except (CannotRebuild, EngineError, ModelFilesGone) as error:
            raise CommandError(
                f"Version {number} was not rebuilt: {str(error).rstrip('.')}."
            ) from error
        self._tell(rebuilt)

    def _tell(self, rebuilt: Rebuilt) -> None:
        """Raises CommandError where it is another model than the one that was kept."""
        files = ", ".join(rebuilt.changed) or "none"
        self.stdout.write(f"files that differ: {files}")
        if rebuilt.largest_difference is None:
            self.stdout.write("probabilities: nothing is left to compare with")
        else:
            self.stdout.write(
                f"probabilities: {rebuilt.n} texts, largest difference {rebuilt.largest_difference:.1e}"
            )
        if not rebuilt.same_manifest:
            raise CommandError(
                "The manifest is another one: texts, labels, what a teacher said or wrote, the embedding "
                "model or versions of packages are not what they were. The two are different models."
            )
        if rebuilt.reproducible and (rebuilt.largest_difference or 0.0) > TOLERANCE:
            raise CommandError(f"The probabilities differ by more than {TOLERANCE:g}.")
        self.stdout.write(_verdict(rebuilt, self.style.SUCCESS))


def _verdict(rebuilt: Rebuilt, praised: Callable[[str], str]) -> str:
    """What the two are to each other, where the manifest is the same."""
    if not rebuilt.changed:
        return praised("It is the same model.")
    differ = rebuilt.largest_difference
    if differ is None:
        return "Made of the same; whether it is the same model cannot be told: files differ."
    if not rebuilt.reproducible:
        return (
            "Made of the same; a fine-tuned model never comes out twice: probabilities differ by up "
            f"to {differ:.1g}."
        )
    return praised(f"It is the same model: its probabilities agree within {TOLERANCE:g}.")
