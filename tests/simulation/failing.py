"""A strategy that fails. A module of its own: processes of a simulation import it without Django."""

from typing import Any


def failing_strategy(learner: Any, X_pool: Any, n_instances: int = 1, **kwargs: Any) -> Any:
    """Raises as soon as it is asked."""
    raise ZeroDivisionError("no density here")
