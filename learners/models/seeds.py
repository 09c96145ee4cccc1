"""The queue of the first questions: what was ranked before there could be a model."""

from django.db import models

from learners.models.places import QueuePlace
from projects.models import Project


class SeedQueue(models.Model):
    """A project's first questions, until its first fit is published; then the row goes.

    One task at a time ranks them: `token` fences what it writes (one whose token was replaced
    writes nothing), and `heartbeat_at` tells a dead worker from a slow one. The columns from
    `ranked_at` to `n_pool` are of the ranking that serves, which a later failure leaves in place.
    """

    project = models.OneToOneField(Project, on_delete=models.CASCADE, related_name="seed_queue")
    token = models.UUIDField(null=True, help_text="the task that may write, if one runs")
    attempt = models.PositiveIntegerField(default=0, help_text="tries in a row at this work")
    worker = models.CharField(max_length=200, blank=True)
    started_at = models.DateTimeField(null=True)
    heartbeat_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True)
    retry_at = models.DateTimeField(null=True)
    ranked_at = models.DateTimeField(null=True, help_text="null before the first ranking")
    asked_for = models.CharField(max_length=200, blank=True, help_text="the project's strategy")
    strategy = models.CharField(max_length=200, blank=True, help_text="what ranked in its place")
    features = models.CharField(max_length=100, blank=True)
    embedder_digest = models.CharField(max_length=64, blank=True)
    upto_seq = models.BigIntegerField(default=0)
    n_read = models.PositiveIntegerField(default=0, help_text="texts embedded then, of any role")
    n_ranked_from = models.PositiveIntegerField(null=True, help_text="pool texts ranked")
    n_pool = models.PositiveIntegerField(null=True, help_text="pool texts open then")

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"first questions of project {self.project_id}: {self.strategy or 'not ranked yet'}"


class SeedExample(QueuePlace):
    """Place `rank` (1 is asked first) of the first questions. `spent`: answered or skipped since."""

    queue = models.ForeignKey(SeedQueue, on_delete=models.CASCADE, related_name="ranked")

    class Meta(QueuePlace.Meta):
        constraints = [
            models.UniqueConstraint(fields=["queue", "rank"], name="one_seed_per_rank"),
            models.UniqueConstraint(fields=["queue", "example"], name="seed_ranked_once"),
        ]
        indexes = [
            models.Index(
                fields=["queue", "rank"], condition=models.Q(spent=False), name="seed_order"
            )
        ]
