"""An import: one file into examples, all its rows or none, with signs of life on its row."""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, BinaryIO, cast

import numpy as np
from django.conf import settings
from django.core.files.storage import default_storage
from django.db import connection, transaction
from django.db.models import F, Q
from numpy.typing import NDArray

from projects.models import DataImport, Example, GoldLabel, GoldSet, Project, ProjectEvent
from projects.reading import GOLD, KNOWN, BadInput, ColumnChoice, TextRow
from projects.reading.records import read_records
from projects.reading.scanning import is_blank
from projects.reading.texts import read_texts
from projects.services.import_plan import (
    NO_LABEL,
    Plan,
    RowFacts,
    make_plan,
    read_facts,
    standing_classes,
)
from projects.services.import_writing import (
    KnownLabel,
    copy_examples,
    copy_gold,
    copy_gold_sets,
    copy_known,
    ids_of_texts,
)
from projects.services.ledger import append_project_event, take_seqs
from projects.services.refusals import Refused
from projects.services.staging import limits

CHECKING, WRITING = "checking every row", "writing the texts"
DEAD_SECONDS = 60
WAITING_SECONDS = 15
MAX_ATTEMPTS = 3
PULSE_SECONDS = 1.0
ADVISORY_KEY = 0x1AB  # first half of the lock that lets one import write to a project at a time
GAVE_UP = (
    f"The import stopped without a word {MAX_ATTEMPTS} times (a worker was killed, or ran out of "
    "memory). Nothing was imported. Look into the worker's log, or cut the file into several."
)
UNEXPECTED = "The import stopped at an error that is not the file's fault; nothing was imported. The worker's log has the details. Try again."

Status = DataImport.Status


class _Overtaken(Exception):
    """Another worker has taken this import over, or a class changed under it: write nothing."""


def run_import(*, data_import_id: int, clock: Callable[[], datetime]) -> None:
    """Turn a waiting import into examples, whole or not at all.

    Does nothing when the import is done, failed or alive in another worker. What is wrong with the
    file is left on the row's `error`; an unexpected error is said there, too, and raised.
    """
    data_import = _claim(data_import_id, clock())
    if data_import is None:
        return
    try:
        _Run(data_import, clock).go()
    except BadInput as refused:
        _end(data_import, Status.FAILED, clock(), error=str(refused))
    except _Overtaken:
        _end(data_import, Status.WAITING, clock())
    except Exception:
        _end(data_import, Status.FAILED, clock(), error=UNEXPECTED)
        raise


@transaction.atomic
def _claim(data_import_id: int, now: datetime) -> DataImport | None:
    row = DataImport.objects.select_for_update().filter(pk=data_import_id).first()
    if row is None or not _may_start(row, now):
        return None
    if row.attempts >= MAX_ATTEMPTS:
        row.status, row.error, row.finished_at = Status.FAILED, GAVE_UP, now
        row.save(update_fields=["status", "error", "finished_at"])
        return None
    row.status, row.error, row.finished_at = Status.RUNNING, "", None
    row.started_at = row.heartbeat_at = now
    row.attempts, row.bytes_read, row.step = row.attempts + 1, 0, CHECKING
    row.save()
    return row


def _may_start(row: DataImport, now: datetime) -> bool:
    if row.status == Status.RUNNING:
        return row.heartbeat_at is None or now - row.heartbeat_at > timedelta(seconds=DEAD_SECONDS)
    return row.status == Status.WAITING


def _end(mine: DataImport, status: str, now: datetime, *, error: str = "") -> None:
    """End this attempt, unless another worker has begun one since."""
    finished_at = None if status == Status.WAITING else now
    DataImport.objects.filter(pk=mine.pk, started_at=mine.started_at).exclude(
        status=Status.DONE
    ).update(status=status, error=error, finished_at=finished_at, step="")


def retry_import(*, data_import: DataImport, now: datetime) -> None:
    """Put a failed import back in line.

    Raises:
        Refused: it did not fail.
    """
    failed = DataImport.objects.filter(pk=data_import.pk, status=Status.FAILED)
    if not failed.update(status=Status.WAITING, attempts=0, error="", created_at=now):
        raise Refused(
            "import", f"“{data_import.name}” did not fail; there is nothing to try again."
        )


def discard_import(*, data_import: DataImport) -> None:
    """Forget a failed import and its file; nothing of it ever came in.

    Raises:
        Refused: it did not fail.
    """
    stored = str(data_import.file.name)
    n_gone, _ = DataImport.objects.filter(pk=data_import.pk, status=Status.FAILED).delete()
    if not n_gone:
        raise Refused("import", f"“{data_import.name}” did not fail; it stays.")
    transaction.on_commit(lambda: default_storage.delete(stored))


def imports_to_restart(*, now: datetime) -> list[int]:
    """Imports whose worker died, or whose message was lost."""
    dead = Q(status=Status.RUNNING, heartbeat_at__lt=now - timedelta(seconds=DEAD_SECONDS))
    lost = Q(status=Status.WAITING, created_at__lt=now - timedelta(seconds=WAITING_SECONDS))
    return list(DataImport.objects.filter(dead | lost).values_list("pk", flat=True))


