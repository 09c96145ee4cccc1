"""Who may call the API for a project, and what was answered to a request that may come twice."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models

from projects.models.project import Project


class Scope(models.TextChoices):
    """What a token may do. None includes another."""

    READ = "read", "Read settings, classes, fits, curve and simulations"
    PREDICT = "predict", "Predict texts, one by one and in files"
    FEEDBACK = "feedback", "Send corrections of predictions"
    LABEL = "label", "Read texts and labels, and add texts"
    MANAGE = "manage", "Change what the project learns with; start and cancel simulations"


class ApiToken(models.Model):
    """A secret that speaks for its maker in one project. Only its SHA-256 is kept.

    It is dead once it has expired or was revoked, and while its maker does not own the project.
    """

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=80)
    scopes = ArrayField(models.CharField(max_length=10, choices=Scope.choices))
    digest = models.CharField(
        max_length=64, unique=True, help_text="SHA-256 of the secret, hexadecimal"
    )
    start = models.CharField(max_length=8, help_text="the secret's first letters, to tell it by")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+"
    )
    created_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, help_text="to the minute")
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.name


class ApiReceipt(models.Model):
    """The answer to a request that carried a key of its own: the same key is answered by it again."""

    token = models.ForeignKey(ApiToken, on_delete=models.CASCADE, related_name="receipts")
    key = models.UUIDField()
    digest = models.CharField(max_length=64, help_text="SHA-256 of what was asked, hexadecimal")
    status = models.PositiveSmallIntegerField()
    answer = models.JSONField()
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["token", "key"], name="one_receipt_per_key")]
        indexes = [models.Index(fields=["created_at"], name="receipt_age")]

    def __str__(self) -> str:
        return f"{self.key}: {self.status}"
