"""A promise about one frozen model, and the fresh random answers it is put to."""

from django.conf import settings
from django.db import models

from projects.models.project import Project

ERROR_RATE = 0.05


class Confirmation(models.Model):
    """One fit put to fresh random texts until an anytime-valid interval clears `target`, or cannot.

    It is asked the reserved texts that nobody had dealt with when it started (ids up to
    `last_example_id`, no event up to `started_seq`), in the order of their `audit_rank`. The model
    is a copy of the fit's, so that nothing done to the fit changes it; `fit_id` is a plain number.
    `outcomes` holds one character an answer in that order, "1" right and "0" wrong, up to the
    first text that is still open. `error_rate` halves with each earlier try of the same model, or
    else one could begin anew until it passes.
    """

    class Result(models.TextChoices):
        CONFIRMED = "confirmed", "confirmed"
        BELOW = "below", "below the target"
        USED_UP = "used_up", "undecided: the random texts are used up"
        ENDED = "ended", "ended before it was decided"
        VOID = "void", "void"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="confirmations")
    fit_id = models.BigIntegerField()
    head_file = models.CharField(max_length=300, help_text="the frozen model, npz in storage")
    head_digest = models.CharField(max_length=64, help_text="SHA-256 of that file")
    n_labels = models.PositiveIntegerField(help_text="texts labelled by people, at the fit")
    target = models.FloatField(help_text="accuracy in (0, 1)")
    error_rate = models.FloatField(default=ERROR_RATE, help_text="1 minus the confidence")
    share = models.FloatField(help_text="of the questions, while it runs, in (0, 1]")
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    started_at = models.DateTimeField()
    started_seq = models.BigIntegerField()
    last_example_id = models.BigIntegerField()
    n_fresh = models.PositiveIntegerField(help_text="texts that could be asked when it started")
    outcomes = models.TextField(blank=True)
    n_skipped = models.PositiveIntegerField(default=0)
    result = models.CharField(max_length=10, blank=True, help_text="empty while it runs")
    because = models.CharField(max_length=300, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["project"], condition=models.Q(result=""), name="one_running_confirmation"
            ),
            models.CheckConstraint(
                condition=models.Q(target__gt=0, target__lt=1), name="target_is_inside_0_and_1"
            ),
            models.CheckConstraint(
                condition=models.Q(share__gt=0, share__lte=1), name="share_is_above_0"
            ),
        ]

    def __str__(self) -> str:
        return f"fit {self.fit_id} at {self.target:.0%}: {self.result or 'running'}"

    @property
    def n(self) -> int:
        """Answers that count."""
        return len(self.outcomes)

    @property
    def n_right(self) -> int:
        """How many of them the model had right."""
        return self.outcomes.count("1")
