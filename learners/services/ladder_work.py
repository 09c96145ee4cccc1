"""The work of ladders, decided from rows: rung after rung is trained, stored and measured.

However often `work_on` is called and wherever it dies, every rung is done once, or fails with its
reason; rungs that are done stay done.
"""

import json
import logging
import os
import platform
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
from django.conf import settings
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import QuerySet

from labeler.threads import threads_per_process
from learners.engine.errors import EngineError, TrainingCancelled
from learners.engine.intervals import macro_f1_bootstrap, wilson
from learners.engine.rungs import RungKind, Surroundings, get_rung
from learners.engine.rungs.base import OwnRecipe
from learners.engine.rungs.measuring import measure
from learners.engine.rungs.working import came_out_as
from learners.engine.runtime import META, Runtime, load_runtime
from learners.models import Ladder, Rung, WorkerHeartbeat
from learners.services.due_work import STALE_AFTER
from learners.services.heartbeat import Heartbeat
from learners.services.keeping import forget_old_files
from learners.services.ladder import n_ladders_at_work
from learners.services.ladder_choice import choice_or_before
from learners.services.ladder_data import LadderData, ladder_data, manifest_of, trunk_folder
from learners.services.manifest import MANIFEST
from learners.services.model_files import ModelFilesGone, open_folder, store
from learners.services.model_predictions import Predictions, save_predictions
from learners.services.student_data import lessons_of
from learners.services.students import kind_name

logger = logging.getLogger(__name__)

MAX_ATTEMPTS = 2
LONGEST_RUNG_SECONDS = 2 * 3_600.0
DIED = (
    "Its worker died or lost the database while it was at this, twice. Too little memory, perhaps."
)
WORKERS_SEEN = timedelta(seconds=60)
SECONDS_BETWEEN_NOTES = 0.5
TEXTS_AT_A_TIME = 64
SPEED_TEXTS = 128
SPEED_RUNS = 3
TRAINED, PREDICTED = 0.75, 0.9  # of a rung

Clock = Callable[[], datetime]
Status = Ladder.Status
RungStatus = Rung.Status


class TakenOver(Exception):
    """The ladder was cancelled, or given to another worker: nothing may be written any more."""


def work_on(*, ladder_id: int, token: UUID, clock: Clock) -> bool:
    """Do the next rung of a ladder, if there is one and a worker may.

    Returns:
        Whether something was done, so that asking again makes sense.
    """
    rung = _take(ladder_id, token, clock())
    if rung is None:
        return False
    _do(rung, clock)
    return True


def _take(ladder_id: int, token: UUID, now: datetime) -> Rung | None:
    with transaction.atomic():
        ladder = (
            Ladder.objects.select_for_update(no_key=True, of=("self",))
            .select_related("project")
            .filter(pk=ladder_id, status__in=(Status.WAITING, Status.RUNNING))
            .filter(project__binned_at__isnull=True)
            .first()
        )
        if ladder is None or (ladder.heartbeat_at and ladder.heartbeat_at > now - STALE_AFTER):
            return None
        if n_ladders_at_work(now) >= _n_allowed(now):
            return None
        _give_up_rungs(ladder, now)
        open_rungs = (RungStatus.WAITING, RungStatus.RUNNING)
        rung = ladder.rungs.filter(status__in=open_rungs).order_by("place").first()
        if rung is None:
            _end(ladder, now)
            return None
        ladder.status, ladder.token, ladder.heartbeat_at = Status.RUNNING, token, now
        ladder.started_at = ladder.started_at or now
        ladder.attempt += 1
        ladder.save(update_fields=["status", "token", "heartbeat_at", "started_at", "attempt"])
        rung.status, rung.started_at, rung.attempts = RungStatus.RUNNING, now, rung.attempts + 1
        rung.step, rung.share = "reading the labels", 0.0
        rung.save(update_fields=["status", "started_at", "attempts", "step", "share"])
    rung.ladder = ladder
    return rung


def _give_up_rungs(ladder: Ladder, now: datetime) -> None:
    """Rungs whose workers died too often are failures; the ladder goes on without them."""
    ladder.rungs.filter(status=RungStatus.RUNNING, attempts__gte=MAX_ATTEMPTS).update(
        status=RungStatus.FAILED, error=DIED, step="", finished_at=now
    )


def _n_allowed(now: datetime) -> int:
    """One ladder for each worker: its other process stays free for the fits that people wait for."""
    alive = WorkerHeartbeat.objects.filter(kind="worker", seen_at__gt=now - WORKERS_SEEN)
    return max(1, alive.count())


