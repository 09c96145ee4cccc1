"""Vectors of a project's texts, kept as files; these rows say which file holds what."""

from django.db import models
from django.utils import timezone

from projects.models import Project


class EmbeddingSet(models.Model):
    """One embedder's vectors of one project's distinct texts.

    `embedder` is the name in the setting LABELER_EMBEDDER, or the part of the features that was
    fitted on the project's own pool ("lsi", "tfidf") and lies in `model_file`. One task at a time writes: the one
    whose `running_token` stands here, as long as `heartbeat_at` is fresh.
    `n_cut`: texts longer than the embedder reads, among `n_done`.
    `english_share`: share of texts that look English among `n_done`, null until known.
    """

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="embedding_sets")
    embedder = models.CharField(max_length=200)
    digest = models.CharField(max_length=64, help_text="SHA-256 of the weights")
    model_file = models.CharField(
        max_length=300, blank=True, help_text="in storage, where the pool itself made the weights"
    )
    fitted_upto = models.BigIntegerField(
        null=True, help_text="greatest id of the examples that the weights were fitted on"
    )
    n_fitted = models.PositiveIntegerField(
        null=True, help_text="pool texts there were when the weights were fitted"
    )
    ready_at = models.DateTimeField(
        null=True, help_text="first time complete: from then on it serves in place of older ones"
    )
    n_dimensions = models.PositiveIntegerField(null=True)
    max_tokens = models.PositiveIntegerField(null=True)
    n_done = models.PositiveIntegerField(default=0)
    n_total = models.PositiveIntegerField(default=0)
    n_cut = models.PositiveIntegerField(default=0)
    english_share = models.FloatField(null=True)
    n_language_checked = models.PositiveIntegerField(default=0, help_text="behind english_share")
    texts_per_second = models.FloatField(null=True)
    error = models.TextField(blank=True)
    n_failures = models.PositiveIntegerField(default=0, help_text="failed chunks in a row")
    n_rows_seen = models.PositiveIntegerField(
        default=0, help_text="Project.n_rows when n_total was counted: tells a later import"
    )
    scanned = models.JSONField(
        default=dict, help_text="role: random_rank below which every text is embedded"
    )
    retry_at = models.DateTimeField(null=True)
    heartbeat_at = models.DateTimeField(null=True)
    running_token = models.UUIDField(null=True, help_text="the task that may write, if one runs")
    created_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["project", "embedder", "digest"], name="one_set_per_embedder"
            )
        ]

    def __str__(self) -> str:
        return f"{self.embedder}: {self.n_done} of {self.n_total}"


class Shard(models.Model):
    """One file of vectors, `.npy`, float16, (n_rows, n_dimensions), and one of example ids, int64, (n_rows,)."""

    embedding_set = models.ForeignKey(EmbeddingSet, on_delete=models.CASCADE, related_name="shards")
    vectors = models.CharField(max_length=300, help_text="name in storage")
    example_ids = models.CharField(max_length=300, help_text="name in storage")
    n_rows = models.PositiveIntegerField()
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.vectors}: {self.n_rows} rows"
