"""Ladders: the same labels trained into models of every size, and what was measured of each."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from projects.models import Project

MARGIN = 0.02
TEACHER = "teacher"  # the rung that is an outside teacher: measured, never trained, without files


class Ladder(models.Model):
    """One run over the rungs of a project.

    At most one is waiting or running a project: a partial unique index says so. `token` fences what
    a task writes (one whose token was replaced writes nothing), and `heartbeat_at` tells a dead
    worker from a slow one. `upto_seq`, `pool_upto` and `seed` are fixed at the start, so that every
    rung sees the same labels, also when another worker takes the ladder up.
    """

    class Status(models.TextChoices):
        WAITING = "waiting", "waiting"
        RUNNING = "running", "running"
        DONE = "done", "done"
        FAILED = "failed", "failed"
        CANCELLED = "cancelled", "cancelled"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="ladders")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.WAITING)
    forced = models.BooleanField(default=False, help_text="somebody asked for it")
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    requested_at = models.DateTimeField(default=timezone.now)
    upto_seq = models.BigIntegerField(null=True)
    pool_upto = models.BigIntegerField(null=True, help_text="greatest example id of the pool then")
    seed = models.BigIntegerField(null=True)
    class_ids = models.JSONField(default=list)
    margin = models.FloatField(default=MARGIN, help_text="of accuracy: 0.02 is two points")
    prices = models.JSONField(default=dict, help_text="cpu_hour, currency, watts")
    token = models.UUIDField(null=True, help_text="the task that may write, if one runs")
    attempt = models.PositiveIntegerField(default=0, help_text="times a worker took it up")
    heartbeat_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    n_train = models.PositiveIntegerField(default=0)
    n_audit = models.PositiveIntegerField(default=0)
    synthetic = models.JSONField(
        default=list, help_text="numbers of written texts that train it beside the labels"
    )
    choice = models.JSONField(default=dict, help_text="the smallest that is good enough, and why")
    machine = models.CharField(max_length=200, blank=True, help_text="what measured the speed")
    error = models.TextField(blank=True)
    versions = models.JSONField(default=dict)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["project"],
                condition=models.Q(status__in=["waiting", "running"]),
                name="one_open_ladder",
            )
        ]

    def __str__(self) -> str:
        return f"ladder {self.pk}: {self.status}"

    @property
    def is_over(self) -> bool:
        return self.status not in {self.Status.WAITING, self.Status.RUNNING}


class Rung(models.Model):
    """One kind of model on one ladder.

    `folder` is a prefix in storage, and `files` says what lies there, name to SHA-256.
    `predictions_file`: npz of what it says of the audit answers: example_ids (n,), y (n,),
    probabilities (n, k), class_ids (k,). `attempts` counts tries, since a worker may die of one.
    Speed is per thousand texts, given many at once, on one thread.
    """

    class Status(models.TextChoices):
        WAITING = "waiting", "waiting"
        RUNNING = "running", "running"
        DONE = "done", "done"
        FAILED = "failed", "failed"
        LEFT_OUT = "left_out", "left out"

    ladder = models.ForeignKey(Ladder, on_delete=models.CASCADE, related_name="rungs")
    name = models.CharField(max_length=40)
    label = models.CharField(max_length=100, blank=True)
    place = models.PositiveIntegerField(help_text="from the cheapest up")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.WAITING)
    attempts = models.PositiveIntegerField(default=0)
    step = models.CharField(max_length=200, blank=True, help_text="what is being done, in words")
    share = models.FloatField(default=0.0, help_text="of it that is done, 0 to 1")
    error = models.TextField(blank=True)
    note = models.CharField(max_length=500, blank=True, help_text="what a reader must know")
    folder = models.CharField(max_length=300, blank=True)
    files = models.JSONField(default=dict)
    manifest = models.JSONField(default=dict)
    manifest_digest = models.CharField(max_length=64, blank=True)
    n_bytes = models.BigIntegerField(null=True)
    ms_per_1000 = models.FloatField(null=True)
    cpu_seconds_per_1000 = models.FloatField(null=True)
    memory_mb = models.FloatField(null=True)
    train_seconds = models.FloatField(null=True)
    n_train = models.PositiveIntegerField(null=True)
    n_audit = models.PositiveIntegerField(null=True)
    accuracy = models.FloatField(null=True)
    accuracy_low = models.FloatField(null=True)
    accuracy_high = models.FloatField(null=True)
    macro_f1 = models.FloatField(null=True)
    macro_f1_low = models.FloatField(null=True)
    macro_f1_high = models.FloatField(null=True)
    predictions_file = models.CharField(max_length=300, blank=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["place"]
        constraints = [
            models.UniqueConstraint(fields=["ladder", "name"], name="one_rung_per_name"),
        ]

    def __str__(self) -> str:
        return f"{self.name} of ladder {self.ladder_id}: {self.status}"
