"""What drove a model's guess of one text; computed on request, kept so that it is computed once."""

from django.db import models

from learners.models.fit import Fit
from projects.models import Example


class Explanation(models.Model):
    """What `fit` saw in a text. A page asks by making the row; a worker fills it in.

    `words`: [word, weight] pairs, weightiest first; above 0 the word spoke for `guess`, below
    against it, as the change of the guess's log-odds when the word is left out; with `is_exact`, as
    what the word adds to the guess's logit. `neighbours`: [example id, cosine] pairs, nearest first.
    """

    fit = models.ForeignKey(Fit, on_delete=models.CASCADE, related_name="explanations")
    example = models.ForeignKey(Example, on_delete=models.CASCADE, related_name="+")
    requested_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True)
    guess = models.BigIntegerField(null=True, help_text="a class id")
    probability = models.FloatField(null=True, help_text="of the guess")
    words = models.JSONField(default=list)
    is_exact = models.BooleanField(
        default=False, help_text="the weights are what the words add to the class's logit"
    )
    neighbours = models.JSONField(default=list)
    note = models.CharField(max_length=300, blank=True, help_text="what a reader must know of it")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["fit", "example"], name="one_explanation_per_fit")
        ]
        indexes = [
            models.Index(
                fields=["requested_at"],
                condition=models.Q(done_at__isnull=True, error=""),
                name="explanations_to_make",
            )
        ]

    def __str__(self) -> str:
        return f"example {self.example_id} by fit {self.fit_id}"
