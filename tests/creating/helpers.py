"""From a file's bytes to a project, as the wizard does it."""

import io
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from projects.models import DataImport, Project, StagedUpload, User
from projects.reading import ColumnChoice, Layout
from projects.services.creating import ClassSpec, add_texts, create_project
from projects.services.importing import run_import
from projects.services.staging import stage
from tests.factories import NOW, make_user


def clock() -> datetime:
    return NOW + timedelta(minutes=1)


def staged(content: bytes | str, *, name: str = "tickets.csv", user: User) -> StagedUpload:
    raw = content.encode() if isinstance(content, str) else content
    return stage(user=user, file=io.BytesIO(raw), name=name, now=NOW)


def guessed(upload: StagedUpload, **changes: Any) -> ColumnChoice:
    """The wizard's guess as a choice."""
    by_role: dict[str, list[str]] = {}
    for name, role in upload.guess["roles"].items():
        by_role.setdefault(role, []).append(name)
    choice = ColumnChoice(
        text=by_role["text"][0],
        id=next(iter(by_role.get("id", [])), None),
        label=next(iter(by_role.get("label", [])), None),
        split=next(iter(by_role.get("split", [])), None),
        metadata=tuple(by_role.get("metadata", [])),
        layout=Layout(**upload.guess["layout"]),
    )
    return replace(choice, **changes)


def created(
    content: bytes | str,
    *,
    classes: Sequence[str] = ("ham", "spam"),
    owner: User | None = None,
    name: str = "tickets.csv",
    seed: int = 5,
    **changes: Any,
) -> tuple[Project, DataImport]:
    """A project whose import waits."""
    owner = owner or make_user()
    upload = staged(content, user=owner, name=name)
    return create_project(
        actor=owner,
        staged=upload,
        name="Tickets",
        description="",
        guideline="",
        time_zone="UTC",
        classes=[ClassSpec(name=c) for c in classes],
        columns=guessed(upload, **changes),
        seed=seed,
        now=NOW,
    )


def imported(content: bytes | str, **options: Any) -> tuple[Project, DataImport]:
    """A project whose import has run."""
    project, data_import = created(content, **options)
    return ran(project, data_import)


def added(project: Project, content: str, *, owner: User, **changes: Any) -> DataImport:
    """A second file, imported into a project that exists."""
    upload = staged(content, user=owner, name="more.csv")
    data_import = add_texts(
        actor=owner,
        project=project,
        staged=upload,
        columns=guessed(upload, **changes),
        new_classes=[],
        seed=9,
        now=NOW,
    )
    return ran(project, data_import)[1]


def ran(project: Project, data_import: DataImport) -> tuple[Project, DataImport]:
    run_import(data_import_id=data_import.pk, clock=clock)
    project.refresh_from_db()
    data_import.refresh_from_db()
    return project, data_import
