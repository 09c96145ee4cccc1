"""Predictions of a kept model, from the process that loads each model once."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings

from labeler.embedded.folders import socket_folder
from learners.engine.serving.breaker import Breaker
from learners.engine.serving.client import PING_SECONDS, Client, ModelsAway, ModelsSlow
from learners.engine.serving.frames import Place
from learners.services.model_files import open_folder
from projects.models import ModelVersion

__all__ = [
    "CannotPredict",
    "ModelsAway",
    "ModelsSlow",
    "Predicted",
    "explain_texts",
    "models_answer",
    "models_state",
    "predict_rows",
    "predict_texts",
]

# That somebody waits for an answer, with a thread of the web process: for one text, for each further
# one, and at most, which is also for a model that has to be loaded first.
ONE_SECONDS, EACH_SECONDS, REQUEST_SECONDS = 5.0, 0.05, 30.0
breaker = Breaker(clock=time.monotonic)
DIGITS = 6  # of a probability that is told


class CannotPredict(Exception):
    """The model cannot predict these: `kind` BadTable where they are at fault, else BadFile,
    ModelTooLarge, or NoSumOfWords where it cannot be explained; the message is a sentence."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


@dataclass(frozen=True)
class Predicted:
    """Probabilities, n texts by k classes; `thresholds` where a text has any number of classes."""

    class_ids: list[int]
    class_names: list[str]
    thresholds: list[float] | None
    probabilities: list[list[float]]

    def labels(self, row: int) -> list[str]:
        """The likeliest class of a text; where it has any number, those from their thresholds on."""
        shares = self.probabilities[row]
        if self.thresholds is None:
            return [self.class_names[max(range(len(shares)), key=shares.__getitem__)]]
        passed = zip(self.class_names, shares, self.thresholds, strict=True)
        return [name for name, share, threshold in passed if share >= threshold]

    def told(self, row: int) -> dict[str, Any]:
        """What is answered of a text, in the API and in files, rounded."""
        rounded = (round(share, DIGITS) for share in self.probabilities[row])
        shares = dict(zip(self.class_names, rounded, strict=True))
        labels = self.labels(row)
        if self.thresholds is not None:
            return {"labels": labels, "probabilities": shares}
        return {"label": labels[0], "probability": shares[labels[0]], "probabilities": shares}


def predict_texts(
    version: ModelVersion, texts: Sequence[str], *, seconds: float | None = None
) -> Predicted:
    """Probabilities of each text; an answer is awaited for `seconds`, without them as `patience` says.

    Raises:
        ModelsAway: the models process does not answer; ModelsSlow where it is only too slow.
        ModelFilesGone: the version's files are not what was kept.
        CannotPredict: the model cannot be loaded, or reads rows of a table.
    """
    return _predicted(version, {"texts": list(texts)}, seconds)


def predict_rows(
    version: ModelVersion, rows: Sequence[Mapping[str, str]], *, seconds: float | None = None
) -> Predicted:
    """The same for rows of a table: cells as text by column, missing ones left out."""
    return _predicted(version, {"rows": [dict(row) for row in rows]}, seconds)


def _predicted(version: ModelVersion, given: dict[str, Any], seconds: float | None) -> Predicted:
    return Predicted(**_asked(version, {"do": "predict", **given}, seconds))


def _asked(version: ModelVersion, given: dict[str, Any], seconds: float | None) -> dict[str, Any]:
    message = {"model": version.folder, **given}
    n_texts = len(given.get("texts") or given.get("rows") or ())
    said = _ask(message, seconds or patience(n_texts))
    if said.get("problem") == "NotLoaded":
        # Only now: opening the folder reads every file, to see that it is the one that was kept.
        folder = str(open_folder(version))
        said = _ask(message | {"folder": folder}, seconds or REQUEST_SECONDS)
    if "problem" in said:
        raise CannotPredict(said["problem"], said["message"])
    return said


def patience(n_texts: int) -> float:
    """How long an answer about so many texts is awaited, in seconds."""
    return min(REQUEST_SECONDS, ONE_SECONDS + EACH_SECONDS * (n_texts - 1))


def _ask(message: dict[str, Any], seconds: float) -> dict[str, Any]:
    """Raises ModelsAway: at once where the process gave no sign of life a moment ago."""
    breaker.enter(seconds + PING_SECONDS)
    try:
        said = client().ask(message, seconds=seconds)
    except ModelsSlow as error:
        if models_answer():  # it lives, and has too much to do
            breaker.close()
            raise
        breaker.open()
        raise ModelsAway(str(error)) from error
    except ModelsAway:
        if breaker.is_open:
            breaker.open()
        raise
    breaker.close()
    return said


def explain_texts(
    version: ModelVersion, texts: Sequence[str], *, seconds: float | None = None
) -> list[dict[str, Any]]:
    """Of each text `words`, each with its place and what it adds `for` each class's logit, below 0
    against it, and the classes' `bias`: together the logits.

    Raises:
        CannotPredict: kind NoSumOfWords where the model is no sum over words.
        ModelsAway, ModelFilesGone: as `predict_texts`.
    """
    said = _asked(version, {"do": "explain", "texts": list(texts)}, seconds)
    names = said["class_names"]
    bias = dict(zip(names, said["bias"], strict=True))
    return [
        {"words": [_word(names, *word) for word in words], "bias": bias} for words in said["texts"]
    ]


def _word(
    names: Sequence[str], word: str, start: int, end: int, adds: Sequence[float]
) -> dict[str, Any]:
    return {"word": word, "start": start, "end": end, "for": dict(zip(names, adds, strict=True))}


def models_state() -> str:
    """In words, for whoever watches this web process."""
    left = breaker.seconds_left
    if left > 0:
        return f"do not answer in time; predictions are refused for {left:.0f} s"
    return "ok" if models_answer() else "do not answer"


def models_answer() -> bool:
    """Whether the models process gives a sign of life, at once."""
    try:
        client().ask({"do": "ping"}, seconds=PING_SECONDS)
    except ModelsAway:
        return False
    return True


def client() -> Client:
    """This process's way to the models."""
    return _client(models_url())


@lru_cache(maxsize=4)
def _client(url: str) -> Client:
    return Client(Place.of_url(url))


def models_url() -> str:
    """LABELER_MODELS_URL, else a Unix socket beside those of the embedded services."""
    return settings.LABELER_MODELS_URL or _own_url(str(settings.VAR_DIR))


@lru_cache(maxsize=4)
def _own_url(var: str) -> str:
    return f"unix://{socket_folder(Path(var))}/models.sock"
