"""Models that a project keeps: each a candidate, the live one, or retired."""

from django.conf import settings
from django.db import models

from projects.models.project import Project


class ModelVersion(models.Model):
    """One model as it was kept; nothing about the model itself ever changes.

    `folder` is a prefix in storage and `files` says what lies there, name to SHA-256; `manifest` is
    what it was made of, and `manifest_digest` the SHA-256 of its `manifest.json`, which lists the
    labels too. `measures`: what was measured of it when it was kept. `rung_id` is a plain number:
    the machine's rows may be deleted and rebuilt.
    """

    class Stage(models.TextChoices):
        CANDIDATE = "candidate", "candidate"
        LIVE = "live", "live"
        RETIRED = "retired", "retired"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="model_versions")
    number = models.PositiveIntegerField(help_text="1, 2, ... in this project")
    stage = models.CharField(max_length=10, choices=Stage.choices, default=Stage.CANDIDATE)
    rung = models.CharField(max_length=40, help_text="what kind of model, such as static")
    rung_label = models.CharField(max_length=100, blank=True)
    rung_id = models.BigIntegerField(null=True)
    manifest = models.JSONField(default=dict)
    manifest_digest = models.CharField(max_length=64)
    folder = models.CharField(max_length=300)
    files = models.JSONField(default=dict, help_text="name: SHA-256 of the file in the folder")
    n_bytes = models.BigIntegerField()
    upto_seq = models.BigIntegerField(help_text="the last event of the ledger it learned from")
    predictions_file = models.CharField(max_length=300, blank=True)
    measures = models.JSONField(default=dict)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    created_at = models.DateTimeField()
    promoted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    promoted_at = models.DateTimeField(null=True)
    why = models.CharField(max_length=500, blank=True, help_text="why it was made live")
    deferral = models.JSONField(null=True, help_text="below which confidence it says nothing")

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["project", "number"], name="one_version_per_number"),
            models.UniqueConstraint(
                fields=["project"], condition=models.Q(stage="live"), name="one_live_version"
            ),
        ]

    def __str__(self) -> str:
        return f"version {self.number}, {self.rung_label or self.rung}: {self.stage}"
