"""An outside teacher: a language model behind an address, what it was asked, and what it said.

Nothing here is a person's label. Answers are in no ledger of annotations, count in no counter of a
project and train nothing by themselves.
"""

from django.conf import settings
from django.db import models
from django.utils import timezone

from projects.models.example import Example
from projects.models.label_class import LabelClass
from projects.models.project import Project


class Teacher(models.Model):
    """One model behind one address. Another address or model is another teacher.

    `consent_at` is null until an owner confirmed that texts leave for this host; no request is made
    before. `key_variable` names an environment variable: the key itself is in no row. `ability` is
    the place in `projects.services.teacher.prompt.ABILITIES` that the server turned out to take.
    Prices are per million tokens; `spent` adds up every request that may have been billed, trials and
    lost answers included, and what is set aside for those that are on their way.
    """

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="teachers")
    name = models.CharField(max_length=120)
    base_url = models.CharField(max_length=500)
    model = models.CharField(max_length=200)
    key_variable = models.CharField(max_length=100, blank=True)
    price_in = models.DecimalField(max_digits=14, decimal_places=6, default=0)
    price_out = models.DecimalField(max_digits=14, decimal_places=6, default=0)
    currency = models.CharField(max_length=10, default="USD")
    requests_per_minute = models.PositiveIntegerField(default=60)
    budget = models.DecimalField(max_digits=14, decimal_places=6, default=0)
    spent = models.DecimalField(max_digits=14, decimal_places=6, default=0)
    ability = models.PositiveSmallIntegerField(default=0)
    ability_known = models.BooleanField(default=False)
    use_synthetic = models.BooleanField(
        default=False, help_text="texts it wrote and a lead kept train the ladder"
    )
    consent_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    consent_at = models.DateTimeField(null=True)
    consent_text = models.TextField(blank=True, help_text="what was acknowledged, word for word")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now)
    retired_at = models.DateTimeField(null=True, help_text="another took its place")

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["project"],
                condition=models.Q(retired_at__isnull=True),
                name="one_teacher_in_use",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.model})"

    @property
    def is_free(self) -> bool:
        return not (self.price_in or self.price_out)


class TeacherRun(models.Model):
    """A number of requests that somebody asked for: done one by one, stopped and gone on with.

    `not_before` makes pauses outlast a worker: the rate limit, and what the server asked to wait.
    `sample_*` belong to a trial of one text; `label_class` to texts written for a class.
    """

    class Purpose(models.TextChoices):
        TRIAL = "trial", "try one text"
        AUDIT = "audit", "measure on random texts that people answered"
        POOL = "pool", "answer texts of the pool"
        SYNTHETIC = "synthetic", "write texts for a class"

    class Status(models.TextChoices):
        WAITING = "waiting", "waiting"
        RUNNING = "running", "running"
        PAUSED = "paused", "paused"
        STOPPED = "stopped", "stopped"
        DONE = "done", "done"
        CANCELLED = "cancelled", "cancelled"

    teacher = models.ForeignKey(Teacher, on_delete=models.CASCADE, related_name="runs")
    purpose = models.CharField(max_length=10, choices=Purpose.choices)
    label_class = models.ForeignKey(
        LabelClass, on_delete=models.CASCADE, null=True, related_name="+"
    )
    prompt_digest = models.CharField(max_length=64)
    n_wanted = models.PositiveIntegerField()
    n_done = models.PositiveIntegerField(default=0)
    n_failed = models.PositiveIntegerField(default=0)
    n_requests = models.PositiveIntegerField(default=0)
    cost = models.DecimalField(max_digits=14, decimal_places=6, default=0)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.WAITING)
    token = models.UUIDField(null=True, help_text="the task that may write, if one runs")
    heartbeat_at = models.DateTimeField(null=True)
    not_before = models.DateTimeField(null=True)
    troubles = models.PositiveIntegerField(default=0, help_text="failed requests in a row")
    error = models.TextField(blank=True, help_text="why it stopped, or waits")
    sample_text = models.TextField(blank=True)
    sample_answer = models.JSONField(default=dict)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["teacher"],
                condition=models.Q(status__in=["waiting", "running"]),
                name="one_open_teacher_run",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} of {self.teacher_id}: {self.status}"

    @property
    def is_open(self) -> bool:
        return self.status in {self.Status.WAITING, self.Status.RUNNING}

    @property
    def n_ended(self) -> int:
        return self.n_done + self.n_failed


class TeacherAnswer(models.Model):
    """What a teacher said of one example, asked with one prompt. Never a person's label.

    `label_class` is null and `error` says why where the answer named no class. `probabilities`: by
    the id of the class, adding up to 1, where the server gave log-probabilities; else null.
    """

    teacher = models.ForeignKey(Teacher, on_delete=models.CASCADE, related_name="answers")
    run = models.ForeignKey(TeacherRun, on_delete=models.CASCADE, related_name="answers")
    example = models.ForeignKey(Example, on_delete=models.CASCADE, related_name="teacher_answers")
    label_class = models.ForeignKey(
        LabelClass, on_delete=models.CASCADE, null=True, related_name="+"
    )
    probability = models.FloatField(null=True)
    probabilities = models.JSONField(null=True)
    raw = models.TextField(blank=True)
    prompt_digest = models.CharField(max_length=64)
    tokens_in = models.PositiveIntegerField(default=0)
    tokens_out = models.PositiveIntegerField(default=0)
    tokens_estimated = models.BooleanField(default=False, help_text="the server counted none")
    cost = models.DecimalField(max_digits=14, decimal_places=6, default=0)
    seconds = models.FloatField()
    error = models.CharField(max_length=300, blank=True)
    purpose = models.CharField(max_length=10, choices=TeacherRun.Purpose.choices)
    asked_at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["teacher", "example", "prompt_digest"], name="one_teacher_answer"
            ),
        ]
        indexes = [
            models.Index(fields=["teacher", "prompt_digest", "purpose"], name="answers_of_teacher"),
        ]

    def __str__(self) -> str:
        return f"{self.example_id}: {self.label_class_id or self.error}"


class SyntheticExample(models.Model):
    """A text that a teacher wrote for a class. Never an `Example`: not asked, not measured.

    `accepted` is null until a lead looked at it.
    """

    teacher = models.ForeignKey(Teacher, on_delete=models.CASCADE, related_name="synthetic")
    run = models.ForeignKey(TeacherRun, on_delete=models.CASCADE, related_name="written")
    label_class = models.ForeignKey(LabelClass, on_delete=models.CASCADE, related_name="synthetic")
    text = models.TextField()
    content_hash = models.BinaryField(max_length=32, help_text="SHA-256 of the NFC text, stripped")
    made_at = models.DateTimeField()
    accepted = models.BooleanField(null=True)
    reviewed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    reviewed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["teacher", "label_class", "content_hash"], name="one_synthetic_per_text"
            ),
        ]

    def __str__(self) -> str:
        return self.text[:60]
