"""Files of texts that somebody wants predictions of."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from projects.models import ApiToken, ModelVersion, Project


class PredictionFile(models.Model):
    """One file, what became of it, and until when its predictions are kept.

    The upload goes as soon as its predictions are there; they go at `expires_at`, or before that at a
    click. One task works on it at a time: the one whose `token` stands here, as long as `heartbeat_at`
    is fresh.
    """

    class Status(models.TextChoices):
        WAITING = "waiting", "waiting for a worker"
        RUNNING = "running", "running"
        DONE = "done", "done"
        FAILED = "failed", "failed"
        CANCELLED = "cancelled", "cancelled"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="prediction_files")
    version = models.ForeignKey(ModelVersion, on_delete=models.CASCADE, related_name="+")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    api_token = models.ForeignKey(
        ApiToken,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        help_text="that it was sent with; null: on the page",
    )
    created_at = models.DateTimeField(default=timezone.now)
    name = models.CharField(max_length=255)
    layout = models.JSONField(default=dict)
    text_column = models.CharField(max_length=255, blank=True, help_text="blank: rows of a table")
    n_bytes = models.BigIntegerField()
    file = models.CharField(max_length=300, blank=True, help_text="the upload, in storage")
    result_file = models.CharField(max_length=300, blank=True, help_text="in storage")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.WAITING)
    token = models.UUIDField(null=True)
    heartbeat_at = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0)
    n_done = models.PositiveIntegerField(default=0, help_text="rows")
    n_blank = models.PositiveIntegerField(default=0, help_text="rows without a text")
    n_reserved = models.PositiveIntegerField(
        default=0, help_text="random questions among its texts that nobody had answered yet"
    )
    n_kept = models.PositiveIntegerField(default=0, help_text="texts kept as traffic")
    bytes_read = models.BigIntegerField(default=0)
    waits_for = models.CharField(max_length=200, blank=True, help_text="why it waits, if it does")
    error = models.TextField(blank=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(
                fields=["heartbeat_at"],
                condition=models.Q(status__in=["waiting", "running"]),
                name="open_prediction_files",
            )
        ]

    def __str__(self) -> str:
        return f"{self.name}: {self.status}"

    @property
    def is_over(self) -> bool:
        return self.status not in {self.Status.WAITING, self.Status.RUNNING}

    @property
    def percent(self) -> int:
        """How much of the upload was read, 0 to 100."""
        if self.status == self.Status.DONE:
            return 100
        return min(99, 100 * self.bytes_read // max(1, self.n_bytes))
