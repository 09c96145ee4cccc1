"""Not asking, for a while, what did not answer in time: each wait would hold a thread of the web process."""

import threading
from collections.abc import Callable

from learners.engine.serving.client import ModelsAway

REST_SECONDS = 5.0


class Breaker:
    """Open for `REST_SECONDS` after an answer that did not come in time; then one asks, and the rest
    are refused until that one knows. Any number of threads may use it.

    Args:
        clock: seconds that only ever grow.
    """

    def __init__(self, *, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._until: float | None = None

    @property
    def seconds_left(self) -> float:
        """For how long everybody is refused; 0 where they are not."""
        until = self._until
        return 0.0 if until is None else max(0.0, until - self._clock())

    def enter(self, seconds: float) -> None:
        """Before asking, and waiting for up to `seconds`.

        Raises:
            ModelsAway: it is open.
        """
        with self._lock:
            if self._until is None:
                return
            if self._clock() < self._until:
                raise ModelsAway("it did not answer in time a moment ago")
            self._until = self._clock() + seconds

    def open(self) -> None:
        """No answer came in time."""
        with self._lock:
            self._until = self._clock() + REST_SECONDS

    def close(self) -> None:
        """It answered."""
        with self._lock:
            self._until = None

    @property
    def is_open(self) -> bool:
        """Whether it is, or was and nobody has been answered since."""
        return self._until is not None
