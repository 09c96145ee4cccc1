"""The bin: projects wait there for some days, then they and their files are gone."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Exists, Model, OuterRef, Q, QuerySet

from projects.models import Membership, Project, ProjectEvent, User
from projects.services.ledger import append_project_event
from projects.services.refusals import Refused

Kind = ProjectEvent.Kind


@transaction.atomic
def bin_project(*, actor: User, project: Project, typed_name: str, now: datetime) -> None:
    """Move a project to the bin. Nobody sees it any more; its owners can restore it.

    Raises:
        Refused: the name was not typed as it stands.
    """
    row = Project.objects.select_for_update().get(pk=project.pk)
    if typed_name.strip() != row.name:
        raise Refused("typed_name", f"Type the project's name, “{row.name}”, exactly.")
    if row.binned_at is None:
        row.binned_at = now
        row.save(update_fields=["binned_at"])
        append_project_event(project_id=row.pk, kind=Kind.BINNED, actor=actor, payload={}, now=now)


@transaction.atomic
def restore_project(*, actor: User, project: Project, now: datetime) -> None:
    """Take a project out of the bin, as it was."""
    row = Project.objects.select_for_update().get(pk=project.pk)
    if row.binned_at is not None:
        row.binned_at = None
        row.save(update_fields=["binned_at"])
        append_project_event(
            project_id=row.pk, kind=Kind.RESTORED, actor=actor, payload={}, now=now
        )


@transaction.atomic
def give_up_project(*, project: Project) -> None:
    """Let the bin's next emptying take the project, whatever its age: nobody belongs to it now.

    Raises:
        Refused: it was taken out of the bin meanwhile.
    """
    row = Project.objects.select_for_update().get(pk=project.pk)
    if row.binned_at is None:
        raise Refused("project", f"“{row.name}” is no longer in the bin.")
    row.memberships.all().delete()


def due_for_deletion(*, now: datetime) -> QuerySet[Project]:
    """Binned projects whose days are over, or that were given up."""
    over = Q(binned_at__lte=now - timedelta(days=settings.LABELER_BIN_DAYS))
    members = Membership.objects.filter(project=OuterRef("pk"))
    return Project.objects.filter(over | ~Exists(members), binned_at__isnull=False)


def empty_bin(*, now: datetime) -> int:
    """Delete what is due, with every row and file that belongs to it. Returns how many projects."""
    return sum(_delete(pk, now) for pk in due_for_deletion(now=now).values_list("pk", flat=True))


@transaction.atomic
def _delete(project_id: int, now: datetime) -> int:
    """Files first: after a crash in between the rows still say what is left to do."""
    if not due_for_deletion(now=now).filter(pk=project_id).select_for_update(of=("self",)):
        return 0
    for name in _stored_files(project_id):
        default_storage.delete(name)
    for model, path in _belonging():
        _raw_delete(model, **{path: project_id})
    _raw_delete(Project, pk=project_id)
    return 1


def _stored_files(project_id: int) -> Iterator[str]:
    """Names in storage: in the columns of `LABELER_PROJECT_FILES`, and below `LABELER_PROJECT_FOLDERS`."""
    for label, path, columns in settings.LABELER_PROJECT_FILES:
        rows = apps.get_model(label)._default_manager.filter(**{path: project_id})
        for names in rows.values_list(*columns).iterator():
            yield from filter(None, names)
    for folder in settings.LABELER_PROJECT_FOLDERS:
        yield from _files_under(folder.format(project=project_id))


def _files_under(folder: str) -> Iterator[str]:
    """Names of all files below a prefix. Storage knows no folder where nothing was stored."""
    try:
        folders, files = default_storage.listdir(folder)
    except FileNotFoundError:
        return
    yield from (f"{folder}/{name}" for name in files)
    for inner in folders:
        yield from _files_under(f"{folder}/{inner}")


def _belonging() -> list[tuple[type[Model], str]]:
    """Every model whose rows belong to a project, with the way to it; the farthest first."""
    found: dict[type[Model], str] = {}
    near: list[tuple[type[Model], str]] = [(Project, "")]
    for model, path in near:
        for relation in model._meta.related_objects:
            related: Any = relation.related_model
            if related not in found and related is not Project:
                found[related] = "__".join(filter(None, [relation.field.name, path]))
                near.append((related, found[related]))
    return list(reversed(found.items()))


def _raw_delete(model: type[Model], **which: Any) -> None:
    """One statement, no row loaded. Foreign keys are checked when the transaction ends."""
    rows = model._base_manager.filter(**which)
    rows._raw_delete(rows.db)
