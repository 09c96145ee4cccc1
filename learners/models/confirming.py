"""What a frozen model said of the texts it is put to, and how far it was checked."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from projects.models import Confirmation, Example


class FrozenPrediction(models.Model):
    """What a frozen model gives one text: one class, or where a text has any number of classes all
    that it has. Written after the text was answered, never shown.
    """

    confirmation = models.ForeignKey(
        Confirmation, on_delete=models.CASCADE, related_name="predictions"
    )
    example = models.ForeignKey(Example, on_delete=models.CASCADE, related_name="+")
    class_ids = ArrayField(models.BigIntegerField(), default=list, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["confirmation", "example"], name="predicted_once_per_confirmation"
            )
        ]

    def __str__(self) -> str:
        return f"example {self.example_id}: classes {self.class_ids}"


class ConfirmationCheck(models.Model):
    """How far a worker has checked a running confirmation: all of the ledger up to `seen_seq`.

    `error`: why the frozen model cannot be asked, for the page; tried again after `retry_at`.
    """

    confirmation = models.OneToOneField(
        Confirmation, on_delete=models.CASCADE, related_name="check_state"
    )
    seen_seq = models.BigIntegerField(default=0)
    error = models.TextField(blank=True)
    retry_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.error or f"checked up to {self.seen_seq}"
