"""Numbers of simulations as the pages write them."""

from collections.abc import Mapping
from typing import Any

from django import template

register = template.Library()


@register.filter
def points(summary: Mapping[str, Any], name: str) -> str:
    """`81.3 (80.9–81.7)` of the summary's estimate `name`; `+6.5 (+5.9 to +7.1)` of a difference."""
    value = summary.get(name)
    if value is None:
        return "–"
    low, high = summary[f"{name}_low"], summary[f"{name}_high"]
    if "difference" in name:
        interval = "" if low is None else f" ({_signed(low)} to {_signed(high)})"
        return f"{_signed(value)}{interval}"
    interval = "" if low is None else f" ({100 * low:.1f}–{100 * high:.1f})"
    return f"{100 * value:.1f}{interval}"


def _signed(share: float) -> str:
    return f"{100 * share:+.1f}".replace("-", "−")
