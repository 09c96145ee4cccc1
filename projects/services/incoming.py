"""Texts that came back from a model in use: into the pool, first in line, never to measure."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from django.db import connection, transaction
from django.db.models import F

from projects.models import DataImport, Example, IncomingText, Project, ProjectEvent, User
from projects.services.import_plan import RANK_END, content_hash
from projects.services.importing import ADVISORY_KEY
from projects.services.ledger import append_project_event
from projects.services.refusals import Refused

KIND = "incoming"  # of the import that such texts come in by: no file, no labels
DAY = timedelta(hours=24)
MAX_REASON_CHARS = 300
Origin = IncomingText.Origin


@dataclass(frozen=True)
class Incoming:
    """One text, and what is known of why it comes. `reason` is told to the annotator after the answer.

    `version_number`, `probability`: of the model that was unsure, and of its likeliest class.
    """

    text: str
    reason: str
    version_number: int | None = None
    probability: float | None = None


@dataclass(frozen=True)
class CameIn:
    """What became of the texts. `states`, one each: "added" (new), "known" (was open already and now
    stands first), "answered" (has a label, or measures: left alone) or "over_limit".
    """

    states: tuple[str, ...]

    def count(self, state: str) -> int:
        return self.states.count(state)


class ImportRuns(Exception):
    """A file is being imported right now; nothing was added. Try again later."""


def add_incoming_texts(
    *,
    project: Project,
    texts: Sequence[Incoming],
    origin: str,
    clock: Callable[[], datetime],
    seed: int,
    actor: User | None = None,
) -> CameIn:
    """Add texts to the pool, in front of what a strategy would ask. Never to the reserved ones, so
    that what is measured stays a random share of what was imported.

    A text that the project has already is not added again; one that is open there moves to the front.
    No more than `incoming_per_day` come in within 24 hours, by any road.

    Args:
        seed: of the random ranks, kept with the import. actor: who asked; None for a program.

    Raises:
        Refused: the project asks about rows of a table.
        ImportRuns: nothing was added; a lock of the import is not waited for.
    """
    if project.is_table:
        raise Refused("", "Rows of a table do not come back by themselves; add a file.")
    with transaction.atomic():
        _lock(project)
        return _Adding(project, origin, clock(), seed, actor).add(texts)


def _lock(project: Project) -> None:
    """The lock of imports first, as they take it, then the project's row."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", [ADVISORY_KEY, project.pk])
        row = cursor.fetchone()
    if not row or not row[0]:
        raise ImportRuns
    project.refresh_from_db(from_queryset=Project.objects.select_for_update(no_key=True))


def room_today(project: Project, now: datetime) -> int:
    """How many more texts may come in now."""
    recent = IncomingText.objects.filter(project=project, created_at__gt=now - DAY)
    return max(0, project.incoming_per_day - recent.count())


def n_in_line(project_id: int) -> int:
    """How many that came in wait for an answer."""
    rows = IncomingText.objects.filter(project_id=project_id, example__settled=False)
    return rows.filter(example__role=Example.Role.POOL).count()


@dataclass(frozen=True)
class _Adding:
    """One call, within the lock."""

    project: Project
    origin: str
    now: datetime
    seed: int
    actor: User | None

    def add(self, texts: Sequence[Incoming]) -> CameIn:
        hashes = [content_hash(one.text) for one in texts]
        there = self._there(hashes)
        room, states = room_today(self.project, self.now), []
        fresh: dict[bytes, Incoming] = {}
        known: dict[int, Incoming] = {}
        for digest, one in zip(hashes, texts, strict=True):
            example = there.get(digest)
            if example and not _is_open(example):
                states.append("answered")
            elif digest in fresh or (example and (example.pk in known or _in_line(example))):
                states.append("known")
            elif room <= 0:
                states.append("over_limit")
            else:
                room -= 1
                if example:
                    known[example.pk] = one
                else:
                    fresh[digest] = one
                states.append("known" if example else "added")
        rows = self._write(fresh) if fresh else []
        self._stand_in_line([*known.items(), *zip(rows, fresh.values(), strict=True)])
        return CameIn(tuple(states))

    def _there(self, hashes: Sequence[bytes]) -> dict[bytes, Example]:
        rows = Example.objects.filter(project=self.project, content_hash__in=hashes)
        rows = rows.exclude(role=Example.Role.DUPLICATE).select_related("incoming")
        return {bytes(row.content_hash): row for row in rows}

    def _write(self, fresh: dict[bytes, Incoming]) -> list[int]:
        """New examples in one import of their own, counted and in the ledger. Returns their ids."""
        data_import = self._import(fresh)
        ranks = np.random.default_rng(self.seed).integers(0, RANK_END, size=len(fresh))
        rows = Example.objects.bulk_create(
            Example(
                project=self.project,
                data_import=data_import,
                text=one.text,
                content_hash=digest,
                source_row=place,
                random_rank=int(rank),
            )
            for place, ((digest, one), rank) in enumerate(
                zip(fresh.items(), ranks, strict=True), start=1
            )
        )
        n = len(rows)
        Project.objects.filter(pk=self.project.pk).update(
            n_rows=F("n_rows") + n,
            n_texts=F("n_texts") + n,
            n_pool=F("n_pool") + n,
            last_activity_at=self.now,
        )
        self._tell(data_import)
        return [row.pk for row in rows]

    def _import(self, fresh: dict[bytes, Incoming]) -> DataImport:
        n = len(fresh)
        return DataImport.objects.create(
            project=self.project,
            user=self.actor,
            file="",
            name=str(Origin(self.origin).label),
            kind=KIND,
            digest=hashlib.sha256(b"".join(fresh)).hexdigest(),
            n_bytes=sum(len(one.text.encode()) for one in fresh.values()),
            seed=self.seed,
            status=DataImport.Status.DONE,
            n_rows=n,
            counts={"n_rows": n, "n_texts": n, "n_pool": n},
            created_at=self.now,
            started_at=self.now,
            finished_at=self.now,
        )

    def _tell(self, row: DataImport) -> None:
        payload = {"import": row.pk, "name": row.name, "digest": row.digest, "seed": row.seed}
        append_project_event(
            project_id=self.project.pk,
            kind=ProjectEvent.Kind.IMPORTED,
            actor=self.actor,
            payload={**payload, "origin": self.origin, "columns": {}, **row.counts},
            now=self.now,
        )

    def _stand_in_line(self, places: Sequence[tuple[int, Incoming]]) -> None:
        IncomingText.objects.bulk_create(
            IncomingText(
                project=self.project,
                example_id=pk,
                origin=self.origin,
                reason=one.reason[:MAX_REASON_CHARS],
                version_number=one.version_number,
                probability=one.probability,
                created_at=self.now,
            )
            for pk, one in places
        )


def _is_open(example: Example) -> bool:
    return example.role == Example.Role.POOL and not example.settled


def _in_line(example: Example) -> bool:
    return hasattr(example, "incoming")
