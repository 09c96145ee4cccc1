"""Numbers as the pages write them."""

from collections.abc import Mapping

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from learners.selectors.curve import Measure, strategy_label
from learners.views import sentences
from projects.models import Project
from projects.services.project_settings import strategies_for

register = template.Library()


@register.filter
def strategies(project: Project) -> list[tuple[str, str]]:
    """Names and labels of the strategies that suit a project, the present one among them."""
    names = dict.fromkeys([*strategies_for(project), project.strategy])
    return [(name, strategy_label(name)) for name in names]


@register.filter
def thousands(n: int | None) -> str:
    """`5,485`; a dash where there is no number."""
    return "–" if n is None else f"{n:,}"


@register.filter
def measure(value: Measure | None) -> str:
    """`88 % (71–96 %)`; a dash where nothing was measured."""
    if value is None:
        return "–"
    return f"{sentences.percent(value.value)} ({sentences.interval(value)})"


@register.filter
def percent(share: float) -> str:
    """`88 %` of a share in [0, 1]."""
    return sentences.percent(share)


@register.filter
def seconds(value: float | None) -> str:
    """`0.8 s`, `45 s`, `12 min`, `3.5 h`: no more digits than anybody needs."""
    return "–" if value is None else sentences.duration(value)


@register.filter
def strategy(name: str) -> str:
    """A strategy's label."""
    return strategy_label(name)


@register.filter
def decimal(value: float | None) -> str:
    """`0.8`; a dash where nothing was timed."""
    return "–" if value is None else f"{value:.1f}"


@register.filter
def piece(pieces: Mapping[str, SafeString], name: str) -> SafeString:
    """One rendered part; its name may hold a hyphen, which a template's dot cannot."""
    return pieces[name]


@register.filter
def with_code(text: str) -> SafeString:
    """Escaped text in which what stands between back ticks is set as code."""
    parts = text.split("`")
    html = (
        format_html("<code>{}</code>", part) if index % 2 else format_html("{}", part)
        for index, part in enumerate(parts)
    )
    return format_html_join("", "{}", ((part,) for part in html))
