"""A running confirmation, checked in a worker: what the frozen model says of the answered texts."""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial

from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import F, Q

from learners.engine.anytime import Decision, Verdict, decide
from learners.models import ConfirmationCheck, Fit, FrozenPrediction
from learners.services.freezing import frozen_fit
from projects.models import Confirmation, Example, Project
from projects.selectors.confirming import Asked, asked_in_order
from projects.services.confirming import Outcomes, Result, end_confirmation

logger = logging.getLogger(__name__)

RETRY_AFTER = timedelta(seconds=30)

Predict = Callable[[Fit, Sequence[str]], Sequence[Sequence[int]]]
"""The classes that a model gives each text: one, or where a text has any number all it has."""


def confirmations_to_check(now: datetime) -> list[int]:
    """Running confirmations of projects where something happened since they were checked."""
    never = Q(check_state__isnull=True)
    waiting = Q(check_state__retry_at__gt=now)
    news = Q(check_state__seen_seq__lt=F("project__seq")) | ~Q(check_state__error="")
    rows = Confirmation.objects.filter(never | (news & ~waiting), result="")
    return list(rows.filter(project__binned_at__isnull=True).values_list("pk", flat=True))


def check_confirmation(*, confirmation_id: int, now: datetime, predict: Predict) -> None:
    """Ask the frozen model about texts answered since, count what was right in the order of the
    draw, and end the confirmation where that decides it. Calling it again does no harm.

    The model is asked only of texts that have their answer. Where it cannot be asked, the reason is
    kept for the page and it is tried again.
    """
    confirmation = Confirmation.objects.filter(pk=confirmation_id, result="").first()
    if confirmation is None:
        return
    try:
        _ask_model(confirmation, predict, now)
    except Exception as error:
        logger.exception("the frozen model of confirmation %s cannot be asked", confirmation_id)
        _remember(
            confirmation, error=str(error) or type(error).__name__, retry_at=now + RETRY_AFTER
        )
        return
    _weigh(confirmation, now)


def _ask_model(confirmation: Confirmation, predict: Predict, now: datetime) -> None:
    fit = frozen_fit(confirmation)  # also where nothing is to be asked: a page should know early
    answered = {row.example_id for row in asked_in_order(confirmation, now) if row.answered}
    missing = sorted(answered - _said(confirmation).keys())
    if not missing:
        return
    texts = dict(Example.objects.filter(pk__in=missing).values_list("pk", "text"))
    said = predict(fit, [texts[pk] for pk in missing])
    FrozenPrediction.objects.bulk_create(
        [
            FrozenPrediction(confirmation=confirmation, example_id=pk, class_ids=sorted(class_ids))
            for pk, class_ids in zip(missing, said, strict=True)
        ],
        ignore_conflicts=True,  # two tasks at once say the same
    )


def _said(confirmation: Confirmation) -> dict[int, tuple[int, ...]]:
    """The classes that the frozen model gives, ascending, by example."""
    rows = FrozenPrediction.objects.filter(confirmation=confirmation)
    return {pk: tuple(class_ids) for pk, class_ids in rows.values_list("example_id", "class_ids")}


def _weigh(confirmation: Confirmation, now: datetime) -> None:
    """Count and decide under the lock that every answer takes: no answer comes in between."""
    with transaction.atomic():
        project = Project.objects.select_for_update(no_key=True).get(pk=confirmation.project_id)
        asked = asked_in_order(confirmation, now)
        outcomes, complete = outcomes_of(asked, _said(confirmation))
        result = _result(confirmation, outcomes, complete=complete)
        if result is None:
            running = Confirmation.objects.filter(pk=confirmation.pk, result="")
            running.update(outcomes=outcomes.right, n_skipped=outcomes.n_skipped)
            # Somebody's hold of a skipped text ends without an event: look again at the next beat.
            held = any(row.skipped and row.held and not row.answered for row in asked)
            _remember(confirmation, seen_seq=project.seq - held)
            return
        outcomes = _up_to_decision(confirmation, asked, outcomes)
        ended = end_confirmation(
            confirmation_id=confirmation.pk, result=result, outcomes=outcomes, now=now
        )
        if ended:
            _pack_again(confirmation)


def outcomes_of(asked: Sequence[Asked], said: dict[int, tuple[int, ...]]) -> tuple[Outcomes, bool]:
    """Right or wrong in the order of the draw, up to the first text that is still open, so that
    quick answers to easy texts do not come before slow ones; and whether that was all of them.

    A text with any number of classes is right where all of them are: one outcome a text, so that
    the interval holds as it does for one class.
    """
    right, n_skipped = "", 0
    for row in asked:
        if row.open or (row.answered and row.example_id not in said):
            return Outcomes(right, n_skipped), False
        if row.answered:
            right += "1" if row.labels == said[row.example_id] else "0"
        else:
            n_skipped += 1
    return Outcomes(right, n_skipped), True


def _result(
    confirmation: Confirmation, outcomes: Outcomes, *, complete: bool
) -> Confirmation.Result | None:
    verdict = _decision(confirmation, outcomes).verdict
    if verdict == Verdict.OPEN:
        return Result.USED_UP if complete else None
    return Result.CONFIRMED if verdict == Verdict.CLEARS else Result.BELOW


def _decision(confirmation: Confirmation, outcomes: Outcomes) -> Decision:
    return decide(
        [mark == "1" for mark in outcomes.right],
        target=confirmation.target,
        error_rate=confirmation.error_rate,
    )


def _up_to_decision(
    confirmation: Confirmation, asked: Sequence[Asked], outcomes: Outcomes
) -> Outcomes:
    """Answers that came in after the deciding one do not count."""
    n = _decision(confirmation, outcomes).n or len(outcomes.right)
    n_skipped = n_answered = 0
    for row in asked:
        if n_answered == n:
            break
        n_answered += row.answered
        n_skipped += not row.answered
    return Outcomes(
        outcomes.right[:n], n_skipped if n < len(outcomes.right) else outcomes.n_skipped
    )


def _remember(
    confirmation: Confirmation,
    *,
    seen_seq: int | None = None,
    error: str = "",
    retry_at: datetime | None = None,
) -> None:
    columns: dict[str, object] = {"error": error, "retry_at": retry_at}
    if seen_seq is not None:
        columns["seen_seq"] = seen_seq
    ConfirmationCheck.objects.update_or_create(confirmation=confirmation, defaults=columns)


def _pack_again(confirmation: Confirmation) -> None:
    """The card of a zip made before does not speak of what was confirmed since."""
    packed = Fit.objects.filter(pk=confirmation.fit_id).exclude(bundle_file="")
    names = list(packed.values_list("bundle_file", flat=True))
    packed.update(bundle_file="", bundle_digest="", bundle_requested_at=None, bundle_error="")
    for name in names:
        transaction.on_commit(partial(default_storage.delete, name))
