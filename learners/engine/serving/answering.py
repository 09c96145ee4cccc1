"""What the process answers to one message."""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from learners.engine.errors import BadFile, BadTable
from learners.engine.runtime import Runtime
from learners.engine.serving.shelf import ModelTooLarge, Shelf
from learners.engine.words import NoSumOfWords

TEXTS_AT_ONCE = 64
"""So that a single text need not wait for the whole of somebody's large batch."""
DIGITS = 6
USUAL_SECONDS = 30.0


class TooSlow(Exception):
    """Nobody waits any more for what is left, or will not when it is done."""


@dataclass
class _Time:
    """How long somebody waits for an answer, from now."""

    seconds: float
    begun: float = field(default_factory=time.monotonic)
    longest: float = 0.0  # of the pieces so far: the next one may take as long

    @property
    def left(self) -> float:
        return self.seconds - (time.monotonic() - self.begun)

    def check(self, done: int, n: int) -> None:
        """Raises TooSlow."""
        if self.left <= self.longest:
            raise TooSlow(
                f"{done:,} of {n:,} were done, and no more would be in {self.seconds:g} s"
            )


class Answering:
    """Answers messages from any number of threads; `n_cores` of them compute at a time."""

    def __init__(self, shelf: Shelf, *, root: Path, n_cores: int) -> None:
        self.shelf, self.root = shelf, root.resolve()
        self._cores = threading.Semaphore(n_cores)

    def answer(self, message: dict[str, Any]) -> dict[str, Any]:
        """Problems are answers too: {"problem", "message"}."""
        if message.get("do") == "ping":
            return {"models": self.shelf.names, "n_bytes": self.shelf.n_bytes}
        try:
            runtime = self._runtime(message)
            if runtime is None:
                return {"problem": "NotLoaded", "message": "Send the folder of the model."}
            does = self._explain if message.get("do") == "explain" else self._predict
            return does(runtime, message)
        except (BadFile, ModelTooLarge, BadTable, NoSumOfWords, TooSlow) as error:
            said = str(error)
            return {"problem": type(error).__name__, "message": f"{said[:1].upper()}{said[1:]}."}

    def _runtime(self, message: dict[str, Any]) -> Runtime | None:
        """The model, None where it is not loaded and its folder not told."""
        runtime = self.shelf.get(message["model"])
        if runtime is None and message.get("folder"):
            return self.shelf.load(message["model"], self._inside(message["folder"]))
        return runtime

    def _explain(self, runtime: Runtime, message: dict[str, Any]) -> dict[str, Any]:
        with self._cores:
            found = runtime.explain(message["texts"])
        return {
            "class_names": runtime.class_names,
            "bias": np.round(runtime.word_model.bias, DIGITS).tolist(),
            "texts": [
                [(w.word, w.start, w.end, [round(one, DIGITS) for one in w.adds]) for w in words]
                for words in found
            ],
        }

    def _predict(self, runtime: Runtime, message: dict[str, Any]) -> dict[str, Any]:
        return {
            "class_ids": runtime.class_ids,
            "class_names": runtime.class_names,
            "thresholds": runtime.thresholds,
            # Not rounded: a threshold is compared with what it was chosen on.
            "probabilities": self._probabilities(runtime, message).astype(np.float64).tolist(),
        }

    def _inside(self, folder: str) -> Path:
        """Raises BadFile for a folder outside of where Labeler keeps its data."""
        found = Path(folder).resolve()
        if not found.is_relative_to(self.root):
            raise BadFile("the model's folder lies outside of LABELER_VAR")
        return found

    def _probabilities(self, runtime: Runtime, message: dict[str, Any]) -> NDArray[np.float32]:
        given: Sequence[Any] = message["rows"] if "rows" in message else message["texts"]
        predict = _predict_rows if "rows" in message else _predict_texts
        parts = [np.empty((0, len(runtime.class_ids)), np.float32)]
        waited = _Time(float(message.get("seconds", USUAL_SECONDS)))
        for start in range(0, len(given), TEXTS_AT_ONCE):
            with self._core(waited, start, len(given)):
                parts.append(predict(runtime, given[start : start + TEXTS_AT_ONCE]))
        return np.concatenate(parts)

    @contextmanager
    def _core(self, waited: _Time, done: int, n: int) -> Iterator[None]:
        """One to compute a piece with, while somebody waits for it. Raises TooSlow."""
        waited.check(done, n)
        if not self._cores.acquire(timeout=waited.left):
            waited.longest = waited.seconds
            waited.check(done, n)
        begun = time.monotonic()
        try:
            waited.check(done, n)
            yield
        finally:
            self._cores.release()
        waited.longest = max(waited.longest, time.monotonic() - begun)


def _predict_texts(runtime: Runtime, texts: Sequence[str]) -> NDArray[np.float32]:
    if runtime.table is not None:
        columns = ", ".join(runtime.columns)
        raise BadTable(f"this model reads rows of a table, not texts; its columns: {columns}")
    return runtime.predict_proba(texts)


def _predict_rows(runtime: Runtime, rows: Sequence[dict[str, str]]) -> NDArray[np.float32]:
    """A column that a row lacks is a missing value; one that the model does not know is a mistake."""
    if runtime.table is None:
        raise BadTable("this model reads texts, not rows of a table")
    known = set(runtime.columns)
    for row in rows:
        if unknown := sorted(set(row) - known):
            columns = ", ".join(runtime.columns)
            raise BadTable(f"there is no column “{unknown[0]}”; the model reads: {columns}")
    cells = [[row.get(column, "") for column in runtime.columns] for row in rows]
    return runtime.predict_cells(cells)
