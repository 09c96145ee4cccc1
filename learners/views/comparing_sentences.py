"""Two versions side by side, in a sentence. Pure: values in, text out."""

from learners.services.comparing import Comparison
from learners.views.ladder_sentences import points
from learners.views.sentences import NB, count
from projects.models import ModelVersion


def compared(
    this: ModelVersion, other: ModelVersion, found: Comparison | None, what: str
) -> list[str]:
    """Which one is right more often, as far as can be told."""
    if found is None:
        return [
            (
                f"No random {what.removesuffix('s')} was put to both, so they cannot be compared. Train a "
                "ladder and keep its model: it is measured on all answers there are."
            )
        ]
    difference, n = (
        found.difference,
        count(found.difference.n, f"random {what[:-1]}", f"random {what}"),
    )
    said = [
        (
            f"Of {n} that neither learned from, version {this.number} has {found.this_right:,} right and "
            f"version {other.number} {found.other_right:,}: {_direction(found, this, other)}."
        )
    ]
    if found.n_later:
        said.append(
            f"{count(found.n_later, 'answer')} came since one of them was measured; a new ladder would "
            "be measured on those as well."
        )
    low, high = points(abs(difference.low)), points(abs(difference.high))
    signs = ["−" if value < 0 else "+" for value in (difference.low, difference.high)]
    said.insert(1, f"The difference lies between {signs[0]}{low} and {signs[1]}{high} (95{NB}%).")
    return said


def _direction(found: Comparison, this: ModelVersion, other: ModelVersion) -> str:
    if found.difference.low > 0:
        return f"version {this.number} is measurably better"
    if found.difference.high < 0:
        return f"version {other.number} is measurably better"
    return "no difference can be told"
