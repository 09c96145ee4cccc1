"""Which workers are alive: rows, so that a page can tell without asking a broker."""

from django.db import models


class WorkerHeartbeat(models.Model):
    """The last sign of life of one worker (or beat) process group."""

    name = models.CharField(max_length=200, unique=True)
    kind = models.CharField(max_length=10, help_text="worker or beat")
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name
