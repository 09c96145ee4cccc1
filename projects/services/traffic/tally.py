"""Counts of requests in a process's memory, until they are written in bulk."""

import threading
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from projects.models.traffic import LATENCY_BOUNDS_MS, N_BINS, Origin


@dataclass
class Counts:
    """Of one version and minute; the columns of `TrafficCounts`."""

    n_requests: int = 0
    n_texts: int = 0
    n_deferred: int = 0
    n_errors: int = 0
    latency: list[int] = field(default_factory=lambda: [0] * N_BINS)
    latency_ms: float = 0.0
    by_class: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, order=True)
class Key:
    """A version of a project and how texts reached it, in one minute."""

    project_id: int
    version_number: int
    origin: str
    minute: datetime


def file_key(*, project_id: int, version_number: int, at: datetime) -> Key:
    """Where a file that was predicted at that time is counted."""
    return Key(project_id, version_number, str(Origin.FILE), _minute(at))


def _minute(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)


def bin_of(milliseconds: float) -> int:
    """The place of a latency in the histogram, 0 to `N_BINS` - 1."""
    return bisect_left(LATENCY_BOUNDS_MS, milliseconds)


class Tally:
    """Counts that any number of threads add to."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[Key, Counts] = {}

    def answered(
        self,
        *,
        project_id: int,
        version_number: int,
        at: datetime,
        milliseconds: float | None,
        n_texts: int,
        n_deferred: int,
        labels: Iterable[str],
        origin: str = Origin.API,
    ) -> None:
        """Count one request that was answered; `labels`: the classes that were predicted.
        `milliseconds`: None where they are another project's.
        """
        found = Counter(labels)
        with self._lock:
            counts = self._of(Key(project_id, version_number, str(origin), _minute(at)))
            counts.n_requests += 1
            counts.n_texts += n_texts
            counts.n_deferred += n_deferred
            counts.by_class.update(found)
            if milliseconds is not None:
                counts.latency[bin_of(milliseconds)] += 1
                counts.latency_ms += milliseconds

    def failed(self, *, project_id: int, version_number: int, at: datetime) -> None:
        """Count one request that a version could not answer."""
        with self._lock:
            counts = self._of(Key(project_id, version_number, str(Origin.API), _minute(at)))
            counts.n_requests += 1
            counts.n_errors += 1

    def _of(self, key: Key) -> Counts:
        return self._counts.setdefault(key, Counts())

    def take(self) -> dict[Key, Counts]:
        """All that was counted since the last time."""
        with self._lock:
            taken, self._counts = self._counts, {}
        return taken

    def give_back(self, taken: dict[Key, Counts]) -> None:
        """What could not be written, to be taken again."""
        with self._lock:
            for key, counts in taken.items():
                _add(self._counts.setdefault(key, Counts()), counts)


def _add(into: Counts, more: Counts) -> None:
    into.n_requests += more.n_requests
    into.n_texts += more.n_texts
    into.n_deferred += more.n_deferred
    into.n_errors += more.n_errors
    into.latency = [a + b for a, b in zip(into.latency, more.latency, strict=True)]
    into.latency_ms += more.latency_ms
    into.by_class.update(more.by_class)
