"""Labels per day as bars: geometry for a small drawing made by the template, without styles."""

from collections.abc import Sequence
from dataclasses import dataclass

from learners.selectors.progress import DayCount

STEP = 20
WIDTH = 16
HEIGHT = 48


@dataclass(frozen=True)
class Bar:
    """One day: `x`, `y` and `height` in the drawing's units, `title` in words."""

    x: int
    y: float
    height: float
    title: str


@dataclass(frozen=True)
class DayBars:
    """The drawing: bars, its size, and the numbers it is about."""

    bars: list[Bar]
    days: list[DayCount]
    width: int
    height: int
    bar_width: int
    most: int
    total: int

    @property
    def today(self) -> int:
        """Labels given today."""
        return self.days[-1].n_labels


def day_bars(days: Sequence[DayCount]) -> DayBars:
    """Bars scaled to the busiest day; a day with labels is never drawn as empty."""
    most = max((day.n_labels for day in days), default=0)
    return DayBars(
        bars=[_bar(index, day, most) for index, day in enumerate(days)],
        days=list(days),
        width=STEP * len(days) - (STEP - WIDTH),
        height=HEIGHT,
        bar_width=WIDTH,
        most=most,
        total=sum(day.n_labels for day in days),
    )


def _bar(index: int, day: DayCount, most: int) -> Bar:
    height = max(2.0, HEIGHT * day.n_labels / most) if day.n_labels else 1.0
    return Bar(
        x=index * STEP,
        y=round(HEIGHT - height, 1),
        height=round(height, 1),
        title=f"{day.day:%a} {day.day.day} {day.day:%b}: {day.n_labels:,}",
    )
