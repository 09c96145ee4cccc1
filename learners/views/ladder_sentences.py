"""What a ladder says, in sentences that carry their uncertainty. Pure: values in, text out."""

from collections.abc import Mapping, Sequence
from math import floor, log10
from typing import Any

from learners.models import Ladder, Rung
from learners.selectors.ladder import RungRow
from learners.services.ladder_choice import by_size
from learners.views.sentences import NB, count, number, percent

SIGNIFICANT = 3
BUSY = 1.5  # clock over CPU time; a model measured alone on a core has about 1


def verdict(ladder: Ladder, rows: Sequence[RungRow], what: str) -> list[str]:
    """Which model is the smallest that is good enough, or why that cannot be said. `what`: texts or
    rows of a table, in the plural.
    """
    choice = ladder.choice
    if not any(row.rung.status == Rung.Status.DONE for row in rows):
        return []
    if not choice:
        return [
            (
                f"No random {_one(what)} has an answer that stands, so nothing can be said of how good "
                "these models are."
            )
        ]
    labels = {row.rung.name: row.label for row in rows}
    so_far = "" if ladder.is_over else "So far: "
    if len(choice["rungs"]) < 2:
        return [f"{so_far}{_only(choice, labels, what)}"]
    if choice["chosen"] is None:
        return [f"{so_far}{sentence}" for sentence in _none_chosen(choice, labels, what)]
    return [f"{so_far}{_chosen(choice, labels, what)}", *_maybe_smaller(choice, labels, rows, what)]


def _only(choice: Mapping[str, Any], labels: Mapping[str, str], what: str) -> str:
    (name, standing), *_ = choice["rungs"].items()
    return (
        f"one model is measured, “{labels[name]}”, right on {percent(standing['accuracy'])} of "
        f"{choice['n']:,} random {what}; there is nothing to compare it with."
    )


def _chosen(choice: Mapping[str, Any], labels: Mapping[str, str], what: str) -> str:
    standing = choice["rungs"][choice["chosen"]]
    if choice["chosen"] == choice["best"] and not choice["too_small"]:
        why = "the best of them, and every smaller one is measurably worse"
    else:
        least = max(standing["bound"], 0.0)
        why = f"no other is more than {points(least)} more accurate, at 95{NB}% confidence"
    return (
        f"The smallest model not measurably worse than the best is “{labels[choice['chosen']]}”: "
        f"{why} (allowed: {points(choice['margin'])}; {choice['n']:,} random {what}). Smallest: least "
        "CPU for a prediction; where that is alike, fewest MB."
    )


def _none_chosen(choice: Mapping[str, Any], labels: Mapping[str, str], what: str) -> list[str]:
    n = count(choice["n"], f"random {_one(what)}", f"random {what}")
    said = [
        (
            f"The audit set is too small to tell: with {n}, no model can be shown to lie within "
            f"{points(choice['margin'])} of the best."
        )
    ]
    if more := _answers_needed(choice, labels, what):
        said.append(more)
    return said


def _answers_needed(choice: Mapping[str, Any], labels: Mapping[str, str], what: str) -> str:
    needed = {
        name: standing["n_needed"]
        for name, standing in choice["rungs"].items()
        if standing["n_needed"]
    }
    if not needed:
        return f"“{labels[choice['best']]}” is right most often."
    name = min(needed, key=lambda each: needed[each])
    settled = "that" if name == choice["best"] else f"whether “{labels[name]}” is as good"
    return (
        f"“{labels[choice['best']]}” is right most often; about {_rounded(needed[name])} random "
        f"{what} would settle {settled}, if it goes on as it does."
    )


def _maybe_smaller(
    choice: Mapping[str, Any], labels: Mapping[str, str], rows: Sequence[RungRow], what: str
) -> list[str]:
    """Smaller ones that the answers do not decide about."""
    if not choice["too_small"]:
        return []
    places = {rung.name: place for place, rung in enumerate(by_size([row.rung for row in rows]))}
    chosen = places[choice["chosen"]]
    unclear = [
        f"“{labels[name]}”"
        for name, standing in choice["rungs"].items()
        if standing["verdict"] == "unclear" and places[name] < chosen
    ]
    return [f"The audit set is too small to tell whether {' or '.join(unclear)} would do as well."]


def doing(ladder: Ladder, rows: Sequence[RungRow]) -> str:
    """How far a ladder is, in words."""
    ended = sum(row.rung.finished_at is not None for row in rows)
    if ladder.status == Ladder.Status.WAITING:
        return "Waiting for a worker to take it up."
    done = f"{ended} of {count(len(rows), 'model')} done"
    running = [row for row in rows if row.rung.status == Rung.Status.RUNNING]
    if ladder.is_over or not running:
        return f"{done}."
    step = f": {running[0].rung.step}" if running[0].rung.step else ""
    return f"{done}; {running[0].label}{step}."


def news(ladder: Ladder, rows: Sequence[RungRow]) -> str:
    """What a screen reader is told when a model is done: no steps in between."""
    ended = [row for row in rows if row.rung.finished_at]
    if ladder.is_over:
        return f"The ladder is {ladder.get_status_display()}."
    return f"{len(ended)} of {count(len(rows), 'model')} done."


def share_done(rows: Sequence[RungRow]) -> float:
    """Of the whole ladder, in [0, 1]; every rung counts alike, though some take longer."""
    parts = [1.0 if row.rung.finished_at else row.rung.share for row in rows]
    return sum(parts) / len(parts) if parts else 0.0


def points(share: float) -> str:
    """`2 points`, `1.4 points`."""
    value = f"{100 * share:.1f}".removesuffix(".0")
    return f"{value}{NB}{'point' if value == '1' else 'points'}"


def megabytes(value: float | None) -> str:
    """`0.42 MB`, `23 MB`."""
    return "–" if value is None else f"{significant(value)}{NB}MB"


def money(value: float | None, currency: str) -> str:
    """`0.0125 EUR`; a dash where no price was entered."""
    return "–" if value is None else f"{significant(value)}{NB}{currency}".rstrip(NB)


def significant(value: float) -> str:
    """Three digits that say something, and never an exponent."""
    if value <= 0:
        return "0"
    decimals = max(0, SIGNIFICANT - 1 - floor(log10(value)))
    words = f"{value:,.{decimals}f}"
    return words.rstrip("0").rstrip(".") if "." in words else words


def busy_machine(rows: Sequence[RungRow]) -> str:
    """That other work took the processor while times were measured; "" where it did not."""
    by_clock = [
        row.rung.ms_per_1000 / 1_000 / row.rung.cpu_seconds_per_1000
        for row in rows
        if row.rung.ms_per_1000 and row.rung.cpu_seconds_per_1000 and not row.is_teacher
    ]
    most = max(by_clock, default=0.0)
    if most < BUSY:
        return ""
    return (
        f"The machine was busy with other work while it measured: by the clock one model took {most:.1f} times "
        "as long as a processor worked for it. Compare models by their CPU; on a quiet machine answers come sooner."
    )


def _rounded(n: int) -> str:
    """Two digits: it is an estimate."""
    scale = 10 ** max(0, len(str(n)) - 2)
    return f"{-(-n // scale) * scale:,}"


def _one(what: str) -> str:
    return what.removesuffix("s")


def accuracy_words(value: float, low: float, high: float) -> str:
    """`85 % (71–93 %)`."""
    return f"{percent(value)} ({number(low)}–{number(high)}{NB}%)"
