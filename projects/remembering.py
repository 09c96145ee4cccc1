"""What was read a moment ago, so that a request that comes hundreds of times a second need not read it."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

from django.db import transaction

Clock = Callable[[], float]
Key = TypeVar("Key")
Value = TypeVar("Value")


class Remembered(Generic[Key, Value]):
    """Values by key, each for some seconds, in this process alone; any number of threads may ask.

    Whoever changes what was read calls `forget`: then this process knows at once, every other one
    once the seconds are over.

    Args:
        most: how many are kept; beyond that the one that was read first is given up.
    """

    def __init__(self, *, most: int) -> None:
        self.most = most
        self._lock = threading.Lock()
        self._kept: OrderedDict[Key, tuple[float, Value]] = OrderedDict()
        self._n_forgotten = 0

    def get(
        self, key: Key, read: Callable[[], Value | None], *, clock: Clock, seconds: float
    ) -> Value | None:
        """The value as it was read within the last `seconds`, else as `read` finds it now.

        None is not kept, so that strangers cannot crowd out what is known.
        """
        begun = clock()
        with self._lock:
            kept = self._kept.get(key)
            if kept is not None and begun - kept[0] < seconds:
                return kept[1]
            n_forgotten = self._n_forgotten
        found = read()
        with self._lock:
            # What was forgotten while we read may have been read before it was changed.
            if found is not None and seconds > 0 and n_forgotten == self._n_forgotten:
                self._keep(key, begun, found)
        return found

    def _keep(self, key: Key, begun: float, found: Value) -> None:
        self._kept[key] = (begun, found)
        self._kept.move_to_end(key)
        while len(self._kept) > self.most:
            self._kept.popitem(last=False)

    def forget(self, key: Key) -> None:
        """Read it anew from now on, and again once what changes it is committed."""
        self._drop(key)
        transaction.on_commit(lambda: self._drop(key))

    def _drop(self, key: Key) -> None:
        with self._lock:
            self._n_forgotten += 1
            self._kept.pop(key, None)

    def clear(self) -> None:
        """Begin anew, as a new process would."""
        with self._lock:
            self._n_forgotten += 1
            self._kept.clear()

    def __len__(self) -> int:
        return len(self._kept)
