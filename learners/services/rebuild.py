"""Recovery: throw away everything the machine made of a project and make it again from the ledgers."""

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from django.core.files.storage import default_storage
from django.db import transaction

from learners.models import EmbeddingSet, Fit
from learners.selectors.status import current_set
from learners.selectors.training import training_set_from_ledger
from learners.services.due_work import label_change_marks
from learners.services.embedders import current_embedder
from learners.services.embedding import Clock, LoadEmbedder, embed_chunk
from learners.services.fitting import compute, fit_seed, plan
from learners.services.heartbeat import process_name
from learners.services.publishing import Outcome, publish
from projects.models import Project

Tokens = Callable[[], UUID]
Say = Callable[[str], None]


class RebuildFailed(RuntimeError):
    """Why the rebuilding stopped; calling it again starts anew."""


@dataclass(frozen=True)
class PlannedFit:
    """A fit to compute again; `id` is None where no row told of it and the ledger alone does."""

    id: int | None
    strategy: str
    head: str
    upto_seq: int
    seed: int
    forced: bool
    due_at: datetime
    started_at: datetime
    n_ranked_from: int | None
    n_pool: int | None


def rebuild_project(
    *,
    project_id: int,
    new_token: Tokens,
    clock: Clock,
    say: Say,
    load: LoadEmbedder = current_embedder,
) -> int:
    """Delete all rows and files that the machine made of a project, embed its texts, compute its
    published fits again from the ledgers and publish them. Labels and ledgers are not touched.

    The old fits serve until the new ones take their place, all at once. Fits keep their numbers,
    `upto_seq`, seed and strategy, and so their scores; the newest gets its queue again. Without
    rows to tell, there is one fit for each full batch of label changes.

    Returns:
        How many fits were published.

    Raises:
        RebuildFailed: the texts could not be embedded; the message says why.
        EngineError: a fit could not be computed.
    """
    planned = planned_fits(project_id)
    _delete_embeddings(project_id)
    _embed_all(project_id, new_token, clock, load, say)
    computed = []
    for planned_fit in planned:
        fit = Fit(project_id=project_id, token=new_token(), **asdict(planned_fit))
        computed.append((fit, _computed(fit, clock, load, is_newest=planned_fit is planned[-1])))
        say(f"fit {len(computed)} of {len(planned)} computed")
    _replace(project_id, computed, clock())
    return len(computed)


def planned_fits(project_id: int) -> list[PlannedFit]:
    """The published fits by their rows, or where there are none, by the ledger, oldest first."""
    rows = Fit.objects.filter(project_id=project_id, status=Fit.Status.PUBLISHED).order_by("id")
    names = list(PlannedFit.__dataclass_fields__)
    known = [PlannedFit(**row) for row in rows.values(*names)]
    return known or list(_planned_from_ledger(project_id))


def _planned_from_ledger(project_id: int) -> Iterator[PlannedFit]:
    project = Project.objects.get(pk=project_id)
    marks = label_change_marks(project_id)
    for seq, moment in marks[project.batch_size - 1 :: project.batch_size]:
        if len(training_set_from_ledger(project_id, seq).classes()) > 1:
            yield PlannedFit(
                id=None,
                strategy=project.strategy,
                head=str(plan(project, seq)["head"]),
                upto_seq=seq,
                seed=fit_seed(project.seed, seq),
                forced=False,
                due_at=moment,
                started_at=moment,
                n_ranked_from=None,
                n_pool=None,
            )


def _delete_embeddings(project_id: int) -> None:
    EmbeddingSet.objects.filter(project_id=project_id).delete()
    _delete_files(f"embeddings/{project_id}")


def _delete_files(folder: str) -> None:
    try:
        folders, files = default_storage.listdir(folder)
    except FileNotFoundError:
        return
    for name in files:
        default_storage.delete(f"{folder}/{name}")
    for name in folders:
        _delete_files(f"{folder}/{name}")


def _embed_all(
    project_id: int, new_token: Tokens, clock: Clock, load: LoadEmbedder, say: Say
) -> None:
    while True:
        more = embed_chunk(project_id=project_id, token=new_token(), clock=clock, load=load)
        row = current_set(project_id)
        if row is None:
            return  # no such project any more, or it lies in the bin
        say(f"{row.n_done:,} of {row.n_total:,} texts read")
        if row.error:
            raise RebuildFailed(f"reading the texts failed: {row.error}")
        if row.finished_at:
            return
        if not more:
            time.sleep(1)  # a worker is at it as well; its chunk counts


def _computed(fit: Fit, clock: Clock, load: LoadEmbedder, *, is_newest: bool) -> Outcome:
    training = training_set_from_ledger(fit.project_id, fit.upto_seq)
    return compute(fit=fit, training=training, clock=clock, load=load, rank=is_newest)


def _replace(project_id: int, computed: list[tuple[Fit, Outcome]], now: datetime) -> None:
    """Put the new fits in the place of the old ones at once. Fits that a live worker published
    since the plan was made are newer than all of these, and stay.
    """
    last_id = max((fit.pk for fit, _ in computed if fit.pk), default=None)
    with transaction.atomic():
        Project.objects.select_for_update(no_key=True).get(pk=project_id)
        old = Fit.objects.filter(project_id=project_id)
        if last_id is not None:
            old = old.filter(pk__lte=last_id)
        files = [name for row in old.values_list("head_file", "bundle_file") for name in row]
        old.delete()
        for fit, outcome in computed:
            fit.heartbeat_at = now
            fit.worker = process_name()
            fit.save(force_insert=True)
            publish(fit=fit, outcome=outcome, now=now)
    for name in filter(None, files):
        default_storage.delete(name)
