"""Models made ready to leave: for a rung or a kept version, each file that it can become."""

from django.db import models
from django.utils import timezone

from learners.models.ladder import Rung
from projects.models import ModelVersion, Project


class ModelExport(models.Model):
    """One file that a model can be taken away as, of either a rung or a version.

    It is offered once `file` is set, which happens only after its check. `check_found`: what that found
    (inputs compared, largest difference of a probability, share of equal labels, what was needed).
    `started_at` fences a worker out when it is given up: what it makes is written only where the
    column is still its own.
    """

    class Kind(models.TextChoices):
        ZIP = "zip", "Zip that runs by itself"
        HTML = "html", "HTML file"
        HUGGINGFACE = "huggingface", "Hugging Face folder"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="model_exports")
    rung = models.ForeignKey(Rung, on_delete=models.CASCADE, null=True, related_name="exports")
    version = models.ForeignKey(
        ModelVersion, on_delete=models.CASCADE, null=True, related_name="exports"
    )
    kind = models.CharField(max_length=20, choices=Kind.choices)
    requested_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    file = models.CharField(max_length=300, blank=True, help_text="name in storage")
    n_bytes = models.BigIntegerField(null=True)
    digest = models.CharField(max_length=64, blank=True, help_text="SHA-256 of the file")
    check_found = models.JSONField(default=dict)
    error = models.TextField(blank=True, help_text="why there is no file")

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["rung", "kind"],
                condition=models.Q(rung__isnull=False),
                name="one_export_per_rung_and_kind",
            ),
            models.UniqueConstraint(
                fields=["version", "kind"],
                condition=models.Q(version__isnull=False),
                name="one_export_per_version_and_kind",
            ),
            models.CheckConstraint(
                condition=models.Q(rung__isnull=False, version__isnull=True)
                | models.Q(rung__isnull=True, version__isnull=False),
                name="export_of_a_rung_or_a_version",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.version or self.rung}"
