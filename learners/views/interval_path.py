"""The interval after each answer as a small drawing: geometry for the template, without styles."""

from dataclasses import dataclass

import numpy as np

from learners.engine.anytime import interval_path
from projects.models import Confirmation

SHORTEST_AXIS = 20
MOST_CORNERS = 200  # more cannot be told apart


@dataclass(frozen=True)
class PathDrawing:
    """In a frame of 100 by 100, y downwards: the band and the line as `points`, the target's y."""

    band: str
    line: str
    target_y: float
    n: int
    n_axis: int


def path_drawing(confirmation: Confirmation) -> PathDrawing:
    """From no answer (everything is possible) to the newest that counts."""
    path = interval_path(
        [mark == "1" for mark in confirmation.outcomes], error_rate=confirmation.error_rate
    )
    n, n_axis = confirmation.n, max(confirmation.n, SHORTEST_AXIS)
    kept = np.unique(np.linspace(0, max(n - 1, 0), min(n, MOST_CORNERS)).astype(np.int64))
    x = [0.0, *(100 * (place + 1) / n_axis for place in kept)]
    low, high = [0.0, *path.low[kept]], [1.0, *path.high[kept]]
    value = list(path.value[kept])
    there = [_corner(*corner) for corner in zip(x, high, strict=True)]
    back = [_corner(*corner) for corner in zip(x, low, strict=True)][::-1]
    line = [_corner(*corner) for corner in zip(x[1:], value, strict=True)]
    return PathDrawing(
        " ".join([*there, *back]), " ".join(line), _y(confirmation.target), n, n_axis
    )


def _corner(x: float, share: float) -> str:
    return f"{x:.2f},{_y(share):.2f}"


def _y(share: float) -> float:
    return round(100 * (1 - float(share)), 2)
