"""New projects, and texts for projects that exist: from a staged upload to a waiting import."""

import zoneinfo
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from django.conf import settings
from django.db import transaction

from projects.models import (
    DataImport,
    LabelClass,
    Membership,
    Project,
    ProjectEvent,
    StagedUpload,
    User,
)
from projects.models.project import Role
from projects.reading import ColumnChoice
from projects.reading.labels import values_of
from projects.reading.scanning import TRACKED_VALUES, same
from projects.services.classes import ClassSpec, add_classes
from projects.services.ledger import append_project_event
from projects.services.refusals import Refused
from projects.services.tables import (
    check_features,
    check_same_columns,
    check_varies,
    project_columns,
)

__all__ = ["ClassSpec", "ColumnChoice", "add_texts", "create_project"]

LEARNING = ("strategy", "head", "features", "label_names", "strict_audit")
"""Columns of `Project` that decide what a model learns from and what is asked next."""
MAX_NAME_CHARS = 120
MAX_DESCRIPTION_CHARS = 500
MAX_GUIDELINE_CHARS = 200_000


@transaction.atomic
def create_project(
    *,
    actor: User,
    staged: StagedUpload,
    name: str,
    description: str,
    guideline: str,
    time_zone: str,
    classes: Sequence[ClassSpec],
    columns: ColumnChoice,
    seed: int,
    now: datetime,
    label_classes: Mapping[str, str] | None = None,
    is_demo: bool = False,
) -> tuple[Project, DataImport]:
    """A project with its classes, its owner and an import that waits for a worker.

    `label_classes` says which class (by name) a value of the label column is; without it, a value
    is the class of its own name. Send the task "projects.import" once this is committed.

    Raises:
        Refused: a field that cannot be; nothing is created.
    """
    check_about(name=name, description=description, guideline=guideline, time_zone=time_zone)
    check_varies(columns, staged)
    check_kinds(columns)
    project = Project.objects.create(
        name=name.strip(),
        description=description.strip(),
        guideline=guideline,
        time_zone=time_zone,
        seed=seed,
        is_demo=is_demo,
        multilabel=columns.multilabel,
        created_at=now,
        last_activity_at=now,
        **learns_with(columns),
    )
    Membership.objects.create(project=project, user=actor, role=Role.OWNER, created_at=now)
    append_project_event(
        project_id=project.pk,
        kind=ProjectEvent.Kind.CREATED,
        actor=actor,
        payload=_created(project, actor),
        now=now,
    )
    data_import = add_texts(
        actor=actor,
        project=project,
        staged=staged,
        columns=columns,
        new_classes=classes,
        label_classes=label_classes,
        seed=seed,
        now=now,
    )
    project.refresh_from_db()
    return project, data_import


@transaction.atomic
def add_texts(
    *,
    actor: User,
    project: Project,
    staged: StagedUpload,
    columns: ColumnChoice,
    new_classes: Sequence[ClassSpec],
    label_classes: Mapping[str, str] | None = None,
    seed: int,
    now: datetime,
) -> DataImport:
    """An import that waits for a worker, and the classes that its labels need.

    Raises:
        Refused: columns that the file does not have, classes that cannot be, labels without one.
    """
    check_same_columns(project, columns, staged)
    if columns.multilabel != project.multilabel:
        raise Refused("columns", f"This project asks for {project.asked_of_a_text}; keep to that.")
    check_columns(columns, staged)
    add_classes(actor=actor, project=project, specs=new_classes, now=now)
    standing = LabelClass.objects.filter(project=project).active()
    class_ids = {same(c.name): c.pk for c in standing}
    labels = _labels(staged, columns, class_ids, label_classes or {})
    data_import = DataImport.objects.create(
        project=project,
        user=actor,
        file=staged.file.name,
        name=staged.name,
        kind=columns.layout.kind,
        digest=staged.digest,
        n_bytes=staged.n_bytes,
        columns={**columns.as_json(), "classes": labels},
        seed=seed,
        created_at=now,
    )
    staged.delete()  # the file stays: it is the import's now
    return data_import


@cache
def time_zones() -> frozenset[str]:
    """Names of all time zones; read from some hundred files, so once."""
    return frozenset(zoneinfo.available_timezones())


