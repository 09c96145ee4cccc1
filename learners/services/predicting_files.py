"""The work on one file: read in pieces, ask the models process, write the predictions beside the rows."""

import csv
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import IO, Any, BinaryIO, cast
from uuid import UUID

import numpy as np
from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Q

from learners.models import PredictionFile
from learners.services.deferred_answers import Others, Told, answers
from learners.services.due_work import STALE_AFTER
from learners.services.heartbeat import Heartbeat
from learners.services.model_files import ModelFilesGone
from learners.services.prediction_file_traffic import FileTraffic
from learners.services.prediction_files import KEPT, Status
from learners.services.serving import (
    CannotPredict,
    ModelsAway,
    Predicted,
    models_answer,
    predict_rows,
    predict_texts,
)
from projects.models import ModelVersion
from projects.reading import BadInput, Layout
from projects.reading.labels import joined
from projects.reading.records import read_records
from projects.reading.scanning import is_blank
from projects.reading.spreadsheets import BYTE_ORDER_MARK, neutralised
from projects.reading.tables import rendered
from projects.services.deferral import deferral_of
from projects.services.staging import limits
from projects.services.tables import features_of

ROWS_AT_ONCE = 128
MAX_ATTEMPTS = 3
PIECE_SECONDS = 300.0
DIED = f"Its worker died, {MAX_ATTEMPTS} times in a row. Too little memory, perhaps. Nothing was predicted."
BROKE = (
    f"The process that holds the models ended or took too long over this file, {MAX_ATTEMPTS} times in"
    " a row. Too little memory, perhaps, or a model too slow. Nothing was predicted."
)
AWAY = "the process that holds the models"
Record = tuple[int, dict[str, str]]


class _Over(Exception):
    """The file was cancelled, deleted or given to another worker: write nothing."""


def predict_file(
    *, row_id: int, token: UUID, clock: Callable[[], datetime], rng: np.random.Generator
) -> bool:
    """Predict a whole file, or leave on its row why not. One file at a time on all workers, so that
    fits keep a process. `rng` draws which of its texts are kept, where the project keeps any.

    Returns:
        Whether it worked on the file.
    """
    row = _claim(row_id, token, clock())
    if row is None:
        return False
    was_there = models_answer()
    try:
        with Heartbeat(lambda: _mine(row).update(heartbeat_at=clock())):
            _Work(row, clock, rng).go()
    except _Over:
        return True
    except ModelsAway:
        _wait(row, clock(), counts=was_there)
    except (BadInput, CannotPredict, ModelFilesGone) as error:
        _fail(row, clock(), str(error))
    except Exception:
        _fail(
            row, clock(), "An error that is not the file's fault; the worker's log has the details."
        )
        raise
    return True


@transaction.atomic
def _claim(row_id: int, token: UUID, now: datetime) -> PredictionFile | None:
    """Under the lock of all open files, so that two workers never begin two of them."""
    rows = PredictionFile.objects.filter(status__in=(Status.WAITING, Status.RUNNING))
    fresh = Q(status=Status.RUNNING, heartbeat_at__gt=now - STALE_AFTER)
    list(rows.order_by("pk").select_for_update(no_key=True, of=("self",)).values_list("pk"))
    row = rows.filter(pk=row_id, project__binned_at__isnull=True).first()
    if row is None or rows.filter(fresh).exists():
        return None
    if row.attempts >= MAX_ATTEMPTS:
        _fail(row, now, DIED)
        return None
    row.status, row.token, row.heartbeat_at = Status.RUNNING, token, now
    row.started_at = row.started_at or now
    row.attempts, row.n_done, row.n_blank, row.bytes_read = row.attempts + 1, 0, 0, 0
    row.waits_for = ""
    row.save()
    return row


def _mine(row: PredictionFile) -> Any:
    return PredictionFile.objects.filter(pk=row.pk, token=row.token, status=Status.RUNNING)


