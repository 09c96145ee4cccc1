"""Rows a second of an import, against `bulk_create` of the same rows in the same run.

    python -m benchmarks.import_rows [rows]

Works in the configured database, in a project that it deletes again.
"""

import io
import sys
import time
from datetime import UTC, datetime

import django

django.setup()

from django.db import connection, transaction  # noqa: E402

from projects.models import Example, Project, User  # noqa: E402
from projects.reading import ColumnChoice, Layout  # noqa: E402
from projects.services.bin import empty_bin, give_up_project  # noqa: E402
from projects.services.creating import ClassSpec, create_project  # noqa: E402
from projects.services.importing import run_import  # noqa: E402
from projects.services.staging import stage  # noqa: E402


def now() -> datetime:
    return datetime.now(UTC)


def csv_of(n_rows: int) -> bytes:
    """About 90 characters a row, every hundredth a duplicate."""
    words = "the board of directors approved a split of its common shares for holders of record"
    rows = (f"{words} {i - i % 100 // 99},{'earn' if i % 2 else 'acq'}\n" for i in range(n_rows))
    return ("text,label\n" + "".join(rows)).encode()


def imported(owner: User, content: bytes) -> tuple[Project, float, float]:
    """The project, and seconds to stage and to import."""
    began = time.perf_counter()
    upload = stage(user=owner, file=io.BytesIO(content), name="rows.csv", now=now())
    staged = time.perf_counter()
    project, data_import = create_project(
        actor=owner,
        staged=upload,
        name="Benchmark",
        description="",
        guideline="",
        time_zone="UTC",
        classes=[ClassSpec(name="earn"), ClassSpec(name="acq")],
        columns=ColumnChoice(text="text", label="label", layout=Layout(kind="csv")),
        seed=1,
        now=now(),
    )
    run_import(data_import_id=data_import.pk, clock=now)
    data_import.refresh_from_db()
    if data_import.status != "done":
        raise SystemExit(f"the import ended {data_import.status}: {data_import.error}")
    return project, staged - began, time.perf_counter() - staged


def bulk_created(project: Project) -> float:
    """Seconds of `bulk_create` for the same rows, already read, checked and hashed; rolled back."""
    rows = list(Example.objects.filter(project=project))
    for row in rows:
        row.pk = None
        row.role, row.audit_rank, row.duplicate_of = "pool", None, None
        row.content_hash = b"b" + bytes(row.content_hash)[1:] + row.source_row.to_bytes(4)
    began = time.perf_counter()
    with transaction.atomic():
        Example.objects.bulk_create(rows, batch_size=2000)
        with connection.cursor() as cursor:  # what a commit would check
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        transaction.set_rollback(True)
    return time.perf_counter() - began


def main() -> None:
    n_rows = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    owner, _ = User.objects.get_or_create(username="benchmark")
    project, stage_seconds, import_seconds = imported(owner, csv_of(n_rows))
    bulk_seconds = bulk_created(project)
    Project.objects.filter(pk=project.pk).update(binned_at=now())
    give_up_project(project=project)
    began = time.perf_counter()
    empty_bin(now=now())
    delete_seconds = time.perf_counter() - began
    owner.delete()
    print(f"rows                      {n_rows:>10,}")
    print(f"look through and stage    {stage_seconds:>10.1f} s")
    print(
        f"import, checks and COPY   {import_seconds:>10.1f} s  {n_rows / import_seconds:>10,.0f} rows/s"
    )
    print(
        f"bulk_create alone         {bulk_seconds:>10.1f} s  {n_rows / bulk_seconds:>10,.0f} rows/s"
    )
    print(
        f"ratio, whole import to bulk_create alone: {bulk_seconds / import_seconds:.2f} times as fast"
    )
    print(f"delete for good           {delete_seconds:>10.1f} s")


if __name__ == "__main__":
    main()
