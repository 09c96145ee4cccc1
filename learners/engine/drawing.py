"""Which stream the next question comes from, and how many texts are kept to measure."""


def asks_to_measure(luck: float, share: float) -> bool:
    """Whether the next question is a reserved text rather than one of the queue: with
    probability `share`, for a `luck` that is uniform in [0, 1).
    """
    return luck < share


def n_reserved(n_texts: int, *, limit: int = 2_000, fraction: float = 0.2) -> int:
    """How many of `n_texts` distinct texts are drawn at random to measure, and never ranked."""
    return min(limit, int(n_texts * fraction))