def _do(rung: Rung, clock: Clock) -> None:
    mine = _mine(rung.ladder)
    with Heartbeat(lambda: mine.update(heartbeat_at=clock()), longest_seconds=LONGEST_RUNG_SECONDS):
        try:
            columns = _done(rung, _Notes(rung, mine))
        except (TakenOver, TrainingCancelled):
            logger.info("%s was cancelled or taken over", rung)
            return
        except (OperationalError, InterfaceError):
            raise  # the database is away; when it is back, another worker takes the rung up again
        except (EngineError, ModelFilesGone) as error:
            columns = _failed(_sentence(str(error)))
        except MemoryError:
            logger.exception("rung %d, %s, failed", rung.pk, rung)
            columns = _failed("There was not enough memory.")
        except Exception:
            logger.exception("rung %d, %s, failed", rung.pk, rung)
            columns = _failed(
                f"Something went wrong; the log of the worker has it (rung {rung.pk})."
            )
    _write(rung, columns, clock())
    forget_old_files(rung.ladder.project_id)


def _mine(ladder: Ladder) -> QuerySet[Ladder]:
    """The ladder's row while this task may write to it, nothing afterwards."""
    return Ladder.objects.filter(pk=ladder.pk, token=ladder.token, status=Status.RUNNING)


class _Notes:
    """Progress of a rung, written now and then for the page."""

    def __init__(self, rung: Rung, mine: QuerySet[Ladder]) -> None:
        self.rung, self.mine = rung, mine
        self._written = 0.0

    def cancelled(self) -> bool:
        return not self.mine.exists()

    def say(self, step: str, share: float) -> None:
        if time.monotonic() - self._written < SECONDS_BETWEEN_NOTES:
            return
        self._written = time.monotonic()
        if self.cancelled():
            raise TakenOver
        Rung.objects.filter(pk=self.rung.pk, status=RungStatus.RUNNING).update(
            step=step[:200], share=min(max(share, 0.0), 1.0)
        )


def _done(rung: Rung, notes: _Notes) -> dict[str, Any]:
    """Train, store and measure one rung.

    Returns:
        The columns of its row that follow.

    Raises:
        EngineError: it cannot be trained; the message says why.
    """
    if twin := _twin(rung):
        return _left_out(twin)
    ladder, kind = rung.ladder, get_rung(kind_name(rung.name))
    data = _read(ladder)
    begun = time.monotonic()
    surroundings = _surroundings(ladder, kind, notes)
    lessons = lessons_of(rung, data, surroundings)
    manifest = manifest_of(ladder, data, rung.name, more=lessons.settings)
    files = kind.train(lessons.training, surroundings)
    train_seconds = time.monotonic() - begun
    stored = store(
        project_id=ladder.project_id,
        manifest_digest=manifest.digest,
        files={**files, MANIFEST: manifest.content},
    )
    folder = open_folder(stored)
    notes.say("predicting the random texts", TRAINED)
    predictions = _predicted(folder, data, notes)
    notes.say("measuring speed and memory", PREDICTED)
    return {
        "status": RungStatus.DONE,
        "folder": stored.folder,
        "n_bytes": sum(map(len, files.values())),
        "files": stored.files,
        "manifest": manifest.summary,
        "manifest_digest": manifest.digest,
        "train_seconds": train_seconds,
        "n_train": len(data.training.texts) - data.n_written,
        **_speed(folder, data),
        **_scores(rung, data, predictions, lessons.note),
    }


def _twin(rung: Rung) -> Rung | None:
    """For the project's own recipe: a rung of the ladder that came out with its features and head."""
    if "recipe" not in rung.manifest:
        return None
    own = OwnRecipe(**rung.manifest["recipe"])
    done = rung.ladder.rungs.filter(status=RungStatus.DONE).exclude(folder="").defer("manifest")
    return next((each for each in done if _recipe(each) == own), None)


def _recipe(rung: Rung) -> OwnRecipe:
    return came_out_as(json.loads((open_folder(rung) / META).read_bytes()))


def _left_out(twin: Rung) -> dict[str, Any]:
    words = f"Left out: “{twin.label}” came out with the same features and the same classifier."
    return {"status": RungStatus.LEFT_OUT, "note": words}


def _surroundings(ladder: Ladder, kind: RungKind, notes: _Notes) -> Surroundings:
    is_text = not ladder.project.is_table
    return Surroundings(
        trunk_folder=trunk_folder() if is_text else Path(),
        cache_folder=settings.VAR_DIR / "cache",
        n_threads=threads_per_process(),
        device=_device() if kind.trains_trunk else "cpu",
        seed=ladder.seed or 0,
        report=lambda step, share: notes.say(step, share * TRAINED),
        cancelled=notes.cancelled,
    )


def _device() -> str:
    """Where the embedding model is trained: on a GPU where there is one."""
    import torch  # noqa: PLC0415  takes seconds

    return "cuda" if torch.cuda.is_available() else "cpu"


@lru_cache(maxsize=1)  # of this process: the rungs of one ladder follow each other
def _read_by_id(ladder_id: int) -> LadderData:
    return ladder_data(Ladder.objects.select_related("project").get(pk=ladder_id))


def _read(ladder: Ladder) -> LadderData:
    return _read_by_id(ladder.pk)


