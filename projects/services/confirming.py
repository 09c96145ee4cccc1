"""Putting one frozen model to fresh random texts: begun by an owner, ended by what came of it."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from projects.models import Confirmation, Project, ProjectEvent, User
from projects.selectors.confirming import (
    error_rate_after,
    reserve,
    running_confirmation,
    tries_of,
)
from projects.services.ledger import append_project_event, lock
from projects.services.refusals import Refused

Result = Confirmation.Result
BECAUSE_CHARACTERS = 300


@dataclass(frozen=True)
class FrozenModel:
    """A published fit as it is put to the test: `file` is a copy of its model, `digest` that file's
    SHA-256, `n_labels` the texts that people had labelled.
    """

    fit_id: int
    file: str
    digest: str
    n_labels: int


@dataclass(frozen=True)
class Outcomes:
    """What the answers say: one character each, "1" right and "0" wrong, in the order of the draw."""

    right: str
    n_skipped: int


@transaction.atomic
def start_confirmation(
    *,
    actor: User,
    project: Project,
    model: FrozenModel,
    target: float,
    share: float,
    now: datetime,
) -> Confirmation:
    """Ask fresh random texts from now on until `target` is cleared or cannot be.

    `target`: accuracy, inside (0, 1); where a text has any number of classes, the share of texts
    whose every class is right. Each earlier try of this model halves the error rate. `share`: of
    the questions meanwhile, in (0, 1]; 1 asks nothing else.

    Raises:
        Refused: another one runs; no fresh text is left; a target or share that cannot be.
    """
    lock(project)
    _check(project, target, share)
    fresh = reserve(project)
    if not fresh.n_fresh:
        raise Refused(
            "target",
            f"No fresh random {project.noun} is left: every reserved {project.noun} has been dealt "
            f"with. Add {project.noun}s to the project; a part of them is reserved.",
        )
    tries = tries_of(project_id=project.pk, fit_id=model.fit_id, digest=model.digest)
    confirmation = Confirmation.objects.create(
        project=project,
        fit_id=model.fit_id,
        head_file=model.file,
        head_digest=model.digest,
        n_labels=model.n_labels,
        target=target,
        error_rate=error_rate_after(tries.count()),
        share=share,
        started_by=actor,
        started_at=now,
        started_seq=project.seq + 1,  # the event's own, under the lock
        last_example_id=fresh.last_example_id,
        n_fresh=fresh.n_fresh,
    )
    _tell_start(confirmation, actor, now)
    return confirmation


def _check(project: Project, target: float, share: float) -> None:
    if running_confirmation(project.pk):
        raise Refused("target", "A confirmation is running already. End it first.")
    if not 0 < target < 1:
        raise Refused("target", "The target lies between 0 and 100 %, both left out.")
    if not 0 < share <= 1:
        raise Refused("share", "The share of the questions lies above 0, up to 100 %.")


def _tell_start(confirmation: Confirmation, actor: User, now: datetime) -> None:
    facts = ("fit_id", "head_digest", "n_labels", "target", "error_rate", "share")
    names = (*facts, "last_example_id", "n_fresh")
    append_project_event(
        project_id=confirmation.project_id,
        kind=ProjectEvent.Kind.CONFIRMATION_STARTED,
        actor=actor,
        payload={
            "confirmation": confirmation.pk,
            **{name: getattr(confirmation, name) for name in names},
        },
        now=now,
    )


@transaction.atomic
def end_confirmation(
    *,
    confirmation_id: int,
    result: Confirmation.Result,
    now: datetime,
    because: str = "",
    actor: User | None = None,
    outcomes: Outcomes | None = None,
) -> bool:
    """Write down how it ended. `outcomes`: if they are newer than those kept so far.

    Returns whether it was running until now; one that ended before stays as it is.
    """
    project_id = Confirmation.objects.values_list("project_id", flat=True).get(pk=confirmation_id)
    Project.objects.select_for_update(no_key=True).get(pk=project_id)
    row = Confirmation.objects.filter(pk=confirmation_id, result="").first()
    if row is None:
        return False
    if outcomes:
        row.outcomes, row.n_skipped = outcomes.right, outcomes.n_skipped
    row.result, row.because = result, because[:BECAUSE_CHARACTERS]
    row.ended_at, row.ended_by = now, actor
    row.save()
    names = ("fit_id", "target", "result", "because", "outcomes", "n", "n_right", "n_skipped")
    append_project_event(
        project_id=project_id,
        kind=ProjectEvent.Kind.CONFIRMATION_ENDED,
        actor=actor,
        payload={"confirmation": row.pk, **{name: getattr(row, name) for name in names}},
        now=now,
    )
    return True


def void_running(*, project_id: int, because: str, actor: User | None, now: datetime) -> None:
    """What the classes are has changed, so a promise about the old ones says nothing any more."""
    running = running_confirmation(project_id)
    if running:
        end_confirmation(
            confirmation_id=running.pk, result=Result.VOID, because=because, actor=actor, now=now
        )
