"""Both ledgers' only way in: every event takes the project's next number under its row's lock."""

from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F, prefetch_related_objects

from projects.models import Project, ProjectEvent, User


def one_transaction() -> AbstractContextManager[Any]:
    """The caller's transaction, or a new one where there is none.

    Spares the savepoint of a nested `atomic`; so write only inside `atomic(savepoint=False)`, which
    lets no caller commit the half of what failed.
    """
    in_one = transaction.get_connection().in_atomic_block
    return nullcontext() if in_one else transaction.atomic()


def lock(project: Project) -> None:
    """Make this transaction the project's one writer, and `project` (with its classes) up to date.

    Without the key, so that others may still take leases.

    Raises:
        TransactionManagementError: called outside a transaction, where the lock would be nothing.
        Project.DoesNotExist: no such project.
    """
    project.refresh_from_db(from_queryset=Project.objects.select_for_update(no_key=True))
    prefetch_related_objects([project], "label_classes")


def next_seq(project_id: int) -> int:
    """The project's next event number. Locks the project's row until the transaction ends.

    Raises:
        TransactionManagementError: called outside a transaction, where the lock would be nothing.
        Project.DoesNotExist: no such project.
    """
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError("next_seq needs a transaction")
    Project.objects.filter(pk=project_id).update(seq=F("seq") + 1)
    return Project.objects.values_list("seq", flat=True).get(pk=project_id)


def take_seqs(*, project_id: int, n: int) -> int:
    """The first of `n` event numbers in a row. Locks the project's row as `next_seq` does."""
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError("take_seqs needs a transaction")
    Project.objects.filter(pk=project_id).update(seq=F("seq") + n)
    return Project.objects.values_list("seq", flat=True).get(pk=project_id) - n + 1


def append_project_event(
    *,
    project_id: int,
    kind: ProjectEvent.Kind,
    actor: User | None,
    payload: dict[str, Any],
    now: datetime,
) -> ProjectEvent:
    """Write one decision about a project into its ledger. `payload` holds plain values only."""
    return ProjectEvent.objects.create(
        project_id=project_id,
        seq=next_seq(project_id),
        kind=kind,
        actor=actor,
        payload=payload,
        created_at=now,
    )