def _wait(row: PredictionFile, now: datetime, *, counts: bool) -> None:
    """For the models. `counts`: they were there when it began, so it may be this file that they fail
    on: such an attempt is one of `MAX_ATTEMPTS`."""
    if counts and row.attempts >= MAX_ATTEMPTS:
        _fail(row, now, BROKE)
        return
    attempts = row.attempts if counts else row.attempts - 1
    _mine(row).update(status=Status.WAITING, token=None, waits_for=AWAY, attempts=attempts)


def _fail(row: PredictionFile, now: datetime, error: str) -> None:
    with transaction.atomic():
        ended = PredictionFile.objects.filter(pk=row.pk, token=row.token).update(
            status=Status.FAILED, error=error, finished_at=now, expires_at=now + KEPT, token=None,
            file="",
        )  # fmt: skip
        if ended:
            transaction.on_commit(lambda: default_storage.delete(row.file))


@dataclass
class _Work:
    """One attempt at one file."""

    row: PredictionFile
    clock: Callable[[], datetime]
    rng: np.random.Generator

    def __post_init__(self) -> None:
        self.layout = Layout(**self.row.layout)
        self.columns = features_of(self.row.project)
        self.features = [name for name, _ in self.columns]
        self.traffic = FileTraffic(self.row, self.rng)
        self.n_done = self.n_blank = 0

    def go(self) -> None:
        with (
            default_storage.open(self.row.file) as stored,
            tempfile.TemporaryFile("w+", encoding="utf-8", newline="") as target,
        ):
            source = cast(BinaryIO, stored)
            write = _writer(self.layout.kind, target)
            records = read_records(source, file=self.row.name, layout=self.layout, limits=limits())
            while piece := list(islice(records, ROWS_AT_ONCE)):
                write.rows(piece, self._predicted(piece))
                self._tell(source.tell())
            target.flush()
            self._finish(cast(BinaryIO, target.buffer))

    def _predicted(self, piece: list[Record]) -> "_Answered":
        """What is said of the rows that have a text, and for each row its place among them."""
        asked = [self._asked(line, cells) for line, cells in piece]
        kept = [one for one in asked if one is not None]
        self.n_done += len(piece)
        self.n_blank += len(piece) - len(kept)
        numbers = iter(range(len(kept)))
        places = [None if one is None else next(numbers) for one in asked]
        version = self.row.version
        predicted = self._of(piece, version, kept)
        others = Others(lambda other, at: self._of(piece, other, [kept[place] for place in at]))
        told = [one.told for one in answers(version, predicted, others)]
        self.traffic.see(self._as_held(kept), told)
        return _Answered(predicted, told, places, may_defer=deferral_of(version) is not None)

    def _as_held(self, kept: Sequence[Any]) -> Sequence[str]:
        """Rows as the project would hold them."""
        if self.row.text_column:
            return kept
        return [rendered(cells, self.columns) for cells in kept]

    def _of(self, piece: list[Record], version: ModelVersion, kept: Sequence[Any]) -> Predicted:
        if self.row.text_column:
            return predict_texts(version, kept, seconds=PIECE_SECONDS)
        try:
            return predict_rows(version, kept, seconds=PIECE_SECONDS)
        except CannotPredict as error:
            if error.kind != "BadTable":
                raise
            raise self._with_line(piece, list(kept), error) from error

    def _with_line(
        self, piece: list[Record], kept: list[dict[str, str]], error: CannotPredict
    ) -> CannotPredict:
        """The same, told of the first row that it is true of."""
        for (line, _), row in zip(piece, kept, strict=True):
            try:
                predict_rows(self.row.version, [row])
            except CannotPredict as found:
                return CannotPredict(found.kind, f"{self.row.name}, line {line:,}: {found}")
        return error

    def _asked(self, line: int, cells: Mapping[str, str]) -> str | dict[str, str] | None:
        if not self.row.text_column:
            return {name: str(cells.get(name, "")) for name in self.features}
        if self.row.text_column not in cells and self.layout.kind != "jsonl":
            raise BadInput(
                file=self.row.name, line=line, column=self.row.text_column,
                found="no such column", allowed="the same columns in every row",
            )  # fmt: skip
        text = cells.get(self.row.text_column, "")
        return None if is_blank(text) else str(text)[: settings.LABELER_API_MAX_TEXT_CHARS]

    def _tell(self, bytes_read: int) -> None:
        told = _mine(self.row).update(
            n_done=self.n_done,
            n_blank=self.n_blank,
            bytes_read=bytes_read,
            heartbeat_at=self.clock(),
        )
        if not told:
            raise _Over

    def _finish(self, target: BinaryIO) -> None:
        ending = "jsonl" if self.layout.kind == "jsonl" else "csv"
        target.seek(0)
        name = f"predictions/{self.row.project_id}/{self.row.token}.{ending}"
        stored = default_storage.save(name, File(target))
        now = self.clock()
        kept = self.traffic.kept(now)
        with transaction.atomic():
            done = _mine(self.row).update(
                status=Status.DONE, result_file=stored, file="", n_done=self.n_done,
                n_blank=self.n_blank, finished_at=now, expires_at=now + KEPT, token=None,
                n_reserved=len(self.traffic.reserved), n_kept=len(kept),
            )  # fmt: skip
            if done:
                self.traffic.write(kept, now)
            gone = self.row.file if done else stored
            transaction.on_commit(lambda: default_storage.delete(gone))


