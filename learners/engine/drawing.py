"""Which stream the next question comes from, how many texts are kept to measure, and how long a
queue is. The settings and the simulations both read these numbers here.
"""

QUEUE_LENGTH = 300
AUDIT_LIMIT = 2_000
AUDIT_FRACTION = 0.2
MOST_FITTED_TEXTS = 50_000
"""Texts of a pool, drawn at random, that weights of its own are fitted on."""


def asks_to_measure(luck: float, share: float) -> bool:
    """Whether the next question is a reserved text rather than one of the queue: with
    probability `share`, for a `luck` that is uniform in [0, 1).
    """
    return luck < share


def n_reserved(n_texts: int, *, limit: int = AUDIT_LIMIT, fraction: float = AUDIT_FRACTION) -> int:
    """How many of `n_texts` distinct texts are drawn at random to measure, and never ranked."""
    return min(limit, int(n_texts * fraction))
