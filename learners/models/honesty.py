"""What one fit said of texts that it did not learn from: what the honest numbers are read off."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from learners.models.fit import Fit


class AuditPredictions(models.Model):
    """The answered random texts, each predicted by a model that had not seen it. Arrays, one place
    a text, in one order.
    """

    fit = models.OneToOneField(Fit, on_delete=models.CASCADE, related_name="audit_predictions")
    example_ids = ArrayField(models.BigIntegerField())
    true_class_ids = ArrayField(models.BigIntegerField())
    said_class_ids = ArrayField(models.BigIntegerField())
    confidences = ArrayField(models.FloatField(), help_text="probability of the class said")

    def __str__(self) -> str:
        return f"fit {self.fit_id}: {len(self.example_ids)} random texts"


class PoolPredictions(models.Model):
    """What the published model says of the same random thousand of the pool, those then open."""

    fit = models.OneToOneField(Fit, on_delete=models.CASCADE, related_name="pool_predictions")
    example_ids = ArrayField(models.BigIntegerField())
    class_ids = ArrayField(models.BigIntegerField())

    def __str__(self) -> str:
        return f"fit {self.fit_id}: {len(self.example_ids)} pool texts"


class AuditSets(models.Model):
    """As `AuditPredictions`, where a text has any number of classes: a yes or no for every text and
    class. `truth`, `said`, `probabilities`: all classes of the first text, then of the second.
    """

    fit = models.OneToOneField(Fit, on_delete=models.CASCADE, related_name="audit_sets")
    example_ids = ArrayField(models.BigIntegerField())
    class_ids = ArrayField(models.BigIntegerField())
    truth = ArrayField(models.BooleanField())
    said = ArrayField(models.BooleanField())
    probabilities = ArrayField(models.FloatField(), help_text="of the class being there")

    def __str__(self) -> str:
        return f"fit {self.fit_id}: {len(self.example_ids)} random texts"


class PoolSets(models.Model):
    """As `PoolPredictions`, where a text has any number of classes. `said`: a yes or no for every
    text and class, all classes of the first text, then of the second.
    """

    fit = models.OneToOneField(Fit, on_delete=models.CASCADE, related_name="pool_sets")
    example_ids = ArrayField(models.BigIntegerField())
    class_ids = ArrayField(models.BigIntegerField())
    said = ArrayField(models.BooleanField())

    def __str__(self) -> str:
        return f"fit {self.fit_id}: {len(self.example_ids)} pool texts"


class RandomBaseline(models.Model):
    """Models of random labels alone beside the project's, as of one fit (`engine.helping`).

    Arrays: one place a number of labels in `sizes`; counts of `n` texts, where a text has any number
    of classes of those whose whole set is right. `needed`: random labels
    for the accuracy that the project had with `saved_at` labels, `needed_now`: for its present one;
    null is more than the random texts can show.
    """

    fit = models.OneToOneField(Fit, on_delete=models.CASCADE, related_name="random_baseline")
    n = models.PositiveIntegerField(help_text="random texts that measure both")
    sizes = ArrayField(models.PositiveIntegerField())
    random_right = ArrayField(models.PositiveIntegerField())
    project_right = ArrayField(models.PositiveIntegerField())
    advantage = models.FloatField(help_text="project less random, averaged over the sizes")
    advantage_low = models.FloatField()
    advantage_high = models.FloatField()
    saved_at = models.PositiveIntegerField()
    needed = models.FloatField(null=True)
    needed_low = models.FloatField(null=True)
    needed_high = models.FloatField(null=True)
    needed_now = models.FloatField(null=True)
    needed_now_low = models.FloatField(null=True)
    needed_now_high = models.FloatField(null=True)

    def __str__(self) -> str:
        return f"fit {self.fit_id}: {self.advantage:+.3f} on {self.n} random texts"
