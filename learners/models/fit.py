"""Trained models, what they scored, and the queue each one published."""

from django.db import models
from django.utils import timezone

from learners.models.places import QueuePlace
from projects.models import Project


class Fit(models.Model):
    """One attempt to train and publish a model.

    Work is due when label changes after the newest attempt's `upto_seq` reach the batch.
    At most one fit of a project runs: a partial unique index says so, `token` fences the
    publish (a task whose token was replaced writes nothing), and `heartbeat_at` tells a dead
    worker from a slow one.
    """

    class Status(models.TextChoices):
        RUNNING = "running", "running"
        PUBLISHED = "published", "published"
        FAILED = "failed", "failed"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="fits")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.RUNNING)
    token = models.UUIDField()
    attempt = models.PositiveIntegerField(default=1, help_text="tries in a row at this work")
    forced = models.BooleanField(default=False, help_text="'retrain now' was pressed")
    strategy = models.CharField(max_length=200)
    head = models.CharField(max_length=100)
    features = models.CharField(max_length=100, default="minilm")
    label_names = models.BooleanField(
        default=False, help_text="the classes' names were training examples"
    )
    strict_audit = models.BooleanField(default=False, help_text="audit answers did not train")
    parts = models.JSONField(
        default=dict, help_text="part of the features: SHA-256 of the model that made it"
    )
    embedder = models.CharField(max_length=200, blank=True)
    embedder_digest = models.CharField(max_length=64, blank=True)
    seed = models.BigIntegerField()
    upto_seq = models.BigIntegerField()
    n_labels = models.PositiveIntegerField(
        default=0, help_text="texts trained on, known ones included"
    )
    n_known = models.PositiveIntegerField(
        default=0, help_text="of them, labels that came with the data"
    )
    n_audit = models.PositiveIntegerField(default=0, help_text="audit answers scored")
    n_audit_skipped = models.PositiveIntegerField(default=0)
    unmeasured_because = models.CharField(
        max_length=300, blank=True, help_text="why there is no accuracy, as a clause"
    )
    class_ids = models.JSONField(default=list)
    versions = models.JSONField(default=dict)
    head_file = models.CharField(
        max_length=300, blank=True, help_text="npz in storage: coef, intercept"
    )
    pool_upto = models.BigIntegerField(
        null=True, help_text="greatest example id that unlabelled texts for the head came from"
    )
    n_pool_sample = models.PositiveIntegerField(
        null=True, help_text="unlabelled texts that the head learned from too"
    )
    n_ranked_from = models.PositiveIntegerField(null=True, help_text="pool texts scored")
    n_pool = models.PositiveIntegerField(null=True, help_text="pool texts open at the start")
    note = models.CharField(
        max_length=500, blank=True, help_text="what a reader must know of this fit"
    )
    error = models.TextField(blank=True)
    due_at = models.DateTimeField()
    started_at = models.DateTimeField(default=timezone.now)
    heartbeat_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)
    retry_at = models.DateTimeField(null=True)
    wait_seconds = models.FloatField(null=True)
    fit_seconds = models.FloatField(null=True)
    score_seconds = models.FloatField(null=True)
    worker = models.CharField(max_length=200, blank=True)
    rerank_started_at = models.DateTimeField(
        null=True, help_text="when ranking the grown pool was last begun and did not end well"
    )
    rerank_error = models.TextField(blank=True)
    bundle_requested_at = models.DateTimeField(null=True)
    bundle_started_at = models.DateTimeField(null=True)
    bundle_file = models.CharField(max_length=300, blank=True, help_text="zip in storage")
    bundle_digest = models.CharField(max_length=64, blank=True, help_text="SHA-256 of the zip")
    bundle_error = models.TextField(blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["project"], condition=models.Q(status="running"), name="one_running_fit"
            )
        ]
        indexes = [models.Index(fields=["project", "-id"], name="newest_fit")]

    def __str__(self) -> str:
        return f"fit {self.pk}: {self.strategy}, {self.n_labels} labels, {self.status}"


class FitRequest(models.Model):
    """'Retrain now' was pressed and no fit has started since. A row, so that no message can lose it."""

    project = models.OneToOneField(Project, on_delete=models.CASCADE, related_name="fit_request")
    requested_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.project_id} at {self.requested_at}"


class Score(models.Model):
    """One measured number of one fit.

    `metric`: accuracy, macro_f1, test_accuracy, test_macro_f1; ece and ece_by_chance (of a model
    whose probabilities are true; `high` is the 95 % quantile); gain_50, what the next 50 labels
    may add to accuracy, in [-1, 1].
    """

    fit = models.ForeignKey(Fit, on_delete=models.CASCADE, related_name="scores")
    metric = models.CharField(max_length=40)
    value = models.FloatField()
    low = models.FloatField(help_text="of the 95 % interval")
    high = models.FloatField(help_text="of the 95 % interval")
    n = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["fit", "metric"], name="one_score_per_metric")
        ]

    def __str__(self) -> str:
        return f"{self.metric} {self.value:.3f} [{self.low:.3f}, {self.high:.3f}], n={self.n}"


class RankedExample(QueuePlace):
    """Place `rank` (1 is asked first) of a fit's queue. `spent`: answered or skipped since."""

    fit = models.ForeignKey(Fit, on_delete=models.CASCADE, related_name="ranked")

    class Meta(QueuePlace.Meta):
        constraints = [
            models.UniqueConstraint(fields=["fit", "rank"], name="one_example_per_rank"),
            models.UniqueConstraint(fields=["fit", "example"], name="ranked_once_per_fit"),
        ]
        indexes = [
            models.Index(
                fields=["fit", "rank"], condition=models.Q(spent=False), name="queue_order"
            )
        ]
