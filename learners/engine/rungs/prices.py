"""What a million predictions cost, from measured CPU seconds and what the lead says an hour costs.

Watt-hours are an estimate: the watts that the lead says a busy core draws, times the hours it was busy.
Memory, idle time, cooling and the network are not in it.
"""

from dataclasses import dataclass

SECONDS_PER_HOUR = 3_600
THOUSANDS_PER_MILLION = 1_000


@dataclass(frozen=True)
class Prices:
    """What the lead enters.

    Attributes:
        per_cpu_hour: money for one core for one hour, 0 or more.
        watts: that one busy core draws, 0 or more.

    Raises:
        ValueError: a number below 0 or not finite.
    """

    per_cpu_hour: float
    watts: float

    def __post_init__(self) -> None:
        for name, value in (("price", self.per_cpu_hour), ("power", self.watts)):
            if not 0 <= value < float("inf"):
                raise ValueError(f"the {name} is {value}; needed: a number from 0 up")


def cpu_hours_per_million(cpu_seconds_per_1000: float) -> float:
    """Core hours for a million predictions."""
    return cpu_seconds_per_1000 * THOUSANDS_PER_MILLION / SECONDS_PER_HOUR


def cost_per_million(cpu_seconds_per_1000: float, prices: Prices) -> float:
    """Money for a million predictions, in the unit of the price."""
    return cpu_hours_per_million(cpu_seconds_per_1000) * prices.per_cpu_hour


def watt_hours_per_million(cpu_seconds_per_1000: float, prices: Prices) -> float:
    """Estimated watt-hours for a million predictions."""
    return cpu_hours_per_million(cpu_seconds_per_1000) * prices.watts
