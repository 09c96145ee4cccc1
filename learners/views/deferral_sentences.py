"""What a threshold does, in sentences that carry their uncertainty. Pure: values in, text out."""

from collections.abc import Mapping
from typing import Any

from learners.engine.cascade import Cascade
from learners.engine.deferral import MIN_HALF, Choice, Point
from learners.engine.intervals import Interval
from learners.services.deferring import Answerer
from learners.views.ladder_sentences import points, significant
from learners.views.sentences import NB, number, percent
from projects.services.deferral import PERSON, TEACHER, Deferral


def span(found: Interval) -> str:
    """`91–99 %`."""
    return f"{number(found.low)}–{number(found.high)}{NB}%"


def share(found: Interval) -> str:
    """`96 % (91–99 %)`."""
    return f"{percent(found.value)} ({span(found)})"


def threshold(value: float) -> str:
    """`0.83`; more digits where two would say 1."""
    return f"{value:.2f}" if value < 0.995 else f"{value:.4f}"


def verdict(
    choice: Choice, *, wanted: float, careful: bool, other: Answerer | None, what: str
) -> list[str]:
    """What is answered above the threshold and who has the rest, or why there is no threshold.

    `what`: texts or rows of a table, in the plural.
    """
    if choice.threshold is None:
        return _none(choice, wanted=wanted, careful=careful, what=what)
    assert choice.reported is not None
    does = _does(choice.reported, n=choice.n_reporting, what=what, rest=goes_to(other))
    return [does, *_missed(choice.reported, wanted)]


def _missed(reported: Point, wanted: float) -> list[str]:
    """What to make of it where the reporting half falls short."""
    if reported.accuracy is None or reported.accuracy.value >= wanted:
        return []
    if reported.accuracy.high < wanted:
        return [
            (
                f"That is measurably less than the {percent(wanted)} that were wanted: where it was chosen, it "
                "was luck. Be careful, want less, or label more random texts."
            )
        ]
    return [
        (
            f"That is less than the {percent(wanted)} that were wanted; with so few answers it may be "
            "chance. More random texts would tell."
        )
    ]


def _does(reported: Point, *, n: int, what: str, rest: str) -> str:
    above = f"Above {threshold(reported.threshold)} it"
    half = "the random answers that did not choose the threshold"
    if reported.accuracy is None:
        return f"{above} answers none of the {n:,} {what} among {half}; all of them go to {rest}."
    kept = f"n {reported.n_kept:,} of {n:,}, {half}"
    said = f"answers {percent(reported.coverage.value)} of {what} ({span(reported.coverage)})"
    right = f"is right on {percent(reported.accuracy.value)} of those ({span(reported.accuracy)}, {kept})"
    if reported.n_kept == n:
        return f"{above} answers every one of the {n:,} {what} and {right}."
    return f"{above} {said} and {right}; the rest goes to {rest}."


def goes_to(other: Answerer | None) -> str:
    """Who has the rest: `a person`, `version 3, sentence vectors`."""
    if other is None:
        return "a person"
    return f"{other.label[:1].lower()}{other.label[1:]}" if other.version else other.label


def _none(choice: Choice, *, wanted: float, careful: bool, what: str) -> list[str]:
    n = choice.n_choosing + choice.n_reporting
    if choice.why == "too_few":
        sure = f" to be sure of {percent(wanted)}" if careful and choice.n_needed > MIN_HALF else ""
        return [
            (
                f"Too few answered random {what} to tell: one half, {choice.n_choosing:,} of {n:,}, would "
                f"choose a threshold and the other, {choice.n_reporting:,}, report what it does. "
                f"{choice.n_needed:,} are needed to choose{sure} and {MIN_HALF} to report."
            )
        ]
    if choice.why == "unsure":
        return [
            (
                f"With some threshold it was right on {percent(wanted)} of what it kept, but on "
                f"{choice.n_choosing:,} answers that may be luck: no threshold passes for certain (95{NB}%)."
            ),
            "Label more random texts, want a little less, or choose without being careful.",
        ]
    return [
        (
            f"No threshold reaches {percent(wanted)}: on the {choice.n_choosing:,} random answers that "
            "choose, even what it is surest of is wrong more often than that."
        ),
        "Want less, or train a better model.",
    ]


