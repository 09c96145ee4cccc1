"""What an owner may change about a project, each change in the ledger with its old and new value."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Field

from projects.models import Project, ProjectEvent, User
from projects.models.project import InputKind
from projects.services.creating import LEARNING, check_about
from projects.services.ledger import append_project_event
from projects.services.refusals import Refused

MODEL_CARD = ("card_intended_use", "card_ethics", "card_caveats", "texts_leave")
CHANGEABLE = (
    "name",
    "description",
    "time_zone",
    *LEARNING,
    "batch_size",
    "audit_share",
    "ladder_every",
    "lease_seconds",
    "defer_to_queue",
    "incoming_per_day",
    *MODEL_CARD,
)
Kind = ProjectEvent.Kind


@transaction.atomic
def change_settings(
    *, actor: User, project: Project, changes: Mapping[str, Any], now: datetime
) -> list[str]:
    """Change these settings and no others; the newest write of a field stands.

    Two owners who change different fields at once both get their way. Returns the names of what
    differs now; what does not differ writes no event.

    Raises:
        Refused: a value that cannot be; nothing is changed.
        ValueError: a name that is no setting.
    """
    if unknown := set(changes) - set(CHANGEABLE):
        raise ValueError(f"no settings: {sorted(unknown)}; allowed: {CHANGEABLE}")
    row = Project.objects.select_for_update().get(pk=project.pk)
    old = {name: getattr(row, name) for name in CHANGEABLE}
    for name, value in changes.items():
        setattr(row, name, _clean(row, name, value))
    check_about(name=row.name, description=row.description, guideline="", time_zone=row.time_zone)
    check_strategy(row, old["strategy"])
    check_head(row, old["head"])
    check_kind(row)
    changed = [name for name in CHANGEABLE if getattr(row, name) != old[name]]
    if not changed:
        return []
    row.last_activity_at = now
    row.save(update_fields=[*changed, "last_activity_at"])
    for name in changed:
        kind = Kind.STRATEGY_CHANGED if name == "strategy" else Kind.SETTINGS_CHANGED
        payload = {"setting": name, "old": old[name], "new": getattr(row, name)}
        append_project_event(project_id=row.pk, kind=kind, actor=actor, payload=payload, now=now)
    return changed


def check_strategy(project: Project, before: str) -> None:
    """Whether a newly chosen strategy can serve this project.

    Raises:
        Refused: it is for small pools and this one is larger, or for another number of classes.
    """
    chosen = project.strategy
    if chosen == before:
        return
    label = settings.LABELER_STRATEGY_LABELS[chosen]
    if pool_has_outgrown(project, chosen):
        raise Refused(
            "strategy",
            f"“{label}” is for pools of up to {settings.LABELER_SMALL_POOL:,} texts, and this one "
            f"has {project.n_pool:,}: it would take long and look at few of them. Choose another.",
        )
    if chosen not in strategies_for(project):
        kind = "any number of classes" if project.multilabel else "one class"
        raise Refused("strategy", f"“{label}” is not for texts with {kind} each.")


def check_kind(project: Project) -> None:
    """Whether features and classifier are made for what the examples are, texts or rows of a table.

    Raises:
        Refused: they are not.
    """
    is_table = project.input_kind == InputKind.TABLE
    examples = "rows of a table" if is_table else "texts"
    if (project.features in settings.LABELER_TABLE_FEATURES) != is_table:
        label = settings.LABELER_FEATURES_LABELS.get(project.features, project.features)
        raise Refused("features", f"“{label}” are not features of {examples}.")
    if project.head in settings.LABELER_TABLE_HEADS and not is_table:
        label = settings.LABELER_HEAD_LABELS.get(project.head, project.head)
        raise Refused("head", f"“{label}” is not for {examples}.")
    if project.label_names and is_table:
        words = "Names of classes are no rows of a table, so nothing can be learned from them here."
        raise Refused("label_names", words)


def check_head(project: Project, before: str) -> None:
    """Raises Refused where a newly chosen classifier is for another number of classes a text."""
    for_many = project.head in settings.LABELER_MULTILABEL_HEADS
    if project.head == before or for_many == project.multilabel:
        return
    label = settings.LABELER_HEAD_LABELS[project.head]
    kind = "any number of classes" if project.multilabel else "one class"
    raise Refused("head", f"“{label}” is not for texts with {kind} each.")


def strategies_for(project: Project) -> list[str]:
    """Names of the strategies that suit how many classes a text of this project has, and its pool."""
    many, both = settings.LABELER_MULTILABEL_STRATEGIES, settings.LABELER_STRATEGIES_FOR_BOTH
    return [
        name
        for name in settings.LABELER_STRATEGY_LABELS
        if (name in both or (name in many) == project.multilabel)
        and not pool_has_outgrown(project, name)
    ]


def pool_has_outgrown(project: Project, strategy: str) -> bool:
    """Whether the strategy is for small pools, and the project's is none."""
    for_small = strategy in settings.LABELER_SMALL_POOL_STRATEGIES
    return for_small and project.n_pool > settings.LABELER_SMALL_POOL


def _clean(row: Project, name: str, value: Any) -> Any:
    value = value.strip() if isinstance(value, str) else value
    try:
        field: Field[Any, Any] = Project._meta.get_field(name)  # type: ignore[assignment]
        return field.clean(value, row)
    except ValidationError as error:
        raise Refused(name, " ".join(error.messages)) from error


@transaction.atomic
def change_guideline(*, actor: User, project: Project, guideline: str, now: datetime) -> bool:
    """Replace the guideline. Returns whether it differs.

    Raises:
        Refused: it is too long, or holds a NUL character.
    """
    row = Project.objects.select_for_update().get(pk=project.pk)
    check_about(name=row.name, description="", guideline=guideline, time_zone=row.time_zone)
    if row.guideline == guideline:
        return False
    payload = {"old": row.guideline, "new": guideline}
    row.guideline, row.last_activity_at = guideline, now
    row.save(update_fields=["guideline", "last_activity_at"])
    append_project_event(
        project_id=row.pk, kind=Kind.GUIDELINE_CHANGED, actor=actor, payload=payload, now=now
    )
    return True
