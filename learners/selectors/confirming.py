"""A confirmation as the pages and the claims see it: rows in, plain values out, no model loaded."""

from dataclasses import dataclass
from math import floor

from django.db.models import Q

from learners.engine.anytime import anytime_interval, questions_needed
from learners.engine.intervals import Interval
from learners.models import ConfirmationCheck, Fit
from projects.models import Confirmation, Project
from projects.selectors.confirming import Asked, Reserve, running_confirmation, tries_of

TARGETS = (0.7, 0.75, 0.8, 0.85, 0.9, 0.95)
SHARES = {
    "1": "Only these questions: it is decided soonest",
    "0.5": "Every second question: learning goes on beside it",
    "0.2": "One question in five",
}


@dataclass(frozen=True)
class Cost:
    """About how many answers `target` takes if the model is right on `accuracy` of the texts; None
    where the fresh texts do not reach.
    """

    target: float
    accuracy: float
    n_questions: int | None

    @property
    def falls_short(self) -> bool:
        """Whether the answer would be that the model is below the target."""
        return self.accuracy < self.target


def confirmation_to_ask(project_id: int) -> Confirmation | None:
    """The confirmation whose questions are asked now: one runs, and its model can be asked.

    With its model out of reach the fresh texts are left for when it is back.
    """
    in_order = Q(check_state__isnull=True) | Q(check_state__error="")
    return Confirmation.objects.filter(in_order, project_id=project_id, result="").first()


def costs(*, accuracy: float, reserve: Reserve, error_rate: float) -> list[Cost]:
    """What each of a few targets takes, should the model be right on just `accuracy`."""
    return [
        Cost(
            target,
            accuracy,
            questions_needed(
                accuracy, target=target, n_max=max(1, reserve.n_fresh), error_rate=error_rate
            ),
        )
        for target in TARGETS
    ]


@dataclass(frozen=True)
class Progress:
    """How a running confirmation stands. `n_waiting`: answers that do not count yet, because a text
    drawn before them is open or the model has not been asked; `n_left`: fresh texts still to ask.
    """

    n_answered: int
    n_waiting: int
    n_skipped: int
    n_left: int
    n_open_before: int
    error: str


def progress(confirmation: Confirmation, asked: list[Asked]) -> Progress:
    """From the texts in the order of the draw, as they stand now."""
    answered = [row for row in asked if row.answered]
    last = max((place for place, row in enumerate(asked) if row.answered), default=-1)
    check = ConfirmationCheck.objects.filter(confirmation=confirmation).first()
    return Progress(
        n_answered=len(answered),
        n_waiting=max(0, len(answered) - confirmation.n),
        n_skipped=sum(row.skipped and not row.answered for row in asked),
        n_left=sum(row.open for row in asked),
        n_open_before=sum(row.open for row in asked[: max(last, 0)]),
        error=check.error if check else "",
    )


def interval_of(confirmation: Confirmation) -> Interval | None:
    """What the answers so far (or at its end) leave possible; None before the first."""
    if not confirmation.n:
        return None
    return anytime_interval(
        confirmation.n_right, confirmation.n, error_rate=confirmation.error_rate
    )


def confirmations(project: Project) -> list[Confirmation]:
    """Those that ended, newest first."""
    return list(
        project.confirmations.exclude(result="")
        .select_related("started_by", "ended_by", "project")
        .order_by("-id")
    )


def running(project: Project) -> Confirmation | None:
    """The one that runs, if any."""
    return running_confirmation(project.pk)


def confirmed_words(fit: Fit) -> str:
    """What was confirmed of a fit, in words of guarantee; "" where nothing was."""
    held = (
        Confirmation.objects.filter(
            project_id=fit.project_id, fit_id=fit.pk, result=Confirmation.Result.CONFIRMED
        )
        .select_related("project")
        .order_by("-target")
    )
    best = held.first()
    return guarantee(best) if best else ""


def guarantee(confirmation: Confirmation) -> str:
    """What a confirmation that cleared its target promises."""
    skipped = f"; {confirmation.n_skipped:,} more skipped" if confirmation.n_skipped else ""
    texts = f"{confirmation.project.noun}s"
    return (
        f"With {confidence(confirmation.error_rate)} confidence, however often one looked, this "
        f"model {is_right_on(confirmation.project)} at least {confirmation.target:.0%} of {texts} "
        f"like these ({confirmation.n_right:,} of {confirmation.n:,} fresh random {texts}{skipped})."
        f"{_tries_words(confirmation)}"
    ).replace("%", "\u00a0%")


def is_right_on(project: Project) -> str:
    """What a model does with an example that counts as right."""
    return "gives exactly the right classes to" if project.multilabel else "is right on"


def place_among_tries(confirmation: Confirmation) -> tuple[int, int]:
    """Which confirmation of its model it is, from 1, and of how many."""
    tries = tries_of(
        project_id=confirmation.project_id,
        fit_id=confirmation.fit_id,
        digest=confirmation.head_digest,
    )
    ids = list(tries.values_list("pk", flat=True))
    return ids.index(confirmation.pk) + 1, len(ids)


def _tries_words(confirmation: Confirmation) -> str:
    place, n = place_among_tries(confirmation)
    if n == 1:
        return ""
    return f" It was confirmation {place:,} of {n:,} of this model."


def confidence(error_rate: float) -> str:
    """`95%`, `97.5%`, `98.75%`: never rounded up."""
    return f"{floor(round(1e4 * (1 - error_rate), 6)) / 100:g}%"
