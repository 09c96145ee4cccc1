"""What a look at kept predictions found: drift, texts worth a label, groups that no class covers."""

from django.conf import settings
from django.db import models

from projects.models import Project


class TrafficCheck(models.Model):
    """One look. `token` fences what a worker writes; `result`: see `learners.services.traffic_check`."""

    class Status(models.TextChoices):
        WAITING = "waiting", "waiting"
        RUNNING = "running", "running"
        DONE = "done", "done"
        FAILED = "failed", "failed"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="traffic_checks")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.WAITING)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    requested_at = models.DateTimeField()
    token = models.UUIDField(null=True)
    heartbeat_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    result = models.JSONField(default=dict)
    error = models.TextField(blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["project"],
                condition=models.Q(status__in=["waiting", "running"]),
                name="one_open_traffic_check",
            )
        ]

    def __str__(self) -> str:
        return f"traffic of project {self.project_id}: {self.status}"

    @property
    def is_over(self) -> bool:
        return self.status in {self.Status.DONE, self.Status.FAILED}