# ---- what is written ----


@dataclass(frozen=True)
class _Answered:
    """Of some rows: what the model says of those with a text, what is told of each, and the place of
    each row among them.
    """

    predicted: Predicted
    told: list[Told]
    places: list[int | None]
    may_defer: bool


def _writer(kind: str, target: IO[str]) -> "_CsvWriter | _JsonWriter":
    return _JsonWriter(target) if kind == "jsonl" else _CsvWriter(target)


@dataclass
class _JsonWriter:
    """The objects as they came, each with a `prediction`, null where there was no text."""

    target: IO[str]

    def rows(self, piece: list[Record], answered: _Answered) -> None:
        for (_, cells), place in zip(piece, answered.places, strict=True):
            row: dict[str, Any] = {name: _value(cell) for name, cell in cells.items()}
            row["prediction"] = None if place is None else answered.told[place]
            self.target.write(json.dumps(row, ensure_ascii=False) + "\n")


def _value(cell: str) -> Any:
    """Numbers, lists and objects are again what they were; null became "" when it was read."""
    return str(cell) if type(cell) is str else json.loads(cell)


class _CsvWriter:
    """The rows as they came, then the predictions; nothing that a spreadsheet would run."""

    def __init__(self, target: IO[str]) -> None:
        target.write(BYTE_ORDER_MARK)
        self.writer = csv.writer(target)
        self.names: list[str] = []
        self.n_added = 0

    def rows(self, piece: list[Record], answered: _Answered) -> None:
        for (_, cells), place in zip(piece, answered.places, strict=True):
            if not self.names:
                self._begin(list(cells), answered)
            added = [""] * self.n_added if place is None else list(_cells(answered, place))
            self.writer.writerow(
                [neutralised(cell) for cell in [*(cells.get(n, "") for n in self.names), *added]]
            )

    def _begin(self, names: list[str], answered: _Answered) -> None:
        self.names, predicted = names, answered.predicted
        several = predicted.thresholds is not None
        first = ["predicted labels"] if several else ["predicted label", "probability"]
        if answered.may_defer and not several:
            first += ["deferred", "answered by"]
        added = [*first, *(f"probability of {name}" for name in predicted.class_names)]
        self.n_added, header = len(added), [*names, *added]
        self.writer.writerow([neutralised(name) for name in header])


def _cells(answered: _Answered, place: int) -> Iterator[object]:
    """A class that the one who answered does not know has no probability."""
    told, predicted = answered.told[place], answered.predicted
    if predicted.thresholds is not None:
        yield joined(told["labels"])
    else:
        yield told["label"]
        yield told["probability"]
        if answered.may_defer:
            yield "yes" if told["deferred"] else "no"
            yield _by(told)
    yield from (told["probabilities"].get(name, "") for name in predicted.class_names)


def _by(told: Told) -> str:
    """Who decided, or why a person must."""
    if by := told.get("answered_by"):
        return f"version {by['version']}"
    return str(told.get("why") or ("a person decides" if told["deferred"] else ""))
