"""Recovery: throw away everything the machine made of a project and make it again from the ledgers."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from functools import partial
from uuid import UUID

from django.core.files.storage import default_storage
from django.db import transaction

from learners.engine.recipes import POOL_SAMPLE
from learners.models import EmbeddingSet, Fit, SeedQueue
from learners.selectors.class_texts import n_telling_names
from learners.selectors.parts import POOL_FITTED, newest_set, parts_in_order_of_work
from learners.selectors.settings_history import newest_text_at, project_at, settings_at
from learners.selectors.training import training_set_from_ledger
from learners.services.due_work import label_change_marks
from learners.services.embedders import LoadEmbedder, current_embedder
from learners.services.embedding import Clock, embed_chunk
from learners.services.fitting import compute, plan
from learners.services.heartbeat import process_name
from learners.services.pool_models import FOLDER, fill_again
from learners.services.publishing import Outcome, publish
from learners.services.seeding import rank_first
from projects.models import Project, ProjectEvent

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
    features: str
    label_names: bool
    strict_audit: bool
    parts: dict[str, str]
    pool_upto: int | None
    n_pool_sample: int | None
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
    `upto_seq`, seed and strategy, and so their scores; the newest gets its queue again, and a project
    that has no fit yet its first questions, over the labels of today. Without
    rows to tell, there is one fit for each full batch of label changes, with the settings and the
    texts of its time, and one before them where the classes' names train.

    Returns:
        How many fits were published.

    Raises:
        RebuildFailed: the texts could not be embedded; the message says why.
        EngineError: a fit could not be computed.
    """
    planned = planned_fits(project_id)
    weights = _pool_weights(project_id, planned)
    planned = [_without_lost_weights(fit, weights, say) for fit in planned]
    _delete_embeddings(project_id)
    _fit_pool_weights(project_id, weights, load)
    _embed_all(project_id, new_token, clock, load, say)
    computed = []
    for planned_fit in planned:
        fit = Fit(project_id=project_id, token=new_token(), **asdict(planned_fit))
        computed.append((fit, _computed(fit, clock, load, is_newest=planned_fit is planned[-1])))
        say(f"fit {len(computed)} of {len(planned)} computed")
    _replace(project_id, computed, clock())
    _rank_first(project_id, new_token, clock, load, say)
    return len(computed)


def planned_fits(project_id: int) -> list[PlannedFit]:
    """The published fits by their rows, or where there are none, by the ledger, oldest first."""
    rows = Fit.objects.filter(project_id=project_id, status=Fit.Status.PUBLISHED).order_by("id")
    names = list(PlannedFit.__dataclass_fields__)
    known = [PlannedFit(**row) for row in rows.values(*names)]
    return known or list(_planned_from_ledger(project_id))


def _planned_from_ledger(project_id: int) -> Iterator[PlannedFit]:
    """A fit from the classes' names alone where they trained when the first texts came, and one for
    each batch of label changes that was full by the settings of its time.
    """
    waiting, upto_seq = 0, 0
    if first := _first_of_names(project_id):
        yield first
        upto_seq = first.upto_seq
    for seq, moment in label_change_marks(project_id):
        waiting += seq > upto_seq
        if waiting >= settings_at(project_id, seq)["batch_size"]:
            waiting, project = 0, project_at(project_id, seq)
            if _trained(project, seq):
                yield _planned(project, seq, moment)


def _first_of_names(project_id: int) -> PlannedFit | None:
    events = ProjectEvent.objects.filter(project_id=project_id, kind=ProjectEvent.Kind.IMPORTED)
    imported = events.order_by("seq").first()
    if imported is None:
        return None
    project = project_at(project_id, imported.seq)
    names = _names_trained(project, imported.seq)
    return _planned(project, imported.seq, imported.created_at) if names else None


def _trained(project: Project, seq: int) -> bool:
    if _names_trained(project, seq):
        return True
    training = training_set_from_ledger(project.pk, seq)
    return len(training.trained_classes(project.strict_audit)) > 1


