"""A labelling project, its members, and the ledger of what was decided about it."""

from typing import TYPE_CHECKING

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone

if TYPE_CHECKING:
    from projects.models.user import User


class Role(models.TextChoices):
    OWNER = "owner", "Owner"
    ANNOTATOR = "annotator", "Annotator"


class InputKind(models.TextChoices):
    """What one example is: a text, or a row of a table with named columns."""

    TEXT = "text", "text"
    TABLE = "table", "table"


def strategy_names() -> list[tuple[str, str]]:
    """Names allowed in `Project.strategy`; a callable, so that a new strategy needs no migration."""
    return [(name, label) for name, label in settings.LABELER_STRATEGY_LABELS.items()]


def head_names() -> list[tuple[str, str]]:
    """Names allowed in `Project.head`."""
    return [(name, label) for name, label in settings.LABELER_HEAD_LABELS.items()]


def features_names() -> list[tuple[str, str]]:
    """Names allowed in `Project.features`."""
    return [(name, label) for name, label in settings.LABELER_FEATURES_LABELS.items()]


class ProjectQuerySet(models.QuerySet["Project"]):
    """Every page fetches through one of these, so that an outsider gets 404."""

    def member(self, user: "User") -> "ProjectQuerySet":
        """Projects that `user` belongs to, those in the bin left out."""
        return self.filter(memberships__user=user, binned_at__isnull=True)

    def owned(self, user: "User") -> "ProjectQuerySet":
        """Projects that `user` owns, those in the bin left out."""
        return self.filter(
            memberships__user=user, memberships__role=Role.OWNER, binned_at__isnull=True
        )

    def in_bin(self, user: "User") -> "ProjectQuerySet":
        """Projects that `user` owns and has put in the bin."""
        return self.filter(
            memberships__user=user, memberships__role=Role.OWNER, binned_at__isnull=False
        )


