"""What a fit found becomes visible at once and whole, or not at all."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction

from learners.engine.heads.keeping import AnyHead
from learners.engine.intervals import Interval
from learners.engine.ranking import Ranking
from learners.models import Fit, RankedExample, Score, SeedQueue
from learners.services.compaction import Superseded
from learners.services.honesty import HonestNumbers, save_numbers
from projects.models import Example, Project

QUEUES_KEPT = 3  # leases and open pages may still speak of the ones before
NOTE_CHARACTERS = 500
REASON_CHARACTERS = 300


@dataclass(frozen=True)
class Outcome:
    """What a fit found. `scores` by metric; `columns`: further columns of `Fit`, by name."""

    head: AnyHead
    scores: dict[str, Interval]
    ranking: Ranking | None
    notes: Sequence[str]
    columns: dict[str, Any]
    numbers: HonestNumbers


def publish(*, fit: Fit, outcome: Outcome, now: datetime) -> None:
    """Make `outcome` the project's model, scores and queue, in one transaction fenced by the token.

    Texts answered since the fit started are left out of the queue.

    Raises:
        Superseded: the fit was taken for dead meanwhile; nothing was written.
    """
    name = f"models/{fit.project_id}/{fit.token.hex}.npz"
    head_file = default_storage.save(name, ContentFile(outcome.head.to_bytes()))
    try:
        with transaction.atomic():
            _write(fit, outcome, head_file, now)
    except BaseException:
        default_storage.delete(head_file)
        raise


def _write(fit: Fit, outcome: Outcome, head_file: str, now: datetime) -> None:
    # The lock that every answer takes: none can settle a text between the look and the insert.
    Project.objects.select_for_update(no_key=True).get(pk=fit.project_id)
    mine = Fit.objects.filter(pk=fit.pk, token=fit.token, status=Fit.Status.RUNNING)
    written = mine.update(
        status=Fit.Status.PUBLISHED,
        head_file=head_file,
        class_ids=list(outcome.head.class_ids),
        note=" ".join(outcome.notes)[:NOTE_CHARACTERS],
        finished_at=now,
        heartbeat_at=now,
        **outcome.columns,
    )
    if not written:
        raise Superseded
    Score.objects.bulk_create(
        Score(fit=fit, metric=metric, value=s.value, low=s.low, high=s.high, n=s.n)
        for metric, s in outcome.scores.items()
    )
    save_numbers(fit=fit, numbers=outcome.numbers)
    if outcome.ranking is not None:
        _write_queue(fit, outcome.ranking)
    _prune(fit.project_id)
    SeedQueue.objects.filter(project_id=fit.project_id).delete()  # there is a model now


def replace_queue(*, fit: Fit, ranking: Ranking, columns: dict[str, Any]) -> bool:
    """Put a new ranking in the place of a published fit's queue, unless a newer fit has one.

    `columns`: columns of `Fit` that change with it. Returns whether it was written.
    """
    with transaction.atomic():
        Project.objects.select_for_update(no_key=True).get(pk=fit.project_id)
        published = Fit.objects.filter(project_id=fit.project_id, status=Fit.Status.PUBLISHED)
        newest = published.order_by("-id").first()
        if newest is None or newest.token != fit.token:
            return False
        RankedExample.objects.filter(fit=fit).delete()
        _write_queue(fit, ranking)
        published.filter(pk=fit.pk).update(**columns)
    return True


def _write_queue(fit: Fit, ranking: Ranking) -> None:
    RankedExample.objects.bulk_create(
        RankedExample(fit=fit, **place) for place in open_places(ranking)
    )


def open_places(ranking: Ranking) -> Iterator[dict[str, Any]]:
    """The columns of each place of a queue, without texts answered since. Call it under the
    project's lock, which every answer takes.
    """
    ids = [int(pk) for pk in ranking.ids]
    is_open = set(Example.objects.filter(pk__in=ids, settled=False).values_list("pk", flat=True))
    rows = zip(ids, np.asarray(ranking.scores, float), ranking.reasons, strict=True)
    for rank, (pk, score, reason) in enumerate(rows, start=1):
        if pk in is_open:
            yield {
                "example_id": pk,
                "rank": rank,
                "score": float(score),
                "reason": reason[:REASON_CHARACTERS],
            }


def _prune(project_id: int) -> None:
    """Keep the queues of the last few fits only."""
    kept = Fit.objects.filter(project_id=project_id, status=Fit.Status.PUBLISHED).order_by("-id")
    kept_ids = list(kept.values_list("pk", flat=True)[:QUEUES_KEPT])
    RankedExample.objects.filter(fit__project_id=project_id).exclude(fit_id__in=kept_ids).delete()
