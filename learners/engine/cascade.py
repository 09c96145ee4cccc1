"""Two models in a row: a small one answers what it is sure of, a bigger one the rest.

The threshold is the small model's, chosen elsewhere (`deferral`); here is only counted what the pair
does to answers that did not choose it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from learners.engine.intervals import Interval, paired_difference, wilson


@dataclass(frozen=True)
class Cascade:
    """On the same n answers: accuracy of each model alone and of the pair, and the share that goes up.

    `beside_big`: accuracy of the pair less that of the bigger model alone, paired; likewise
    `beside_small`.
    """

    small: Interval
    big: Interval
    both: Interval
    goes_up: Interval
    beside_small: Interval
    beside_big: Interval


def cascade(
    *,
    confidence: NDArray[np.float64],
    small_correct: NDArray[np.bool_],
    big_correct: NDArray[np.bool_],
    threshold: float,
) -> Cascade:
    """Count what a cascade gets right.

    Args:
        confidence: (n,) of the small model. small_correct, big_correct: (n,).
        threshold: below it the bigger model answers.

    Raises:
        ValueError: no answers, or arrays of different lengths.
    """
    if not len(confidence) == len(small_correct) == len(big_correct):
        raise ValueError(
            f"{len(confidence)} confidences for {len(small_correct)} and {len(big_correct)} judged"
        )
    goes_up = confidence < threshold
    both = np.where(goes_up, big_correct, small_correct)
    n = len(both)
    return Cascade(
        small=wilson(int(small_correct.sum()), n),
        big=wilson(int(big_correct.sum()), n),
        both=wilson(int(both.sum()), n),
        goes_up=wilson(int(goes_up.sum()), n),
        beside_small=_difference(both, small_correct),
        beside_big=_difference(both, big_correct),
    )


def _difference(this: NDArray[np.bool_], other: NDArray[np.bool_]) -> Interval:
    return paired_difference(int((this & ~other).sum()), int((other & ~this).sum()), len(this))
