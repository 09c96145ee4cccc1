"""Uploads that wait for their columns to be confirmed."""

import hashlib
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, BinaryIO, cast

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import default_storage

from projects.models import Project, StagedUpload, User
from projects.reading import BadInput, Layout, Limits
from projects.reading.errors import excerpt
from projects.reading.guessing import guess_roles, guess_table_roles, looks_like_a_table
from projects.reading.labels import several_values
from projects.reading.records import read_records
from projects.reading.scanning import ColumnFacts, Scan, scan_records
from projects.reading.sniffing import sniff

SCANNED_ROWS = 400_000
KEPT_HOURS = 24
COPY_BYTES = 1 << 20


def limits() -> Limits:
    """What the operator allows."""
    return Limits(max_bytes=settings.LABELER_MAX_UPLOAD_BYTES, max_rows=settings.LABELER_MAX_ROWS)


def stage(
    *,
    user: User,
    file: BinaryIO,
    name: str,
    kind: str | None = None,
    project: Project | None = None,
    now: datetime,
) -> StagedUpload:
    """Look a file through, keep it in storage, and guess what its columns are.

    `kind` is one of `projects.reading.records.KINDS`, or None to find out. At most `SCANNED_ROWS`
    rows are looked at here; the import looks at all of them.

    Raises:
        BadInput: the file is too large, empty, or cannot be read; nothing is kept.
    """
    name = excerpt(name)[:255] or "pasted lines"
    digest, n_bytes = _measure(file, name)
    layout = sniff(file, file=name, kind=kind)
    guess = guess_of(_scan(file, name=name, layout=layout), layout)
    file.seek(0)
    stored = default_storage.save(f"uploads/{digest[:16]}.{layout.kind}", File(file))
    return StagedUpload.objects.create(
        user=user,
        project=project,
        file=stored,
        name=name,
        kind=layout.kind,
        digest=digest,
        n_bytes=n_bytes,
        guess=guess,
        created_at=now,
    )


def read_again(*, staged: StagedUpload, layout: Layout) -> StagedUpload:
    """Cut the staged file another way and guess its columns again.

    Raises:
        BadInput: it cannot be cut like that; the row keeps its earlier guess.
    """
    with staged.file.open("rb") as file:
        scan = _scan(cast(BinaryIO, file), name=staged.name, layout=layout)
    staged.kind, staged.guess = layout.kind, guess_of(scan, layout)
    staged.save(update_fields=["kind", "guess"])
    return staged


def discard_staged(*, staged: StagedUpload) -> None:
    """Forget an upload and its file."""
    name = str(staged.file.name)
    staged.delete()
    default_storage.delete(name)


def discard_old_uploads(*, now: datetime) -> int:
    """Forget uploads that nobody turned into texts within a day. Returns how many."""
    old = StagedUpload.objects.filter(created_at__lt=now - timedelta(hours=KEPT_HOURS))
    n_old = old.count()
    for staged in old:
        discard_staged(staged=staged)
    return n_old


def guess_of(scan: Scan, layout: Layout) -> dict[str, Any]:
    """What the wizard shows, as plain values. `input_kind`: whether the rows are texts or a table."""
    return {
        "layout": layout.as_json(),
        "input_kind": "table" if looks_like_a_table(scan) else "text",
        "roles": guess_roles(scan),
        "table_roles": guess_table_roles(scan),
        "columns": [_plain(facts) for facts in scan.columns.values()],
        "several": {
            facts.name: several_values(facts.cells, facts.lists)
            for facts in scan.columns.values()
            if facts.cells is not None
        },
        "preview": scan.preview,
        "n_rows": scan.n_rows,
        "complete": scan.complete,
    }


def _plain(facts: ColumnFacts) -> dict[str, Any]:
    """What is kept of a column; of its cells only what they hold, as `several`."""
    return {name: v for name, v in asdict(facts).items() if name not in {"cells", "lists"}}


def _scan(file: BinaryIO, *, name: str, layout: Layout) -> Scan:
    file.seek(0)
    records = read_records(file, file=name, layout=layout, limits=limits())
    return scan_records(records, max_rows=SCANNED_ROWS)


def _measure(file: BinaryIO, name: str) -> tuple[str, int]:
    digest, n_bytes = hashlib.sha256(), 0
    for chunk in _chunks(file):
        n_bytes += len(chunk)
        digest.update(chunk)
    if n_bytes > settings.LABELER_MAX_UPLOAD_BYTES:
        raise too_large(name, n_bytes)
    return digest.hexdigest(), n_bytes


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    file.seek(0)
    while chunk := file.read(COPY_BYTES):
        yield chunk


def too_large(name: str, n_bytes: int | None = None) -> BadInput:
    """The answer to a file above the operator's limit."""
    allowed = settings.LABELER_MAX_UPLOAD_BYTES
    found = f"{n_bytes:,} bytes" if n_bytes else "more bytes than are taken"
    return BadInput(
        file=name, found=found, allowed=f"{allowed:,} bytes a file; cut it into several"
    )
