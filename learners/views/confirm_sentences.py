"""A confirmation in words: what it asks, how it stands, what may be promised. Pure: values in, text out."""

from collections.abc import Sequence
from dataclasses import dataclass

from learners.engine.intervals import Interval
from learners.selectors import confirming
from learners.selectors.confirming import (
    Cost,
    Progress,
    guarantee,
    interval_of,
    is_right_on,
    place_among_tries,
)
from learners.views.sentences import NB, count, duration, number, percent
from projects.models import Confirmation, Project

Result = Confirmation.Result
TAGS = {
    Result.CONFIRMED: "confirmed",
    Result.BELOW: "below target",
    Result.USED_UP: "undecided",
    Result.ENDED: "ended early",
    Result.VOID: "void",
}


def between(interval: Interval) -> str:
    """`between 71 and 96 %`."""
    return f"between {number(interval.low)} and {number(interval.high)}{NB}%"


def confidence(confirmation: Confirmation) -> str:
    """`95 %`."""
    return sure(confirmation.error_rate)


def sure(error_rate: float) -> str:
    """`97.5 %`."""
    return confirming.confidence(error_rate).replace("%", f"{NB}%")


def tries_before(n_tries: int, error_rate: float) -> str:
    """What stands beside a model that was put to the test before, "" where it was not."""
    if not n_tries:
        return ""
    times = "once" if n_tries == 1 else f"{n_tries:,} times"
    return f"tried {times} before: needs {sure(error_rate)} confidence"


def try_words(confirmation: Confirmation) -> str:
    """`97.5 %, try 2 of this model`."""
    place, _ = place_among_tries(confirmation)
    return f"{confidence(confirmation)}, try {place:,} of this model"


def running_sentence(confirmation: Confirmation) -> str:
    """How a running confirmation stands, first thing on its page."""
    interval = interval_of(confirmation)
    target = f"the target is {percent(confirmation.target)}"
    if interval is None:
        return f"No answer counts yet; {target}."
    project = confirmation.project
    right = "got exactly the right classes" if project.multilabel else "right"
    return (
        f"{confirmation.n_right:,} of {count(confirmation.n, f'fresh random {project.noun}')} {right}: "
        f"{between(interval)}. Undecided; {target}."
    )


def outlook(confirmation: Confirmation, state: Progress, n_more: int | None) -> str:
    """What it takes from here, if the model goes on as it did."""
    if not confirmation.n:
        return ""
    if n_more is None:
        fresh = count(state.n_left, f"fresh {confirmation.project.noun}")
        return (
            f"If it goes on like this, the {fresh} left will not decide "
            "it: accuracy and target lie too close together."
        )
    return f"If it goes on like this, about {count(n_more, 'more answer')} will decide it."


def waiting(state: Progress, noun: str = "text") -> str:
    """Why some answers do not count yet, "" where all do. `noun`: of one example."""
    if not state.n_waiting:
        return ""
    verb = "waits" if state.n_waiting == 1 else "wait"
    said = f"{count(state.n_waiting, 'answer')} {verb}: "
    if state.n_open_before:
        one = state.n_open_before == 1
        were = f"{noun} drawn before is" if one else f"{noun}s drawn before are"
        return f"{said}{state.n_open_before:,} {were} still open, and they count in the order of the draw."
    them = "it" if state.n_waiting == 1 else "them"
    return f"{said}a worker has not asked the model about {them} yet."


def skipped(n: int) -> str:
    """What stands beside n, "" without a skip."""
    if not n:
        return ""
    if n == 1:
        return "1 more was skipped and is not counted."
    return f"{n:,} more were skipped and are not counted."


def result_sentence(confirmation: Confirmation) -> str:
    """What came of it, in words of guarantee where there is one."""
    target = percent(confirmation.target)
    interval, project = interval_of(confirmation), confirmation.project
    always = f"with {confidence(confirmation)} confidence, however often one looked"
    match confirmation.result:
        case Result.CONFIRMED:
            return guarantee(confirmation)
        case Result.BELOW:
            return (
                f"The model does not reach {target}: {always}, it {is_right_on(project)} less "
                f"({confirmation.n_right:,} of {confirmation.n:,} fresh random {project.noun}s)."
            )
        case Result.USED_UP:
            return (
                f"Undecided: every fresh random {project.noun} was asked. "
                f"{_held(project, interval, always)}"
            )
        case Result.ENDED:
            return f"Ended before it was decided. {_held(project, interval, always)}"
    return (
        f"Void, since the classes changed: {confirmation.because}. "
        "The model was frozen with the classes as they were."
    )


def _held(project: Project, interval: Interval | None, always: str) -> str:
    if interval is None:
        return "No answer counts."
    return (
        f"{always[0].upper()}{always[1:]}, the model {is_right_on(project)} {between(interval)} of "
        f"{project.noun}s."
    )


@dataclass(frozen=True)
class CostRow:
    """One target, and what it takes under each supposition about the model."""

    target: float
    cells: list[str]


def cost_rows(tables: Sequence[Sequence[Cost]], n_fresh: int) -> list[CostRow]:
    """One row a target; a column for each supposed accuracy."""
    return [
        CostRow(costs[0].target, [cost_words(cost, n_fresh) for cost in costs])
        for costs in zip(*tables, strict=True)
    ]


def cost_words(cost: Cost, n_fresh: int) -> str:
    """`157`, `60, no` where the answer would be no, `> 312` where the fresh texts do not decide it."""
    if cost.n_questions is None:
        return f"> {n_fresh:,}"
    return f"{cost.n_questions:,}, no" if cost.falls_short else f"{cost.n_questions:,}"


def time_words(n_questions: int | None, seconds: float | None) -> str:
    """How long that many answers take at the pace so far, "" where it is not known."""
    if n_questions is None or seconds is None:
        return ""
    return (
        f"At {duration(seconds)} an answer, the pace so far, {count(n_questions, 'answer')} take "
        f"about {duration(n_questions * seconds)}."
    )
