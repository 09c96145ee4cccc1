"""What an outside teacher is, costs and is worth, in sentences. Pure: values in, text out."""

from decimal import Decimal

from learners.selectors.curve import Measure
from learners.services.teacher_answers import ENOUGH_COMPARED, PRIOR_TRUST
from learners.services.teacher_rung import TeacherPredictions
from learners.views import sentences
from projects.models import TeacherRun
from projects.selectors.teacher import Counted, Estimate

NB = sentences.NB
Status = TeacherRun.Status
Purpose = TeacherRun.Purpose
PURPOSES = {
    Purpose.TRIAL: "Trying one text",
    Purpose.AUDIT: "Measuring on random texts",
    Purpose.POOL: "Answering texts of the pool",
    Purpose.SYNTHETIC: "Writing texts",
}


def money(value: Decimal | float, currency: str) -> str:
    """`1.65 USD`, `0.0012 USD`: no more digits than mean something."""
    amount = Decimal(value)
    if not amount:
        return f"0{NB}{currency}"
    if amount < Decimal("0.000001"):
        return f"under 0.000001{NB}{currency}"
    digits = 2 if amount >= 1 else min(6, 1 - amount.adjusted())
    return f"{amount:,.{digits}f}{NB}{currency}"


def measured(found: TeacherPredictions) -> str:
    """How good it is, in one sentence with its uncertainty."""
    assert found.accuracy
    accuracy = Measure(
        found.accuracy.value, found.accuracy.low, found.accuracy.high, found.accuracy.n
    )
    if found.n < sentences.FEW:
        return f"{found.teacher.name}: {sentences.in_counts(accuracy)}."
    return (
        f"{found.teacher.name} says what people said on {sentences.percent(accuracy.value)} of texts "
        f"({sentences.interval(accuracy)}, {found.n:,} random texts)."
    )


def no_class(found: TeacherPredictions) -> str:
    """How often it named no class, "" for never."""
    if not found.n_without_class:
        return ""
    return f"{sentences.count(found.n_without_class, 'answer')} named no class and count as wrong."


def probabilities(counted: Counted) -> str:
    """Whether there are probabilities, and what is done where there are none; "" before any answer."""
    n = counted.n_audit + counted.n_pool - counted.n_errors
    if not n:
        return ""
    if counted.n_with_probabilities >= n:
        return (
            "The server gives log-probabilities, so every answer has a probability for each class."
        )
    some = (
        f"With {counted.n_with_probabilities:,} of {n:,} answers"
        if counted.n_with_probabilities
        else ""
    )
    begin = (
        f"{some} the server gives log-probabilities. For the others"
        if some
        else "The server gives no log-probabilities:"
    )
    return (
        f"{begin} a student that learns from the answers believes the class that was named as often as "
        "people chose it too, on texts of the pool that both answered "
        f"({sentences.percent(PRIOR_TRUST)} while there are fewer than {ENOUGH_COMPARED})."
    )


def usage(counted: Counted) -> str:
    """Which costs are estimates, "" where none is."""
    if not counted.n_estimated:
        return ""
    return (
        f"{sentences.count(counted.n_estimated, 'answer')} came without a count of tokens: their cost is "
        "estimated from the length of the texts, rather too high than too low."
    )


def estimated(estimate: Estimate, currency: str, n_all: int) -> str:
    """What is to be expected of answering: by the thousand, and for all that is open."""
    how = "as measured so far" if estimate.measured else "estimated from the length of the texts"
    cost = f"About {money(estimate.of(1_000), currency)} for 1,000 texts, {how}"
    time = ""
    if estimate.seconds:
        time = f", {sentences.duration(estimate.seconds * 1_000)} of waiting"
    every = f"; {money(estimate.of(n_all), currency)} for all {n_all:,} open texts" if n_all else ""
    return f"{cost}{time}{every}."


def doing(run: TeacherRun) -> str:
    """What a run does and how far it is."""
    what = PURPOSES[Purpose(run.purpose)]
    if run.label_class:
        what = f"{what} of “{run.label_class}”"
    if run.purpose == Purpose.TRIAL:
        return f"{what}."
    failed = f", {run.n_failed:,} without a class" if run.n_failed else ""
    return f"{what}: {run.n_ended:,} of {run.n_wanted:,}{failed}, {money(run.cost, run.teacher.currency)} so far."