class _Pulse:
    """Signs of life, through a connection of its own: the import's transaction is not seen outside."""

    def __init__(self, data_import: DataImport, clock: Callable[[], datetime]) -> None:
        self.row, self.clock = data_import, clock
        self.connection = connection.copy()
        self.file: BinaryIO | None = None
        self.step = CHECKING
        self.n_calls = 0
        self.last = clock()

    def close(self) -> None:
        self.connection.close()

    def __call__(self) -> None:
        self.n_calls += 1
        if self.n_calls % 256 == 0:
            now = self.clock()
            if (now - self.last).total_seconds() >= PULSE_SECONDS:
                self.last = now
                self.say(now)

    def say(self, now: datetime) -> None:
        n_bytes = self.file.tell() if self.file else 0
        with self.connection.cursor() as cursor:
            cursor.execute(
                "UPDATE projects_dataimport SET heartbeat_at = %s, bytes_read = %s, step = %s"
                " WHERE id = %s AND status = 'running' AND started_at = %s",
                [now, n_bytes, self.step, self.row.pk, self.row.started_at],
            )


@dataclass
class _Run:
    """One attempt at one import."""

    data_import: DataImport
    clock: Callable[[], datetime]

    def __post_init__(self) -> None:
        self.choice = ColumnChoice.from_json(self.data_import.columns)
        self.rng = np.random.default_rng(self.data_import.seed)

    def go(self) -> None:
        with closing(_Pulse(self.data_import, self.clock)) as pulse:
            classes = self._classes()
            facts = read_facts(
                self._rows(pulse, CHECKING),
                classes=classes,
                choice=self.choice,
                file=self.data_import.name,
                pulse=pulse,
            )
            if not facts.n_rows:
                raise self._no_text()
            with transaction.atomic():
                self._write(facts, classes, pulse)

    def _classes(self) -> dict[str, int]:
        stored = cast(dict[str, Any], self.data_import.columns.get("classes", {}))
        return standing_classes(project_id=self.data_import.project_id, stored=stored)

    def _rows(self, pulse: _Pulse, step: str) -> Iterator[TextRow]:
        name = self.data_import.name
        with self.data_import.file.open("rb") as stored:
            pulse.file, pulse.step = cast(BinaryIO, stored), step
            pulse.say(self.clock())
            records = read_records(
                pulse.file, file=name, layout=self.choice.layout, limits=limits()
            )
            yield from read_texts(records, choice=self.choice, file=name)
        pulse.file = None

    def _texts(self, pulse: _Pulse) -> Iterator[TextRow]:
        for row in self._rows(pulse, WRITING):
            pulse()
            if not is_blank(row.text):
                yield row

    def _no_text(self) -> BadInput:
        if self.choice.is_table:
            found, allowed = "no value in any feature of any row", "at least one row with a value"
            return BadInput(file=self.data_import.name, found=found, allowed=allowed)
        return BadInput(
            file=self.data_import.name,
            column=self.choice.text,
            found="no text in any row",
            allowed="at least one row with a text",
        )

    def _write(self, facts: RowFacts, classes: dict[str, int], pulse: _Pulse) -> None:
        project_id = self.data_import.project_id
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [ADVISORY_KEY, project_id])
        earlier = ids_of_texts(project_id=project_id, facts=facts)
        plan = make_plan(
            facts,
            known_before=earlier > 0,
            label_use=self.choice.label_use,
            rng=self.rng,
            audit_limit=settings.LABELER_AUDIT_LIMIT,
            audit_fraction=settings.LABELER_AUDIT_FRACTION,
        )
        labelled = plan.is_original & (plan.label != NO_LABEL)
        known = labelled & ~plan.is_test & (self.choice.label_use == KNOWN)
        ids, lines = copy_examples(
            data_import=self.data_import,
            rows=self._texts(pulse),
            facts=facts,
            plan=plan,
            earlier=earlier,
            known=known,
        )
        self._finish(_Written(facts, plan, earlier, ids, lines, labelled, known), classes)

    def _finish(self, written: "_Written", classes: dict[str, int]) -> None:
        """All that needs the project's row lock, kept short: people are answering meanwhile."""
        project = Project.objects.select_for_update().get(pk=self.data_import.project_id)
        row = DataImport.objects.select_for_update().get(pk=self.data_import.pk)
        if row.status != Status.RUNNING or row.started_at != self.data_import.started_at:
            raise _Overtaken
        if self._classes() != classes:
            raise _Overtaken
        now = self.clock()
        n_gold, known = self._label(written)
        counts = _counts(written, n_gold=n_gold, n_known=len(known))
        self._record(project, counts, now)
        if known:
            first_seq = take_seqs(project_id=project.pk, n=len(known))
            copy_known(data_import=row, known=known, first_seq=first_seq, now=now)
        _mark_done(row, counts, now)

    def _label(self, written: "_Written") -> tuple[int, list[KnownLabel]]:
        gold = {i: c for i, c, _ in written.labels(written.labelled & ~written.known)}
        known = [
            KnownLabel(example_id=i, class_ids=c, source_row=n)
            for i, c, n in written.labels(written.known)
        ]
        for example_id, class_ids, line in written.labels_of_earlier():
            if self.choice.label_use == GOLD:
                gold.setdefault(example_id, class_ids)
            else:
                known.append(
                    KnownLabel(example_id=example_id, class_ids=class_ids, source_row=line)
                )
        rows = GoldSet.objects if self.choice.multilabel else GoldLabel.objects
        earlier = set(written.earlier.tolist())
        taken = rows.filter(example_id__in=gold.keys() & earlier)
        for example_id in taken.values_list("example_id", flat=True):
            del gold[example_id]
        if self.choice.multilabel:
            copy_gold_sets(gold.items())
        else:
            copy_gold((example_id, class_id) for example_id, (class_id,) in gold.items())
        return len(gold), self._still_open(known, written)

    def _still_open(self, known: list[KnownLabel], written: "_Written") -> list[KnownLabel]:
        """A text from an earlier import takes a known label only while nobody's label stands on it
        and it is not reserved to measure.
        """
        new = set(written.ids.tolist())
        wanted = [label.example_id for label in known if label.example_id not in new]
        if not wanted:
            return known
        open_texts = Example.objects.filter(pk__in=wanted, role=Example.Role.POOL, settled=False)
        taking = set(open_texts.values_list("pk", flat=True))
        Example.objects.filter(pk__in=taking).update(settled=True)
        return [k for k in known if k.example_id in new or k.example_id in taking]

    def _record(self, project: Project, counts: dict[str, int], now: datetime) -> None:
        Project.objects.filter(pk=project.pk).update(
            n_rows=F("n_rows") + counts["n_rows"],
            n_texts=F("n_texts") + counts["n_texts"],
            n_pool=F("n_pool") + counts["n_pool"],
            n_audit=F("n_audit") + counts["n_audit"],
            n_known=F("n_known") + counts["n_known"],
            last_activity_at=now,
        )
        row = self.data_import
        payload = {"import": row.pk, "name": row.name, "digest": row.digest, "seed": row.seed}
        append_project_event(
            project_id=project.pk,
            kind=ProjectEvent.Kind.IMPORTED,
            actor=row.user,
            payload={**payload, "columns": row.columns, **counts},
            now=now,
        )


