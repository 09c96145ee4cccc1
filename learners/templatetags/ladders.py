"""Numbers of models as the pages write them."""

from collections.abc import Sequence
from typing import Any

from django import template

from learners.selectors.ladder import BYTES_PER_MB
from learners.views import deferral_sentences, ladder_sentences
from learners.views.ladder_sentences import accuracy_words, significant
from learners.views.sentences import NB, percent
from projects.models import ModelVersion

register = template.Library()
DASH = "–"


@register.filter
def megabytes(value: float | None) -> str:
    """`0.42 MB`, `23 MB`; a dash where nothing was measured."""
    return ladder_sentences.megabytes(value)


@register.filter
def milliseconds(value: float | None) -> str:
    """`9,120 ms`."""
    return DASH if value is None else f"{significant(value)}{NB}ms"


@register.filter
def cpu_seconds(value: float | None) -> str:
    """`9.12 s`."""
    return DASH if value is None else f"{significant(value)}{NB}s"


@register.filter
def cpu_hours(value: float | None) -> str:
    """`2.53 h`."""
    return DASH if value is None else f"{significant(value)}{NB}h"


@register.filter
def watt_hours(value: float | None) -> str:
    """`38 Wh`."""
    return DASH if value is None else f"{significant(value)}{NB}Wh"


@register.filter
def money(value: float | None, currency: str) -> str:
    """`0.125 EUR`."""
    return ladder_sentences.money(value, currency)


@register.filter
def version_accuracy(version: ModelVersion) -> str:
    """What was measured when it was kept: `85 % (71–93 %)`."""
    said = version.measures
    if said.get("accuracy") is None:
        return DASH
    return accuracy_words(said["accuracy"], said["accuracy_low"], said["accuracy_high"])


@register.filter
def version_size(version: ModelVersion) -> str:
    """`4.2 MB`."""
    return ladder_sentences.megabytes(version.n_bytes / BYTES_PER_MB)


@register.filter
def of(n_right: int, n: int) -> str:
    """`83 % (10 of 12)`."""
    return f"{percent(n_right / n)} ({n_right:,} of {n:,})"


@register.filter
def at(values: Sequence[Any], place: int) -> Any:
    """The value in this place."""
    return values[place]


@register.filter
def confidence(value: float) -> str:
    """A threshold: `0.83`."""
    return deferral_sentences.threshold(value)
