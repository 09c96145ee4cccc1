"""What people answered: the append-only ledger and the state it adds up to."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models

from projects.models.example import Example
from projects.models.label_class import LabelClass
from projects.models.project import Project


class Draw(models.TextChoices):
    """By which road an example reached the annotator."""

    AUDIT = "audit", "random, to measure"
    CONFIRM = "confirm", "random, to confirm a model"
    QUEUE = "queue", "chosen by the strategy"
    INCOMING = "incoming", "sent to people by a model in use"
    RANDOM = "random", "random, no ranking yet"
    HISTORY = "history", "reopened by the annotator"
    LATE = "late", "answered after its hold had ended"
    KNOWN = "known", "came with the data"
    FEEDBACK = "feedback", "sent back by a program"


class AnnotationEvent(models.Model):
    """One act of one annotator on one example. Never changed, never deleted; undo is an event.

    `annotator` is null for labels that came with the data (kind `known`) or that a program sent back
    (kind `feedback`; `reason` names its token).
    `labels` are ids of label classes as chosen then; merges are applied when read.
    `fit_id` is a plain number: the machine's rows may be deleted and rebuilt.
    `chance` is the probability, given all before, that this example was the one asked.
    """

    class Kind(models.TextChoices):
        LABEL = "label", "labelled"
        RELABEL = "relabel", "changed the label"
        SKIP = "skip", "skipped"
        FLAG = "flag", "flagged"
        UNFLAG = "unflag", "took the flag back"
        COMMENT = "comment", "commented"
        UNDO = "undo", "undid"
        KNOWN = "known", "came with the data"
        FEEDBACK = "feedback", "sent back by a program"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="annotation_events")
    seq = models.BigIntegerField()
    example = models.ForeignKey(Example, on_delete=models.CASCADE, related_name="events")
    annotator = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="annotation_events",
    )
    kind = models.CharField(max_length=10, choices=Kind.choices)
    labels = ArrayField(models.BigIntegerField(), default=list)
    comment = models.TextField(blank=True)
    undoes = models.ForeignKey(
        "self", on_delete=models.RESTRICT, null=True, blank=True, related_name="undone_by"
    )
    client_uuid = models.UUIDField(unique=True)
    created_at = models.DateTimeField()
    duration_ms = models.PositiveIntegerField(null=True, help_text="from shown to answered")
    draw = models.CharField(max_length=10, choices=Draw.choices)
    chance = models.FloatField(null=True)
    fit_id = models.BigIntegerField(null=True)
    strategy = models.CharField(max_length=200, blank=True)
    score = models.FloatField(null=True)
    rank = models.PositiveIntegerField(null=True)
    reason = models.CharField(max_length=300, blank=True)
    suggestion_shown = models.BooleanField(default=False)

    class Meta:
        ordering = ["seq"]
        constraints = [
            models.UniqueConstraint(fields=["project", "seq"], name="one_annotation_event_per_seq"),
            models.UniqueConstraint(
                fields=["undoes"], condition=models.Q(undoes__isnull=False), name="undone_once"
            ),
            models.CheckConstraint(
                condition=models.Q(kind="undo", undoes__isnull=False)
                | (~models.Q(kind="undo") & models.Q(undoes__isnull=True)),
                name="undo_names_its_event",
            ),
        ]
        indexes = [
            models.Index(fields=["project", "annotator", "-seq"], name="my_recent_events"),
            models.Index(fields=["example", "annotator", "seq"], name="events_of_example"),
        ]

    def __str__(self) -> str:
        return f"{self.seq}: {self.kind}"


class Annotation(models.Model):
    """What one annotator's events on one example add up to.

    State `labelled` trains (or measures, on an audit example); `skipped` is never asked of this
    annotator again; `set_aside`: its class was retired, the text went back to the pool; `open`:
    only a flag or a comment, or everything was undone.
    `stale`: an audit answer older than a class that was added since; it is asked again and does
    not measure until then.
    """

    class State(models.TextChoices):
        OPEN = "open", "open"
        LABELLED = "labelled", "labelled"
        SKIPPED = "skipped", "skipped"
        SET_ASIDE = "set_aside", "set aside"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="annotations")
    example = models.ForeignKey(Example, on_delete=models.CASCADE, related_name="annotations")
    annotator = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="annotations"
    )
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    labels = ArrayField(models.BigIntegerField(), default=list)
    flagged = models.BooleanField(default=False)
    comment = models.TextField(blank=True)
    stale = models.BooleanField(default=False)
    last_event = models.ForeignKey(
        AnnotationEvent, on_delete=models.RESTRICT, null=True, related_name="+"
    )
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["example", "annotator"],
                name="one_annotation_per_person",
                nulls_distinct=False,
            ),
        ]
        indexes = [
            models.Index(fields=["project", "state"], name="annotation_state"),
            models.Index(fields=["project", "-updated_at", "-id"], name="newest_answers"),
            models.Index(
                fields=["project", "example"],
                condition=models.Q(stale=True),
                name="answers_to_ask_again",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.annotator}: {self.state}"


class GoldLabel(models.Model):
    """A label that came with the data as the truth: for rehearsal, simulation and a given test split.

    It stands apart on purpose: never training data, never shown to an annotator.
    """

    example = models.OneToOneField(Example, on_delete=models.CASCADE, related_name="gold")
    label_class = models.ForeignKey(LabelClass, on_delete=models.CASCADE, related_name="+")

    def __str__(self) -> str:
        return f"{self.label_class_id}"


class GoldSet(models.Model):
    """As `GoldLabel`, in a project where a text has any number of classes: all that are true of it."""

    example = models.OneToOneField(Example, on_delete=models.CASCADE, related_name="gold_set")
    labels = ArrayField(models.BigIntegerField(), default=list)

    def __str__(self) -> str:
        return f"{self.labels}"


class Lease(models.Model):
    """An example held by one tab of one annotator until `expires_at`: nobody else is asked it.

    It carries how the example was drawn, so that the answer's event can say so.
    """

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="leases")
    example = models.ForeignKey(Example, on_delete=models.CASCADE, related_name="leases")
    annotator = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="leases"
    )
    tab = models.UUIDField()
    claimed_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    draw = models.CharField(max_length=10, choices=Draw.choices)
    chance = models.FloatField(null=True)
    fit_id = models.BigIntegerField(null=True)
    strategy = models.CharField(max_length=200, blank=True)
    score = models.FloatField(null=True)
    rank = models.PositiveIntegerField(null=True)
    reason = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["example"], name="one_lease_per_example"),
            models.UniqueConstraint(
                fields=["project", "annotator", "tab"], name="one_lease_per_tab"
            ),
        ]
        indexes = [models.Index(fields=["expires_at"], name="lease_expiry")]

    def __str__(self) -> str:
        return f"{self.example_id} held by {self.annotator}"
