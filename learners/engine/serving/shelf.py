"""Loaded models: each once, the least recently used given up where memory would not do."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from learners.engine.errors import EngineError
from learners.engine.runtime import Runtime, load_runtime

OWN_BYTES = 32 * 1024 * 1024
"""Of a loaded model beside its files: the session, the tokenizer's tables, buffers. Measured: 20 to 40 MB."""


class ModelTooLarge(EngineError):
    """The model alone needs more memory than all models may have."""


@dataclass
class _Place:
    """One model's place; its lock is held while it is loaded, so that it is loaded once."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    runtime: Runtime | None = None
    n_bytes: int = 0


class Shelf:
    """Models by name. Any number of threads may ask.

    Args:
        max_bytes: of memory that all loaded models may have together, estimated from their files. One is
            loaded after the other, so that they keep to it while several are asked for. A model that was
            given up stays for the predictions that are being made with it.
    """

    def __init__(self, *, max_bytes: int, load: Callable[[Path], Runtime] = load_runtime) -> None:
        self.max_bytes = max_bytes
        self.n_loaded = 0
        self._load = load
        self._lock = threading.Lock()
        self._loading = threading.Lock()
        self._places: OrderedDict[str, _Place] = OrderedDict()

    @property
    def n_bytes(self) -> int:
        with self._lock:
            return sum(place.n_bytes for place in self._places.values())

    @property
    def names(self) -> list[str]:
        """Loaded models, the least recently used first."""
        with self._lock:
            return [name for name, place in self._places.items() if place.runtime is not None]

    def get(self, name: str) -> Runtime | None:
        """The model, if it is loaded."""
        with self._lock:
            place = self._places.get(name)
            if place is None or place.runtime is None:
                return None
            self._places.move_to_end(name)
            return place.runtime

    def load(self, name: str, folder: Path) -> Runtime:
        """The model, loaded from its folder unless it is there. Others are given up for it.

        Raises:
            BadFile: the folder holds no model that can be run.
            ModelTooLarge: it alone is beyond `max_bytes`.
        """
        with self._lock:
            place = self._places.setdefault(name, _Place())
            self._places.move_to_end(name)
        with place.lock:
            if place.runtime is None:
                try:
                    self._fill(name, place, folder)
                except BaseException:
                    with self._lock:
                        if self._places.get(name) is place:
                            del self._places[name]
                    raise
            assert place.runtime is not None
            return place.runtime

    def _fill(self, name: str, place: _Place, folder: Path) -> None:
        wanted = needed(folder)
        if wanted > self.max_bytes:
            raise ModelTooLarge(
                f"this model needs about {_mb(wanted)} MB of memory and LABELER_MODELS_MB allows "
                f"{_mb(self.max_bytes)} for all of them"
            )
        with self._loading:
            with self._lock:
                place.n_bytes = wanted
                self._places[name] = place  # where a neighbour's failure took it away
                self._make_room(keep=name)
            runtime = self._load(folder)
            with self._lock:
                place.runtime = runtime
                self.n_loaded += 1

    def _make_room(self, *, keep: str) -> None:
        """Under the lock. A model that is being used stays until its last prediction is done."""
        while sum(place.n_bytes for place in self._places.values()) > self.max_bytes:
            oldest = next((n for n, p in self._places.items() if n != keep and p.runtime), None)
            if oldest is None:
                return
            del self._places[oldest]


def needed(folder: Path) -> int:
    """About the memory, in bytes, that the model of a folder takes once it is loaded."""
    try:
        return OWN_BYTES + sum(path.stat().st_size for path in folder.iterdir() if path.is_file())
    except OSError:
        return OWN_BYTES  # loading says what is missing


def _mb(n_bytes: int) -> int:
    return -(-n_bytes // 2**20)