def how_chosen(choice: Choice, *, wanted: float, careful: bool) -> str:
    """Which answers chose it, and how."""
    if choice.chosen_on is None or choice.chosen_on.accuracy is None:
        return ""
    seen = percent(choice.chosen_on.accuracy.value)
    if careful:
        return (
            f"Chosen on the other {choice.n_choosing:,} answers: the lowest threshold that passes a test at "
            f"{percent(wanted)} with 95{NB}% certainty; there it was right on {seen}."
        )
    return (
        f"Chosen on the other {choice.n_choosing:,} answers, as the lowest threshold with {percent(wanted)} "
        f"right there ({seen}); that figure flatters, since the threshold was fitted to it."
    )


def pair_verdict(found: Cascade, big: Answerer) -> str:
    """What the two do together beside the bigger one alone."""
    difference = found.beside_big
    told = (
        f"Together they are right on {share(found.both)} of {found.both.n:,} random answers that did not "
        f"choose the threshold; {percent(found.goes_up.value)} ({span(found.goes_up)}) go up."
    )
    end = f"between {_signed(difference.low)} and {_signed(difference.high)} beside {goes_to(big)} alone"
    if difference.low > 0:
        return f"{told} That is measurably more than the bigger model alone: {end}."
    if difference.high < 0:
        return f"{told} That is measurably less: {end}."
    return f"{told} No difference can be told: {end}."


def too_few_shared(big: Answerer) -> str:
    """Why nothing can be said of a pair."""
    return (
        f"What the two do together cannot be told: {goes_to(big)} was measured on fewer than {MIN_HALF} "
        "of the random answers that report. Train a ladder and keep both models from it."
    )


def saved(rule: Deferral, other: str, what: str) -> str:
    """The rule as it stands, in a sentence. `other`: who has the rest."""
    said = f"Below {threshold(rule.threshold)} it leaves {what} to {other}"
    reported = rule.reported
    accuracy, coverage = reported.get("accuracy"), reported.get("coverage")
    if not coverage:
        return f"{said}."
    if not accuracy:
        return f"{said}; when that was chosen, it answered none of {coverage['n']:,} random {what}."
    return (
        f"{said}. When that was chosen, for {percent(rule.wanted)}, it answered "
        f"{percent(coverage['value'])} and was right on {_share(accuracy)} of those "
        f"(n {accuracy['n']:,} of {coverage['n']:,})."
    )


def _share(found: Mapping[str, Any]) -> str:
    return share(Interval(found["value"], found["low"], found["high"], found["n"]))


def _signed(difference: float) -> str:
    return f"{'−' if difference < 0 else '+'}{points(abs(difference))}"


def money(cost: float | None, currency: str, asked: float | None, asked_currency: str) -> str:
    """`0.12 EUR`, `0.12 EUR + 40 USD`; a dash where no figure is known."""
    if cost is not None and asked is not None and currency == asked_currency:
        cost, asked = cost + asked, None
    parts = [
        f"{significant(value)}{NB}{unit}".rstrip(NB)
        for value, unit in ((cost, currency), (asked, asked_currency))
        if value is not None
    ]
    return " + ".join(parts) or "–"


def other_of(rule: Deferral, labels: Mapping[str, str]) -> str:
    """Who has the rest by a rule that was kept. `labels`: by the answerer's key."""
    if rule.to == PERSON:
        return "a person"
    key = TEACHER if rule.to == TEACHER else f"{rule.to}-{rule.version}"
    return labels.get(key, f"version {rule.version}" if rule.version else "the outside teacher")
