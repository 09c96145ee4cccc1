"""The second pass of an import: rows by `COPY`, in the transaction of whoever calls."""

import json
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from django.db import connection
from numpy.typing import NDArray
from psycopg import sql

from projects.models import (
    Annotation,
    AnnotationEvent,
    DataImport,
    Example,
    GoldLabel,
    GoldSet,
)
from projects.models.annotation import Draw
from projects.reading import TextRow
from projects.services.import_plan import Plan, RowFacts

EVENT_NAMESPACE = uuid.UUID("6e1d9f0c-53f1-4d0e-9d6b-2f8d1f3c7a55")


@dataclass(frozen=True, kw_only=True)
class KnownLabel:
    """A label that came with the data as an answer: one class, or a set where that is asked."""

    example_id: int
    class_ids: tuple[int, ...]
    source_row: int


def new_ids(model: type[Any], n: int) -> NDArray[np.int64]:
    """`n` ids from the table's own sequence, (n,): rows may name each other before they exist."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)",
            [model._meta.db_table, n],
        )
        return np.fromiter((row[0] for row in cursor), dtype=np.int64, count=n)


def copy_rows(model: type[Any], columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """`COPY` rows into the model's table; `columns` are database columns."""
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(model._meta.db_table), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


def ids_of_texts(*, project_id: int, facts: RowFacts) -> NDArray[np.int64]:
    """Id of the project's example with the row's text, from an earlier import; 0 where none, (n_rows,)."""
    found = np.zeros(facts.n_rows, dtype=np.int64)
    if not Example.objects.filter(project_id=project_id).exists():
        return found
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE arriving (place int, hash bytea) ON COMMIT DROP")
        with cursor.copy("COPY arriving (place, hash) FROM STDIN") as copy:
            for place, digest in enumerate(facts.hashes):
                copy.write_row((place, digest.tobytes()))
        cursor.execute("ANALYZE arriving")
        cursor.execute(
            "SELECT a.place, e.id FROM arriving a JOIN projects_example e ON e.content_hash = a.hash"
            " WHERE e.project_id = %s AND e.role <> 'duplicate'",
            [project_id],
        )
        for place, example_id in cursor:
            found[place] = example_id
        cursor.execute("DROP TABLE arriving")
    return found


def copy_examples(
    *,
    data_import: DataImport,
    rows: Iterable[TextRow],
    facts: RowFacts,
    plan: Plan,
    earlier: NDArray[np.int64],
    known: NDArray[np.bool_],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Write every row as an example. Returns ids and source rows, (n_rows,) each."""
    ids = new_ids(Example, facts.n_rows)
    lines = np.zeros(facts.n_rows, dtype=np.int64)
    columns = (
        "id project_id data_import_id text external_id metadata content_hash source_row split "
        "role audit_rank random_rank duplicate_of_id settled"
    )

    def values() -> Iterator[tuple[Any, ...]]:
        for place, row in enumerate(rows):
            lines[place] = row.line
            role, duplicate_of = _role(place, plan, ids, earlier)
            rank = int(plan.random_rank[place])
            yield (
                int(ids[place]),
                data_import.project_id,
                data_import.pk,
                row.text,
                row.id,
                json.dumps(row.metadata, ensure_ascii=False),
                facts.hashes[place].tobytes(),
                row.line,
                row.split,
                role,
                rank if role == "audit" else None,
                rank,
                duplicate_of,
                bool(known[place]),
            )

    copy_rows(Example, columns.split(), values())
    return ids, lines


def _role(
    place: int, plan: Plan, ids: NDArray[np.int64], earlier: NDArray[np.int64]
) -> tuple[str, int | None]:
    original = int(plan.original[place])
    if original < 0:
        return "duplicate", int(earlier[place])
    if original != place:
        return "duplicate", int(ids[original])
    if plan.is_test[place]:
        return "test", None
    return ("audit" if plan.is_audit[place] else "pool"), None


def copy_gold(pairs: Iterable[tuple[int, int]]) -> None:
    """Gold labels as (example id, class id)."""
    copy_rows(GoldLabel, ["example_id", "label_class_id"], pairs)


def copy_gold_sets(pairs: Iterable[tuple[int, tuple[int, ...]]]) -> None:
    """Gold sets as (example id, class ids)."""
    copy_rows(GoldSet, ["example_id", "labels"], ((pk, list(ids)) for pk, ids in pairs))


def copy_known(
    *, data_import: DataImport, known: Sequence[KnownLabel], first_seq: int, now: datetime
) -> None:
    """Known labels into the ledger, with the numbers from `first_seq` on, and into its state."""
    event_ids = new_ids(AnnotationEvent, len(known))
    numbered = list(zip(event_ids.tolist(), known, strict=True))
    _copy_known_events(data_import, numbered, first_seq, now)
    _copy_known_states(data_import, numbered, now)


def _copy_known_events(
    data_import: DataImport,
    numbered: Sequence[tuple[int, KnownLabel]],
    first_seq: int,
    now: datetime,
) -> None:
    copy_rows(
        AnnotationEvent,
        [
            "id",
            "project_id",
            "seq",
            "example_id",
            "kind",
            "labels",
            "comment",
            "client_uuid",
            "created_at",
            "draw",
            "strategy",
            "reason",
            "suggestion_shown",
        ],
        (
            (
                event_id,
                data_import.project_id,
                first_seq + i,
                label.example_id,
                "known",
                list(label.class_ids),
                "",
                uuid.uuid5(EVENT_NAMESPACE, f"{data_import.pk}/{label.source_row}"),
                now,
                Draw.KNOWN.value,
                "",
                "",
                False,
            )
            for i, (event_id, label) in enumerate(numbered)
        ),
    )


def _copy_known_states(
    data_import: DataImport, numbered: Sequence[tuple[int, KnownLabel]], now: datetime
) -> None:
    copy_rows(
        Annotation,
        [
            "project_id",
            "example_id",
            "state",
            "labels",
            "flagged",
            "comment",
            "stale",
            "last_event_id",
            "updated_at",
        ],
        (
            (
                data_import.project_id,
                label.example_id,
                "labelled",
                list(label.class_ids),
                False,
                "",
                False,
                event_id,
                now,
            )
            for event_id, label in numbered
        ),
    )
