"""A share as people read it, for layers below the pages; what was measured is written by
`learners.views.sentences`, which tells almost all from all.
"""

NO_BREAK = "\u00a0"


def percent(share: float) -> str:
    """`20 %` of a share in [0, 1], rounded; the number and its unit stay on one line."""
    return f"{100 * share:.0f}{NO_BREAK}%"