def _predicted(folder: Path, data: LadderData, notes: _Notes) -> Predictions:
    """What the model as it was stored says of the audit answers, by the runtime that serves it."""
    runtime = load_runtime(folder, n_threads=threads_per_process())
    return Predictions(
        example_ids=data.audit_ids,
        y=data.audit_y,
        probabilities=_probabilities(runtime, data.audit_texts, notes),
        class_ids=np.array(runtime.class_ids, np.int64),
    )


def _probabilities(runtime: Runtime, texts: tuple[str, ...], notes: _Notes) -> Any:
    found = [np.empty((0, len(runtime.class_ids)), np.float32)]
    for start in range(0, len(texts), TEXTS_AT_A_TIME):
        found.append(runtime.predict_proba(texts[start : start + TEXTS_AT_A_TIME]))
        share = TRAINED + (PREDICTED - TRAINED) * start / len(texts)
        notes.say(f"predicting random text {start + 1:,} of {len(texts):,}", share)
    return np.concatenate(found)


def _speed(folder: Path, data: LadderData) -> dict[str, Any]:
    """On texts of this project, which decide how long a model takes."""
    texts = [*data.audit_texts, *data.training.pool_texts, *data.training.texts][:SPEED_TEXTS]
    speed = measure(folder, texts, n_runs=SPEED_RUNS)
    return {
        "ms_per_1000": speed.milliseconds_per_1000,
        "cpu_seconds_per_1000": speed.cpu_seconds_per_1000,
        "memory_mb": speed.memory_mb,
    }


def _scores(rung: Rung, data: LadderData, predictions: Predictions, note: str) -> dict[str, Any]:
    """Accuracy and macro-F1 on the audit answers, none of which any rung was trained on."""
    n = len(predictions)
    if not n:
        words = "Not measured: no random text has an answer that stands."
        return {"n_audit": 0, "note": f"{note} {words}".strip()}
    truth, said = predictions.y, predictions.said
    accuracy = wilson(int(np.sum(truth == said)), n)
    macro = macro_f1_bootstrap(
        truth=truth,
        predicted=said,
        class_ids=sorted(data.training.class_names),
        rng=np.random.default_rng([rung.ladder.seed or 0, 1]),
    )
    columns: dict[str, Any] = {
        "n_audit": n,
        "accuracy": accuracy.value,
        "accuracy_low": accuracy.low,
        "accuracy_high": accuracy.high,
        "predictions_file": save_predictions(
            project_id=rung.ladder.project_id, predictions=predictions
        ),
        "note": f"{note} {_note(predictions, macro.why)}".strip()[:500],
    }
    if macro.interval:
        columns |= {
            "macro_f1": macro.interval.value,
            "macro_f1_low": macro.interval.low,
            "macro_f1_high": macro.interval.high,
        }
    return columns


def _note(predictions: Predictions, why_no_macro: str) -> str:
    unknown = int(np.sum(~np.isin(predictions.y, predictions.class_ids)))
    notes = [_sentence(why_no_macro)] if why_no_macro else []
    if unknown:
        notes.append(
            f"{unknown} of {len(predictions)} random texts are of a class that this model does not "
            "know; they count as wrong."
        )
    return " ".join(notes)[:500]


def _failed(error: str) -> dict[str, Any]:
    return {"status": RungStatus.FAILED, "error": error}


def _write(rung: Rung, columns: dict[str, Any], now: datetime) -> None:
    """Store a rung's result and free the ladder for the next, unless it was taken over meanwhile."""
    with transaction.atomic():
        ladder = _mine(rung.ladder).select_for_update(no_key=True).first()
        if ladder is None:
            return
        Rung.objects.filter(pk=rung.pk).update(
            step="", share=1.0, finished_at=now, **{"error": "", **columns}
        )
        ladder.token = ladder.heartbeat_at = None
        ladder.machine = machine_name()
        ladder.choice = choice_or_before(ladder)
        ladder.n_train = max(ladder.n_train, columns.get("n_train") or 0)
        ladder.n_audit = max(ladder.n_audit, columns.get("n_audit") or 0)
        ladder.versions = columns.get("manifest", {}).get("versions", ladder.versions)
        ladder.save()
        if not ladder.rungs.filter(status__in=(RungStatus.WAITING, RungStatus.RUNNING)).exists():
            _end(ladder, now)


def _end(ladder: Ladder, now: datetime) -> None:
    done = ladder.rungs.filter(status=RungStatus.DONE).exists()
    ladder.status = Status.DONE if done else Status.FAILED
    ladder.error = "" if done else "No model could be trained; each says why."
    ladder.finished_at, ladder.token, ladder.heartbeat_at = now, None, None
    ladder.save()


def machine_name() -> str:
    """What the speed was measured on: kind of processor and number of cores, no host's name."""
    return f"{_processor()}, {os.cpu_count()} cores"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _sentence(words: str) -> str:
    said = words[:1].upper() + words[1:]
    return said if said.endswith((".", "!", "?")) else f"{said}."