@dataclass(frozen=True)
class _Written:
    """What pass 2 wrote, (n_rows,) each: ids and lines of the rows, and which labels count."""

    facts: RowFacts
    plan: Plan
    earlier: NDArray[np.int64]
    ids: NDArray[np.int64]
    lines: NDArray[np.int64]
    labelled: NDArray[np.bool_]
    known: NDArray[np.bool_]

    def labels(self, which: NDArray[np.bool_]) -> Iterator[tuple[int, tuple[int, ...], int]]:
        """(example id, class ids, source row) of the chosen rows."""
        return self._named(self.ids[which], self.plan.label[which], self.lines[which])

    def _named(self, *columns: NDArray[np.int64]) -> Iterator[tuple[int, tuple[int, ...], int]]:
        rows = zip(*(column.tolist() for column in columns), strict=True)
        return ((pk, self.facts.sets[label], line) for pk, label, line in rows)

    def labels_of_earlier(self) -> Iterator[tuple[int, tuple[int, ...], int]]:
        """The same for texts that an earlier import brought, each once."""
        which = np.flatnonzero((self.plan.original < 0) & (self.plan.label != NO_LABEL))
        _, first = np.unique(self.earlier[which], return_index=True)
        chosen = which[first]
        return self._named(self.earlier[chosen], self.plan.label[chosen], self.lines[chosen])


def _counts(written: _Written, *, n_gold: int, n_known: int) -> dict[str, int]:
    plan, facts = written.plan, written.facts
    n_texts = int(plan.is_original.sum())
    n_present = int((plan.original < 0).sum())
    n_audit, n_test = int(plan.is_audit.sum()), int(plan.is_test.sum())
    n_labels = int(written.labelled.sum()) + sum(1 for _ in written.labels_of_earlier())
    return {
        "n_rows": facts.n_rows,
        "n_texts": n_texts,
        "n_duplicates": facts.n_rows - n_texts - n_present,
        "n_present": n_present,
        "n_blank": facts.n_blank,
        "n_pool": n_texts - n_audit - n_test,
        "n_audit": n_audit,
        "n_test": n_test,
        "n_gold": n_gold,
        "n_known": n_known,
        "n_conflicts": plan.n_conflicts,
        "n_labels_left_aside": n_labels - n_gold - n_known,
    }


def _mark_done(row: DataImport, counts: dict[str, int], now: datetime) -> None:
    stored = str(row.file.name)
    DataImport.objects.filter(pk=row.pk).update(
        status=Status.DONE,
        file="",
        n_rows=counts["n_rows"],
        n_duplicates=counts["n_duplicates"] + counts["n_present"],
        n_blank=counts["n_blank"],
        counts=counts,
        bytes_read=row.n_bytes,
        step="",
        finished_at=now,
        heartbeat_at=now,
    )
    # The rows hold everything; the ledger keeps the file's digest.
    transaction.on_commit(lambda: default_storage.delete(stored))