class Project(models.Model):
    """One question asked of one pile of texts.

    `seq` is the last number given to a ledger event; it is taken under this row's lock.
    The `n_*` columns are counters kept in the transaction that changes them: no page counts the pool.
    """

    name = models.CharField(max_length=120)
    description = models.CharField(max_length=500, blank=True)
    guideline = models.TextField(blank=True, help_text="Markdown")
    input_kind = models.CharField(
        max_length=10, choices=InputKind.choices, default=InputKind.TEXT, help_text="never changes"
    )
    feature_columns = models.JSONField(
        default=list,
        blank=True,
        help_text='of a table, in order: [{"name": "age", "kind": "numeric"}]; never changes',
    )
    multilabel = models.BooleanField(
        default=False, help_text="a text has any number of classes; fixed by the first answer"
    )
    time_zone = models.CharField(max_length=64, default="UTC")
    strategy = models.CharField(max_length=200, choices=strategy_names, default="margin")
    head = models.CharField(max_length=100, choices=head_names, default="logistic")
    features = models.CharField(max_length=100, choices=features_names, default="minilm")
    label_names = models.BooleanField(
        default=False, help_text="names and descriptions of the classes are training examples"
    )
    strict_audit = models.BooleanField(
        default=False, help_text="audit answers measure and never train"
    )
    batch_size = models.PositiveIntegerField(
        default=10, validators=[MinValueValidator(1), MaxValueValidator(1000)]
    )
    audit_share = models.FloatField(
        default=0.2, validators=[MinValueValidator(0.0), MaxValueValidator(1.0)]
    )
    ladder_every = models.PositiveIntegerField(
        default=0,
        validators=[MaxValueValidator(1_000_000)],
        help_text="labels after which a ladder is trained; 0: only when somebody asks",
    )
    card_intended_use = models.TextField(
        blank=True, max_length=4_000, help_text="of the project's models, for their cards"
    )
    card_ethics = models.TextField(
        blank=True, max_length=4_000, help_text="who may be harmed, for the models' cards"
    )
    card_caveats = models.TextField(blank=True, max_length=4_000, help_text="for the models' cards")
    texts_leave = models.BooleanField(
        default=True,
        help_text="some of the project's texts travel with a model, to compare answers",
    )
    defer_to_queue = models.BooleanField(
        default=False, help_text="texts that the live model leaves undecided are kept and asked"
    )
    incoming_per_day = models.PositiveIntegerField(
        default=200,
        validators=[MaxValueValidator(100_000)],
        help_text="texts that may come in from predictions within 24 hours",
    )
    lease_seconds = models.PositiveIntegerField(
        default=600, validators=[MinValueValidator(30), MaxValueValidator(86_400)]
    )
    seed = models.BigIntegerField()
    seq = models.BigIntegerField(default=0)
    n_rows = models.PositiveIntegerField(default=0, help_text="rows imported, duplicates included")
    n_texts = models.PositiveIntegerField(default=0, help_text="distinct texts")
    n_pool = models.PositiveIntegerField(default=0, help_text="distinct texts open to strategies")
    n_audit = models.PositiveIntegerField(default=0, help_text="distinct texts reserved to measure")
    n_labelled = models.PositiveIntegerField(default=0, help_text="texts labelled by people")
    n_known = models.PositiveIntegerField(
        default=0, help_text="texts whose label came with the data"
    )
    n_feedback = models.PositiveIntegerField(
        default=0,
        help_text="of those that no person labelled: whose label was sent back by a program",
    )
    traffic_kept = models.BooleanField(
        default=False, help_text="predictions that were served are kept with their texts"
    )
    traffic_share = models.FloatField(
        default=1.0, validators=[MinValueValidator(0.0), MaxValueValidator(1.0)]
    )
    traffic_days = models.PositiveIntegerField(
        default=30, validators=[MinValueValidator(1), MaxValueValidator(365)]
    )
    traffic_redaction = models.JSONField(
        default=dict,
        blank=True,
        help_text='{"emails": true, "phones": true, "numbers": false, "own": []}',
    )
    is_demo = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now)
    last_activity_at = models.DateTimeField(default=timezone.now)
    binned_at = models.DateTimeField(null=True, blank=True)

    objects = ProjectQuerySet.as_manager()

    class Meta:
        ordering = ["-is_demo", "-last_activity_at"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(audit_share__gte=0, audit_share__lte=1),
                name="audit_share_is_a_share",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_table(self) -> bool:
        return self.input_kind == InputKind.TABLE

    @property
    def asked_of_a_text(self) -> str:
        """What an answer is here, in words."""
        return "any number of classes a text" if self.multilabel else "one class a text"

    @property
    def noun(self) -> str:
        """What one example is here: "text", or "row" of a table."""
        return "row" if self.is_table else "text"


class Membership(models.Model):
    """`user` may work on `project` as `role`."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships"
    )
    role = models.CharField(max_length=20, choices=Role.choices)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "user"], name="one_membership_per_person")
        ]

    def __str__(self) -> str:
        return f"{self.user} as {self.role} of {self.project}"


class ProjectEvent(models.Model):
    """Append-only ledger of what was decided about a project.

    `payload` holds plain values only: with the annotation events and the examples it is enough
    to rebuild the training set, the curve and any exported model.
    """

    class Kind(models.TextChoices):
        CREATED = "created", "project created"
        IMPORTED = "imported", "texts imported"
        CLASS_ADDED = "class_added", "class added"
        CLASS_RENAMED = "class_renamed", "class renamed"
        CLASS_CHANGED = "class_changed", "class changed"
        CLASS_MERGED = "class_merged", "classes merged"
        CLASS_RETIRED = "class_retired", "class retired"
        SETTINGS_CHANGED = "settings_changed", "settings changed"
        STRATEGY_CHANGED = "strategy_changed", "strategy changed"
        GUIDELINE_CHANGED = "guideline_changed", "guideline changed"
        MEMBER_CHANGED = "member_changed", "members changed"
        CONFIRMATION_STARTED = "confirmation_started", "confirmation started"
        CONFIRMATION_ENDED = "confirmation_ended", "confirmation ended"
        MODEL_ADDED = "model_added", "model kept"
        MODEL_PROMOTED = "model_promoted", "model made live"
        MODEL_RETIRED = "model_retired", "model retired"
        MODEL_DEFERRAL = "model_deferral", "what a model leaves to others changed"
        LADDER_FIGURES = "ladder_figures", "margin or prices of a ladder changed"
        ROUTES_CHANGED = "routes_changed", "ways into other projects changed"
        RANDOM_TEXTS_SHOWN = "random_texts_shown", "random texts looked at beside a model's guesses"
        TEACHER_SET = "teacher_set", "outside teacher set up"
        TEACHER_ALLOWED = "teacher_allowed", "outside teacher allowed"
        TEACHER_STOPPED = "teacher_stopped", "outside teacher no longer allowed"
        TEACHER_ASKED = "teacher_asked", "outside teacher asked"
        SYNTHETIC_REVIEWED = "synthetic_reviewed", "written texts kept or dropped"
        TRAFFIC_KEPT = "traffic_kept", "keeping of predictions switched on or changed"
        TRAFFIC_NOT_KEPT = "traffic_not_kept", "keeping of predictions switched off"
        TRAFFIC_DELETED = "traffic_deleted", "kept predictions deleted"
        BINNED = "binned", "moved to the bin"
        RESTORED = "restored", "taken out of the bin"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="events")
    seq = models.BigIntegerField()
    kind = models.CharField(max_length=30, choices=Kind.choices)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    payload = models.JSONField(default=dict)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["seq"]
        constraints = [
            models.UniqueConstraint(fields=["project", "seq"], name="one_project_event_per_seq")
        ]

    def __str__(self) -> str:
        return f"{self.seq}: {self.kind}"
