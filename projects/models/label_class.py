"""What an example can be labelled with."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models.functions import Lower

from projects.models.project import Project

N_COLOURS = 12  # static/css/labeler.css has one rule for each


class LabelClassQuerySet(models.QuerySet["LabelClass"]):
    def active(self) -> "LabelClassQuerySet":
        """Classes offered to annotators, in their order on the page."""
        return self.filter(retired_at__isnull=True).order_by("position", "id")


class LabelClass(models.Model):
    """One label class. A merged class is retired and points at the class that took its labels."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="label_classes")
    name = models.CharField(max_length=120)
    description = models.CharField(max_length=1000, blank=True)
    colour = models.PositiveSmallIntegerField(
        default=1, validators=[MinValueValidator(1), MaxValueValidator(N_COLOURS)]
    )
    shortcut = models.CharField(max_length=1, blank=True, help_text="a key, in lower case")
    is_none = models.BooleanField(default=False, help_text="'none of these'")
    position = models.PositiveIntegerField(default=0)
    added_seq = models.BigIntegerField(default=0)
    retired_at = models.DateTimeField(null=True, blank=True)
    merged_into = models.ForeignKey(
        "self", on_delete=models.RESTRICT, null=True, blank=True, related_name="merged_from"
    )

    objects = LabelClassQuerySet.as_manager()

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(
                Lower("name"),
                "project",
                condition=models.Q(retired_at__isnull=True),
                name="one_active_class_per_name",
            ),
            models.UniqueConstraint(
                Lower("shortcut"),
                "project",
                condition=models.Q(retired_at__isnull=True) & ~models.Q(shortcut=""),
                name="one_active_class_per_key",
            ),
            models.UniqueConstraint(
                fields=["project"],
                condition=models.Q(retired_at__isnull=True, is_none=True),
                name="one_none_of_these",
            ),
        ]

    def __str__(self) -> str:
        return self.name
