"""What was asked of a project's models, counted; what of it was kept; and what came back about it.

Counts hold no text. Kept predictions exist only while a lead says so (`Project.traffic_kept`).
"""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models

from projects.models.example import Example
from projects.models.project import Project

LATENCY_BOUNDS_MS = (1, 2, 3, 5, 8, 12, 20, 35, 60, 100, 200, 500, 1_000, 5_000)
"""Upper bounds of the latency histogram's bins; a last bin holds what took longer."""
N_BINS = len(LATENCY_BOUNDS_MS) + 1


class Origin(models.TextChoices):
    """How texts reached a model."""

    API = "api", "requests"
    ROUTE = "route", "other projects"
    FILE = "file", "files"


class TrafficCounts(models.Model):
    """Sums over predictions of one version and origin. `n_requests`: of a route the requests of other
    projects that led here, of files the files. `latency`: requests by bin of `LATENCY_BOUNDS_MS`, of
    those to the API that were answered, and of nothing else: a route is part of another project's
    request, and a file is none. `by_class`: texts by the name of the class that was predicted.
    """

    version_number = models.PositiveIntegerField()
    origin = models.CharField(max_length=5, choices=Origin, default=Origin.API)
    n_requests = models.BigIntegerField(default=0)
    n_texts = models.BigIntegerField(default=0)
    n_deferred = models.BigIntegerField(default=0)
    n_errors = models.BigIntegerField(default=0)
    latency = ArrayField(models.BigIntegerField(), default=list)
    latency_ms = models.FloatField(default=0, help_text="all answered requests together")
    by_class = models.JSONField(default=dict)

    class Meta:
        abstract = True


class TrafficMinute(TrafficCounts):
    """One minute of one version, gone after a while."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="traffic_minutes")
    minute = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["project", "version_number", "origin", "minute"],
                name="one_row_per_minute_and_origin",
            )
        ]
        indexes = [models.Index(fields=["minute"], name="traffic_age")]

    def __str__(self) -> str:
        return f"version {self.version_number}, {self.minute}: {self.n_requests}"


class TrafficTotal(TrafficCounts):
    """All that one version was ever asked: it only grows, as those who scrape it need."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="traffic_totals")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["project", "version_number", "origin"],
                name="one_total_per_version_and_origin",
            )
        ]

    def __str__(self) -> str:
        return f"version {self.version_number}: {self.n_requests}"


class KeptPrediction(models.Model):
    """One prediction that was served, with its text after redaction. Deleted when its days are over.

    `text_hash` is keyed with the site's secret and made before redaction: it tells the same text
    again and is no way back to it. `labels` and `probabilities` name classes as they were answered.
    `token_name`: of a route the project that the text came from, of a file the token it was sent with.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="kept_predictions")
    version_number = models.PositiveIntegerField()
    text = models.TextField()
    text_hash = models.BinaryField(max_length=32)
    labels = ArrayField(models.TextField(), default=list)
    probability = models.FloatField(
        null=True, help_text="of the likeliest class; null where a text has any number"
    )
    probabilities = models.JSONField(default=dict)
    deferred = models.BooleanField(default=False)
    asked_at = models.DateTimeField()
    origin = models.CharField(max_length=5, choices=Origin, default=Origin.API)
    token_name = models.CharField(max_length=80)
    taken_at = models.DateTimeField(null=True, help_text="added to the project's texts")
    dismissed_at = models.DateTimeField(null=True, help_text="not to be offered again")

    class Meta:
        ordering = ["-asked_at"]
        indexes = [
            models.Index(fields=["project", "-asked_at"], name="newest_kept"),
            models.Index(fields=["project", "text_hash"], name="kept_text"),
        ]

    def __str__(self) -> str:
        return self.text[:60]


class Feedback(models.Model):
    """What a program sent back about one prediction or text, each `client_id` once.

    `accepted`: whether what the model said was kept, null where nobody can tell. A label that it
    brought stands in the ledger of annotations, as an event of its own kind.
    """

    class Outcome(models.TextChoices):
        LABELLED = "labelled", "became a label"
        COUNTED = "counted", "counted, without a label"
        PERSON_STANDS = "person_stands", "a person's label stands on this text"
        RESERVED = "reserved", "the text is reserved to measure"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="feedback")
    client_id = models.UUIDField()
    digest = models.CharField(max_length=64, help_text="SHA-256 of what was sent, hexadecimal")
    prediction_id = models.UUIDField(null=True)
    version_number = models.PositiveIntegerField(null=True)
    example = models.ForeignKey(Example, on_delete=models.SET_NULL, null=True, related_name="+")
    labels = ArrayField(models.BigIntegerField(), default=list)
    accepted = models.BooleanField(null=True)
    outcome = models.CharField(max_length=20, choices=Outcome.choices)
    token_name = models.CharField(max_length=80)
    received_at = models.DateTimeField()

    class Meta:
        ordering = ["-received_at"]
        constraints = [
            models.UniqueConstraint(fields=["project", "client_id"], name="one_feedback_per_id")
        ]
        indexes = [models.Index(fields=["project", "-received_at"], name="newest_feedback")]

    def __str__(self) -> str:
        return f"{self.client_id}: {self.outcome}"
