"""How far the texts of one project have been read by its embedder. No pool is counted."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Max

from learners.engine.features import STATIC
from learners.models import EmbeddingSet
from learners.selectors.parts import newest_set, parts_of, set_name, static_being_made
from learners.services.due_work import STALE_AFTER
from projects.models import Project

STALLED_AFTER = timedelta(seconds=90)  # six beats in which nobody took the work up


@dataclass(frozen=True)
class EmbeddingProgress:
    """How far the embedder is. Counts are distinct texts; `english_share` in [0, 1] or None."""

    n_done: int
    n_total: int
    n_cut: int
    max_tokens: int | None
    english_share: float | None
    n_language_checked: int
    texts_per_second: float | None
    error: str
    retry_at: datetime | None
    stalled: bool

    @property
    def complete(self) -> bool:
        return self.n_done >= self.n_total

    @property
    def share(self) -> float:
        """In [0, 1]; 1 for a project without texts."""
        return self.n_done / self.n_total if self.n_total else 1.0

    @property
    def cut_share(self) -> float:
        """Share of the texts read so far that are longer than the embedder reads."""
        return self.n_cut / self.n_done if self.n_done else 0.0

    @property
    def seconds_left(self) -> float | None:
        """At the present rate; None while the rate is unknown."""
        if not self.texts_per_second:
            return None
        return (self.n_total - self.n_done) / self.texts_per_second


def embedding_progress(
    project: Project, row: EmbeddingSet | None, now: datetime
) -> EmbeddingProgress:
    if row is None:
        waited = now - project.created_at
        stalled = project.n_rows > 0 and waited > STALLED_AFTER
        return EmbeddingProgress(
            0, project.n_texts, 0, None, None, 0, None, "", None, stalled=stalled
        )
    n_total = texts_to_read(project, row)
    return EmbeddingProgress(
        n_done=row.n_done,
        n_total=n_total,
        n_cut=row.n_cut,
        max_tokens=row.max_tokens,
        english_share=row.english_share,
        n_language_checked=row.n_language_checked,
        texts_per_second=row.texts_per_second,
        error=row.error,
        retry_at=row.retry_at,
        stalled=row.n_done < n_total and _nobody_reads(project, row, now),
    )


def _nobody_reads(project: Project, row: EmbeddingSet, now: datetime) -> bool:
    if row.retry_at and row.retry_at > now:
        return False
    newest = project.imports.aggregate(at=Max("finished_at"))["at"]
    seen = [at for at in (row.heartbeat_at or row.created_at, newest) if at]
    return max(seen) < now - STALLED_AFTER


def texts_to_read(project: Project, row: EmbeddingSet) -> int:
    """As counted by a worker, or where none has counted since the newest import, by the project."""
    counted = row.n_total if row.n_rows_seen == project.n_rows else project.n_texts
    return max(counted, row.n_done)


def part_errors(project: Project) -> list[EmbeddingSet]:
    """Sets of the further parts of the project's features whose last try failed."""
    names = [set_name(part) for part in parts_of(project.features)[1:]]
    rows = EmbeddingSet.objects.filter(project=project, embedder__in=names).exclude(error="")
    return list(rows.order_by("id"))


def static_made_since(project: Project, now: datetime) -> datetime | None:
    """When a task began to make the static vectors that the project waits for."""
    if STATIC not in parts_of(project.features):
        return None
    mine = newest_set(project.pk, STATIC)
    if mine is not None and mine.digest:
        return None
    since: datetime | None = (
        static_being_made(now - STALE_AFTER).values_list("created_at", flat=True).first()
    )
    return since
