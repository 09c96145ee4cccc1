"""Texts that came back from a model in use, and the ways from one project's model into another."""

from django.conf import settings
from django.db import models

from projects.models.example import Example
from projects.models.label_class import LabelClass
from projects.models.project import Project


class IncomingText(models.Model):
    """Why an example stands first in line: a model in use could not decide it, say.

    `origin` is a short name of the road it came by, and `reason` what an annotator is told. The
    example may be older than this row: then its text was here already, without an answer.
    """

    class Origin(models.TextChoices):
        DEFERRED = "deferred", "the live model was unsure of it"
        TRAFFIC = "traffic", "picked from predictions that were kept"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="incoming")
    example = models.OneToOneField(Example, on_delete=models.CASCADE, related_name="incoming")
    origin = models.CharField(max_length=20, choices=Origin.choices)
    reason = models.CharField(max_length=300)
    version_number = models.PositiveIntegerField(null=True, help_text="of the model that said it")
    probability = models.FloatField(null=True, help_text="of the likeliest class, by that model")
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["project", "created_at"], name="incoming_by_day")]

    def __str__(self) -> str:
        return f"{self.example_id}: {self.origin}"


class Route(models.Model):
    """What the model of `project` calls `label_class` is also asked of `target`'s live model."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="routes")
    label_class = models.OneToOneField(LabelClass, on_delete=models.CASCADE, related_name="route")
    target = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="routes_here")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.label_class} to {self.target}"
