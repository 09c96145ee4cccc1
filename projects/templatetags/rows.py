"""How a row of a table is written where there is room for one line."""

from django import template

register = template.Library()


@register.filter
def one_line(text: str) -> str:
    """The lines of a row beside each other: "age: 41 · job: nurse"."""
    return " · ".join(text.split("\n"))