def _names_trained(project: Project, seq: int) -> bool:
    return project.label_names and n_telling_names(project.pk, seq) > 1


def _planned(project: Project, seq: int, moment: datetime) -> PlannedFit:
    return PlannedFit(
        id=None,
        **plan(project, seq),
        parts={},
        pool_upto=newest_text_at(project.pk, seq),
        n_pool_sample=POOL_SAMPLE,
        forced=False,
        due_at=moment,
        started_at=moment,
        n_ranked_from=None,
        n_pool=None,
    )


@dataclass(frozen=True)
class _PoolWeights:
    """Which texts made the weights of a part: the same ones make the same again."""

    part: str
    digest: str
    fitted_upto: int


def _pool_weights(project_id: int, planned: Sequence[PlannedFit]) -> list[_PoolWeights]:
    """Weights that the planned fits used and whose rows tell what they were made of, oldest first."""
    used = {(part, digest) for fit in planned for part, digest in fit.parts.items()}
    rows = EmbeddingSet.objects.filter(
        project_id=project_id, embedder__in=POOL_FITTED, fitted_upto__isnull=False
    ).order_by("id")
    return [
        _PoolWeights(row.embedder, row.digest, row.fitted_upto or 0)
        for row in rows
        if (row.embedder, row.digest) in used
    ]


def _without_lost_weights(fit: PlannedFit, weights: Sequence[_PoolWeights], say: Say) -> PlannedFit:
    """The fit, to be made with weights of today where nothing tells any more which it had."""
    known = {(kept.part, kept.digest) for kept in weights}
    lost = [
        part
        for part, digest in fit.parts.items()
        if part in POOL_FITTED and (part, digest) not in known
    ]
    if not lost:
        return fit
    names = ", ".join(part.upper() for part in lost)
    say(f"fit {fit.id}: the rows of its {names} weights are gone; made with those of today")
    return replace(
        fit, parts={part: digest for part, digest in fit.parts.items() if part not in lost}
    )


def _fit_pool_weights(project_id: int, weights: Sequence[_PoolWeights], load: LoadEmbedder) -> None:
    """Raises RebuildFailed where the same texts no longer make the same weights."""
    project = Project.objects.get(pk=project_id)
    for old in weights:
        row = fill_again(project, old.part, load, old.fitted_upto)
        if row.digest != old.digest:
            raise RebuildFailed(
                f"{old.part.upper()} came out different from what the fits had used: the texts of "
                "the pool, the embedder's tokenizer or the machine are not the same any more"
            )


def _delete_embeddings(project_id: int) -> None:
    EmbeddingSet.objects.filter(project_id=project_id).delete()
    _delete_files(f"embeddings/{project_id}")
    _delete_files(f"{FOLDER}/{project_id}")


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
    project = Project.objects.filter(pk=project_id, binned_at__isnull=True).first()
    for part in parts_in_order_of_work(project.features) if project else ():
        embed = partial(embed_chunk, project_id=project_id, clock=clock, load=load, part=part)
        _embed_part(embed, new_token, partial(newest_set, project_id, part), say)


def _embed_part(
    embed: Callable[..., bool],
    new_token: Tokens,
    newest: Callable[[], EmbeddingSet | None],
    say: Say,
) -> None:
    while True:
        more = embed(token=new_token())
        row = newest()
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


def _rank_first(
    project_id: int, new_token: Tokens, clock: Clock, load: LoadEmbedder, say: Say
) -> None:
    """The first questions, where there is no model yet. An error is kept for the page as well."""
    SeedQueue.objects.filter(project_id=project_id).delete()
    row = rank_first(project_id=project_id, token=new_token(), clock=clock, load=load)
    if row is not None:
        failed = f"could not be ranked: {row.error}"
        say(f"the first questions {failed if row.error else 'are ranked'}")


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
