"""Whether what a packed model says is what the application's says."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from learners.engine.errors import CheckFailed
from learners.engine.packing.parity import TOLERANCE, Parity


@dataclass(frozen=True)
class Checked:
    """What the check found: `n` inputs, the largest difference of a probability, and the share of
    inputs with the same label; `needed` says in words what was asked for.
    """

    n: int
    largest_difference: float
    labels_equal: float
    needed: str

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def compared(whose: str, found: NDArray[Any], parity: Parity) -> Checked:
    """`found` (n_inputs, n_labels), probabilities of `whose` ("the page"), beside the application's.

    Raises:
        CheckFailed: a probability is off by more than 1e-4.
    """
    theirs = np.array(parity.probabilities)
    checked = Checked(
        n=len(found),
        largest_difference=float(np.abs(found - theirs).max()),
        labels_equal=float((found.argmax(axis=1) == theirs.argmax(axis=1)).mean()),
        needed=f"probabilities within {TOLERANCE:g}",
    )
    if not checked.largest_difference <= TOLERANCE:
        raise CheckFailed(
            f"{whose}'s probabilities differ from the application's by up to "
            f"{checked.largest_difference:.2g}; needed: {checked.needed}"
        )
    return checked