def check_about(*, name: str, description: str, guideline: str, time_zone: str) -> None:
    """Raises Refused for the first field that cannot be."""
    _check_length("name", name.strip(), 1, MAX_NAME_CHARS)
    _check_length("description", description.strip(), 0, MAX_DESCRIPTION_CHARS)
    _check_length("guideline", guideline, 0, MAX_GUIDELINE_CHARS)
    if time_zone not in time_zones():
        raise Refused("time_zone", f"No time zone is called “{time_zone[:60]}”.")


def _check_length(field: str, value: str, least: int, most: int) -> None:
    if "\0" in value:
        raise Refused(field, "A NUL character stands in it; remove it.")
    if not least <= len(value) <= most:
        allowed = f"{least} to {most:,}" if least else f"at most {most:,}"
        raise Refused(field, f"{len(value):,} characters; allowed: {allowed}.")


def check_columns(columns: ColumnChoice, staged: StagedUpload) -> None:
    """Every chosen column was seen in the file, and no column is two things.

    Raises:
        Refused: on `columns`, in words.
    """
    if not columns.text and not columns.is_table:
        raise Refused("columns", "Choose the column that is the text, or features of a table.")
    seen = [column["name"] for column in staged.guess["columns"]]
    single = [c for c in (columns.text, columns.id, columns.label, columns.split) if c]
    single += [name for name, _ in columns.features]
    for name in [*single, *columns.metadata]:
        if name not in seen:
            raise Refused("columns", f"There is no column “{name}”; found: {', '.join(seen[:20])}.")
    used = [*single, *columns.metadata]
    if len(set(used)) < len(used):
        raise Refused("columns", "A column can be one thing only.")
    check_features(columns, staged)
    if columns.leave_out_blank:
        return
    facts = next((c for c in staged.guess["columns"] if c["name"] == columns.text), None)
    if facts and facts["n_blank"]:
        lines = ", ".join(f"{line:,}" for line in facts["blank_lines"])
        message = f"{facts['n_blank']:,} rows have no text in “{columns.text}” (lines {lines}): tick “leave out” or choose another column."
        raise Refused("leave_out_blank", message)


def learns_with(columns: ColumnChoice) -> dict[str, Any]:
    """The columns of a new `Project` that say what its examples are and what learns from them."""
    several = settings.LABELER_NEW_MULTILABEL_PROJECT if columns.multilabel else {}
    return {**settings.LABELER_NEW_PROJECT, **several, **project_columns(columns)}


def check_kinds(columns: ColumnChoice) -> None:
    """Raises Refused where rows of a table are to have any number of classes: heads and models to
    take away are not made for that.
    """
    if columns.multilabel and columns.is_table:
        raise Refused(
            "multilabel", "Rows of a table have one class each here; any number is for texts."
        )


def _labels(
    staged: StagedUpload,
    columns: ColumnChoice,
    class_ids: Mapping[str, int],
    label_classes: Mapping[str, str],
) -> dict[str, int]:
    """Class id by label, in the form `same` gives it."""
    labels = dict(class_ids)
    for label, class_name in label_classes.items():
        if same(class_name) not in class_ids:
            message = f"“{class_name}” is no longer a class; choose another for “{label}”."
            raise Refused("classes", message)
        labels[same(label)] = class_ids[same(class_name)]
    ignored = {same(label) for label in columns.ignored_labels}
    for key, (label, n_rows) in _found_labels(staged, columns).items():
        if key not in labels and key not in ignored:
            raise Refused("classes", f"“{label}” ({n_rows:,} rows) has no class.")
    return labels


def _found_labels(staged: StagedUpload, columns: ColumnChoice) -> dict[str, tuple[str, int]]:
    if columns.label is None:
        return {}
    found = values_of(
        staged.guess,
        columns.label,
        multilabel=columns.multilabel,
        separator=columns.label_separator,
    )
    if found is None:
        message = f"“{columns.label}” holds more than {TRACKED_VALUES} different values, or long ones: too many to be classes."
        raise Refused("columns", message)
    return dict(found)


def _created(project: Project, actor: User) -> dict[str, Any]:
    about = ("name", "description", "guideline", "time_zone", "seed", "is_demo")
    how = (*LEARNING, "batch_size", "audit_share", "lease_seconds")
    what = ("input_kind", "feature_columns", "multilabel")
    return {
        **{name: getattr(project, name) for name in (*about, *how, *what)},
        "owner": actor.get_username(),
        "audit_limit": settings.LABELER_AUDIT_LIMIT,
        "audit_fraction": settings.LABELER_AUDIT_FRACTION,
    }
