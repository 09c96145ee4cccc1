"""Texts, where they came from, and uploads that are not yet projects."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from projects.models.project import Project


class StagedUpload(models.Model):
    """A file or pasted lines that wait for their columns to be confirmed."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    project = models.ForeignKey(
        Project,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        help_text="set when texts are added to a project that exists",
    )
    file = models.FileField(upload_to="uploads/")
    name = models.CharField(max_length=255)
    kind = models.CharField(max_length=10, help_text="csv, tsv, jsonl or lines")
    digest = models.CharField(max_length=64, help_text="SHA-256 of the bytes, hexadecimal")
    n_bytes = models.BigIntegerField()
    guess = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.name


class DataImport(models.Model):
    """One file turned into examples: all its rows, or none."""

    class Status(models.TextChoices):
        WAITING = "waiting", "waiting for a worker"
        RUNNING = "running", "running"
        DONE = "done", "done"
        FAILED = "failed", "failed"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="imports")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    file = models.FileField(upload_to="uploads/")
    name = models.CharField(max_length=255)
    kind = models.CharField(max_length=10)
    digest = models.CharField(max_length=64)
    n_bytes = models.BigIntegerField(default=0)
    columns = models.JSONField(
        default=dict, help_text="text, id, label, label_use (gold or known), split, metadata"
    )
    seed = models.BigIntegerField()
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.WAITING)
    n_rows = models.PositiveIntegerField(default=0)
    n_duplicates = models.PositiveIntegerField(default=0)
    n_blank = models.PositiveIntegerField(default=0)
    counts = models.JSONField(default=dict, help_text="what came of the rows, as in the ledger")
    attempts = models.PositiveSmallIntegerField(default=0, help_text="times a worker began it")
    bytes_read = models.BigIntegerField(default=0)
    step = models.CharField(max_length=40, blank=True, help_text="what is being done, in words")
    error = models.TextField(blank=True, help_text="what was wrong, where, what is allowed")
    created_at = models.DateTimeField(default=timezone.now)
    heartbeat_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.name} into {self.project}"


class Example(models.Model):
    """One text.

    `role` is fixed at import and never changed by a model:
    pool (strategies may choose it), audit (reserved to measure), test (a given test split:
    measured against gold, never asked, never trained on), duplicate (the same text as
    `duplicate_of`, whose label it shares; never asked by itself).
    `random_rank` is a uniform 63-bit draw: any prefix by rank is an unbiased sample, also across imports.
    `settled`: a person's label (or one known from the data) stands; kept with the annotation.
    """

    class Role(models.TextChoices):
        POOL = "pool", "pool"
        AUDIT = "audit", "audit"
        TEST = "test", "test"
        DUPLICATE = "duplicate", "duplicate"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="examples")
    data_import = models.ForeignKey(DataImport, on_delete=models.CASCADE, related_name="examples")
    text = models.TextField()
    external_id = models.TextField(blank=True)
    metadata = models.JSONField(default=dict)
    content_hash = models.BinaryField(max_length=32, help_text="SHA-256 of the NFC text, stripped")
    source_row = models.PositiveIntegerField(
        help_text="line of the file where the row starts, from 1"
    )
    split = models.CharField(max_length=20, blank=True)
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.POOL)
    audit_rank = models.BigIntegerField(null=True, blank=True)
    random_rank = models.BigIntegerField()
    duplicate_of = models.ForeignKey(
        "self", on_delete=models.CASCADE, null=True, blank=True, related_name="duplicates"
    )
    settled = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["project", "content_hash"],
                condition=~models.Q(role="duplicate"),
                name="one_example_per_text",
            ),
            models.CheckConstraint(
                condition=models.Q(role="audit", audit_rank__isnull=False)
                | (~models.Q(role="audit") & models.Q(audit_rank__isnull=True)),
                name="audit_has_rank",
            ),
            models.CheckConstraint(
                condition=models.Q(role="duplicate", duplicate_of__isnull=False)
                | (~models.Q(role="duplicate") & models.Q(duplicate_of__isnull=True)),
                name="duplicate_names_its_original",
            ),
        ]
        indexes = [
            models.Index(
                fields=["project", "random_rank"],
                condition=models.Q(role="pool", settled=False),
                name="open_pool",
            ),
            models.Index(
                fields=["project", "audit_rank"],
                condition=models.Q(role="audit"),
                name="audit_order",
            ),
            models.Index(
                fields=["project", "audit_rank"],
                condition=models.Q(role="audit", settled=False),
                name="open_audit",
            ),
            models.Index(fields=["project", "role", "random_rank"], name="embedding_order"),
        ]

    def __str__(self) -> str:
        return self.text[:60]
