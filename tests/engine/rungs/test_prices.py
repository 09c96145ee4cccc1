"""Cost and watt-hours for a million predictions, worked by hand."""

import pytest

from learners.engine.rungs.prices import Prices, cost_per_million, watt_hours_per_million

PRICES = Prices(per_cpu_hour=0.05, watts=10)


def test_the_cost_of_a_million() -> None:
    """3.6 CPU seconds a thousand are one core hour a million."""
    assert cost_per_million(3.6, PRICES) == pytest.approx(0.05)


def test_the_watt_hours_of_a_million() -> None:
    assert watt_hours_per_million(7.2, PRICES) == pytest.approx(20)


@pytest.mark.parametrize("wrong", [-1.0, float("nan"), float("inf")])
def test_impossible_prices_are_refused(wrong: float) -> None:
    with pytest.raises(ValueError, match="price"):
        Prices(per_cpu_hour=wrong, watts=10)
    with pytest.raises(ValueError, match="power"):
        Prices(per_cpu_hour=1, watts=wrong)
