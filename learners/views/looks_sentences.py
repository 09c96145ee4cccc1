"""What the confidence of a ladder's sentence covers, and which figures were changed after it was seen.

Pure: values in, text out.
"""

from zoneinfo import ZoneInfo

from learners.models import Ladder
from learners.selectors.looks import FiguresChange, Looks, MarginMoved
from learners.views.ladder_sentences import points
from learners.views.sentences import NB

FIGURES = {
    "margin": "margin",
    "cpu_hour": "price of a CPU hour",
    "currency": "currency",
    "watts": "watts of a busy core",
}


def small_print(ladder: Ladder, looks: Looks, what: str, *, zone: str) -> list[str]:
    """What goes under the sentence of a ladder with several models. `what`: texts or rows, `zone`: of the
    day that it names.
    """
    said = [_margin_moved(ladder, looks.margin, what, zone)] if looks.margin else []
    if looks.n > 1:
        said.append(
            f"The confidence is of this look alone: it is number {looks.n:,} at mostly the same random "
            f"{what}, and among many looks one flatters by chance. Answer more random {what} before you "
            "decide for good."
        )
    if compared := ladder.choice.get("compared"):
        said.append(_held_together(len(compared), len(ladder.choice["rungs"])))
    return said


def _margin_moved(ladder: Ladder, moved: MarginMoved, what: str, zone: str) -> str:
    at = moved.at.astimezone(ZoneInfo(zone))
    by = f" by {moved.who}" if moved.who else ""
    seen = "the result" if moved.own else f"an earlier result on these {what}"
    return (
        f"The margin was set to {points(ladder.margin)}{by} on {at.day} {at:%b %Y}, after {seen} was seen; "
        f"it was {points(moved.before)}."
    )


def _held_together(n_compared: int, n_here: int) -> str:
    gone = n_compared - n_here
    those = f", {gone} replaced since among them" if gone else ""
    return (
        f"All “good enough” hold together at 95{NB}% confidence, and so do all “measurably worse”: "
        f"corrected for the {n_compared} models compared{those}."
    )


def figures_changed(change: FiguresChange) -> str:
    """`margin from 2 points to 5 points; price of a CPU hour from none to 0.04`."""
    return "; ".join(
        f"{words} from {_figure(name, pair['old'])} to {_figure(name, pair['new'])}"
        for name, words in FIGURES.items()
        if (pair := change.changed.get(name))
    )


def _figure(name: str, value: float | str | None) -> str:
    if isinstance(value, str):
        return f"“{value}”" if value else "none"
    if value is None:
        return "none"
    return points(value) if name == "margin" else f"{value:.10g}"
