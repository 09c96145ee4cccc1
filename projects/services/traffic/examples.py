"""Texts that programs sent back, as examples of the pool: they are never drawn to measure."""

from datetime import datetime

from django.db import connection
from django.db.models import F

from projects.models import DataImport, Example, Project
from projects.services.import_plan import content_hash
from projects.services.importing import ADVISORY_KEY
from projects.services.incoming import KIND, ImportRuns

NAME = "sent back by programs"


def example_of(*, project: Project, text: str) -> Example | None:
    """The project's example with this text, if there is one. Duplicates lead to their original."""
    rows = Example.objects.filter(project=project, content_hash=content_hash(text))
    return rows.exclude(role=Example.Role.DUPLICATE).first()


def add_example(*, project: Project, text: str, rank: int, now: datetime) -> Example:
    """A new text in the pool. Call it with the project locked, and `example_of` asked.

    `rank`: a uniform draw of 63 bits, as the import gives each text.

    Raises:
        ImportRuns: a file is being imported, and may bring the same text.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", [ADVISORY_KEY, project.pk])
        if cursor.fetchone() != (True,):
            raise ImportRuns
    data_import = _import(project, now)
    n_before = data_import.n_rows
    DataImport.objects.filter(pk=data_import.pk).update(n_rows=F("n_rows") + 1, finished_at=now)
    Project.objects.filter(pk=project.pk).update(
        n_rows=F("n_rows") + 1, n_texts=F("n_texts") + 1, n_pool=F("n_pool") + 1
    )
    return Example.objects.create(
        project=project,
        data_import=data_import,
        text=text,
        content_hash=content_hash(text),
        source_row=n_before + 1,
        role=Example.Role.POOL,
        random_rank=rank,
    )


def _import(project: Project, now: datetime) -> DataImport:
    """What these texts are listed under: one a project. The project's lock keeps it one."""
    found, _ = DataImport.objects.get_or_create(
        project=project,
        kind=KIND,
        name=NAME,
        defaults={
            "digest": "",
            "seed": project.seed,
            "status": DataImport.Status.DONE,
            "created_at": now,
            "started_at": now,
            "finished_at": now,
        },
    )
    return found
