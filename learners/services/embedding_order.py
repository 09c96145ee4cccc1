"""Which texts are embedded next: first those that fits need, then a growing random sample."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from learners.models import EmbeddingSet
from learners.services.shards import Ids
from projects.models import Annotation, Example

PAGE_ROWS = 4096


@dataclass(frozen=True)
class Chunk:
    """Ids to embed next, in order, and by role the rank up to which then every text is embedded."""

    ids: list[int]
    scanned: dict[str, int]


def next_texts(row: EmbeddingSet, done: Ids, n: int) -> Chunk:
    """At most `n` texts without a vector; `done`: ids of those that have one, ascending.

    Labelled texts first, then all others by their random rank. Audit texts wait their turn: one is
    needed when it is answered, and then it is labelled; the queue needs the pool.
    """
    first = _missing(_labelled(row.project_id), done)
    if first:
        return Chunk(first[:n], row.scanned)
    return _choose_by_rank(row, done, n)


def _labelled(project_id: int) -> list[int]:
    rows = Annotation.objects.filter(project_id=project_id, state=Annotation.State.LABELLED)
    return list(rows.order_by("pk").values_list("example_id", flat=True))


def _missing(ids: Sequence[int], done: Ids) -> list[int]:
    """Those of `ids` that have no vector yet, each once, in order."""
    known = np.isin(np.array(ids, np.int64), done)
    return list(dict.fromkeys(pk for pk, has in zip(ids, known, strict=True) if not has))


def _choose_by_rank(row: EmbeddingSet, done: Ids, n: int) -> Chunk:
    """Pool, audit and test texts together, lowest random rank first."""
    scanned: dict[str, int] = dict(row.scanned)
    while True:
        page = sorted(
            chain.from_iterable(
                _page(row.project_id, role, scanned.get(role))
                for role in (Example.Role.POOL, Example.Role.AUDIT, Example.Role.TEST)
            )
        )[:PAGE_ROWS]
        if not page:
            return Chunk([], scanned)
        missing = set(_missing([pk for _, pk, _ in page], done))
        ids = []
        for rank, pk, role in page:
            if pk in missing:
                ids.append(pk)
            scanned[role] = rank
            if len(ids) == n:
                break
        if ids:
            return Chunk(ids, scanned)


def _page(project_id: int, role: str, after: int | None) -> list[tuple[int, int, str]]:
    rows = Example.objects.filter(project_id=project_id, role=role)
    if after is not None:
        rows = rows.filter(random_rank__gt=after)
    return list(rows.order_by("random_rank").values_list("random_rank", "pk", "role")[:PAGE_ROWS])
