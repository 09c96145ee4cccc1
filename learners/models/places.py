"""A place in a queue of texts to ask, whoever ranked them."""

from django.db import models

from projects.models import Example


class QueuePlace(models.Model):
    """Place `rank` (1 is asked first) of a queue. `spent`: answered or skipped since."""

    example = models.ForeignKey(Example, on_delete=models.CASCADE, related_name="+")
    rank = models.PositiveIntegerField()
    score = models.FloatField(help_text="the strategy's; higher is asked sooner")
    reason = models.CharField(max_length=300, blank=True)
    spent = models.BooleanField(default=False)

    class Meta:
        abstract = True
        ordering = ["rank"]

    def __str__(self) -> str:
        return f"{self.rank}: example {self.example_id}"
