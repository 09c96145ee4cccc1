"""Parts of the features whose weights the project's own pool makes: fitted, stored, read again.

Only pool texts are looked at, never texts reserved to measure and never a test split, so that what
is measured there stays unseen. A model is fitted again when the pool has doubled; the one before
serves until the new vectors are complete, and its file stays as long as a fit refers to it.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Protocol

import numpy as np
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db.models import Max, QuerySet

from learners.engine.drawing import MOST_FITTED_TEXTS
from learners.engine.features import BagModel, fit_bag
from learners.engine.features.table import TableModel, column_list, fit_table_on_texts
from learners.models import EmbeddingSet, Fit
from learners.selectors.parts import outgrown, set_name
from learners.services.embedders import LoadEmbedder, TextEmbedder, tokenizer_of
from learners.services.shards import delete_files
from projects.models import Example, Project

FOLDER = "features"
MODELS_KEPT_READ = 8


class PoolModel(TextEmbedder, Protocol):
    """A fitted part: an embedder that can be stored."""

    def to_bytes(self) -> bytes: ...


def draft_of(project: Project, part: str) -> EmbeddingSet:
    """The set to fill for a part: the newest, or where there is none or the pool has outgrown it,
    a new one without weights yet.
    """
    rows = EmbeddingSet.objects.filter(project=project, embedder=set_name(part))
    newest = rows.order_by("-id").first()
    if newest is not None and not outgrown(project, newest):
        return newest
    row, _ = EmbeddingSet.objects.get_or_create(project=project, embedder=set_name(part), digest="")
    return row


def fill(row: EmbeddingSet, part: str, load: LoadEmbedder) -> None:
    """Fit the weights of a draft and store them; of two tasks at it, the first to finish has it.

    Raises:
        EngineError: the pool gives no such model; the message says why.
    """
    upto = _newest_pool_text(row.project)
    model = fitted(row.project, part, load, upto)
    facts = _stored(row.project, part, model, upto)
    done = {"error": "", "retry_at": None, "n_failures": 0}
    if not EmbeddingSet.objects.filter(pk=row.pk, digest="").update(**facts, **done):
        default_storage.delete(facts["model_file"])
    row.refresh_from_db()


def fill_again(project: Project, part: str, load: LoadEmbedder, upto: int) -> EmbeddingSet:
    """A set with the weights that the pool gave when `upto` was its greatest example id.

    Raises:
        EngineError: the pool gives no such model; the message says why.
    """
    facts = _stored(project, part, fitted(project, part, load, upto), upto)
    row, is_new = EmbeddingSet.objects.get_or_create(
        project=project, embedder=set_name(part), digest=facts.pop("digest"), defaults=facts
    )
    if not is_new:
        default_storage.delete(facts["model_file"])
    return row


def _stored(project: Project, part: str, model: PoolModel, upto: int) -> dict[str, Any]:
    """Write the weights into a file; what the set's row has to say of them."""
    file = f"{FOLDER}/{project.pk}/{part}-{model.digest}.npz"
    return {
        "digest": model.digest,
        "n_dimensions": model.n_dimensions,
        "max_tokens": model.max_tokens,
        "model_file": default_storage.save(file, ContentFile(model.to_bytes())),
        "fitted_upto": upto,
        "n_fitted": _pool(project, upto).count(),
    }


def fitted(project: Project, part: str, load: LoadEmbedder, upto: int) -> PoolModel:
    """The part's model on the pool texts with ids up to `upto`; the same again for the same texts.

    Raises:
        EngineError: the pool gives no such model; the message says why.
    """
    rows = _pool(project, upto).order_by("random_rank", "id")
    texts = list(rows.values_list("text", flat=True)[:MOST_FITTED_TEXTS])
    return FITTERS[part](project, part, texts, load)


Fitter = Callable[[Project, str, Sequence[str], LoadEmbedder], PoolModel]


def _bag(project: Project, part: str, texts: Sequence[str], load: LoadEmbedder) -> PoolModel:
    embedder = load()
    return fit_bag(
        kind=part,
        texts=texts,
        tokenizer=tokenizer_of(embedder),
        max_tokens=embedder.max_tokens,
        seed=_seed(project),
    )


def _table(project: Project, part: str, texts: Sequence[str], load: LoadEmbedder) -> PoolModel:
    return fit_table_on_texts(texts, column_list(project.feature_columns))


FITTERS: dict[str, Fitter] = {"lsi": _bag, "tfidf": _bag, "table": _table}
READERS: dict[str, Callable[[bytes], PoolModel]] = {
    "lsi": BagModel.from_bytes,
    "tfidf": BagModel.from_bytes,
    "table": TableModel.from_bytes,
}


def stored_model(row: EmbeddingSet, part: str) -> PoolModel:
    """The fitted part of a set.

    Raises:
        BadFile: the file is damaged; `rebuild_learners` makes it anew.
        FileNotFoundError: it is gone.
    """
    return _read(row.model_file, part)


@lru_cache(MODELS_KEPT_READ)
def _read(file: str, part: str) -> PoolModel:
    with default_storage.open(file) as stored:
        return READERS[part](stored.read())


def retire_older(row: EmbeddingSet) -> None:
    """`row` serves from now on: vectors of older sets of its part go, and weights that no fit uses.

    A fit that runs may be using any of them and says so only when it is published, so while one
    runs all weights stay, until the next set is complete.
    """
    fits = Fit.objects.filter(project=row.project_id)
    one_runs = fits.filter(status=Fit.Status.RUNNING).exists()
    older = EmbeddingSet.objects.filter(
        project_id=row.project_id, embedder=row.embedder, pk__lt=row.pk
    )
    for old in older:
        shards = list(old.shards.all())
        old.shards.all().delete()
        for shard in shards:
            delete_files(shard)
        if not one_runs and not fits.filter(**{f"parts__{row.embedder}": old.digest}).exists():
            old.delete()
            default_storage.delete(old.model_file)


def _pool(project: Project, upto: int) -> QuerySet[Example]:
    return Example.objects.filter(project=project, role=Example.Role.POOL, pk__lte=upto)


def _newest_pool_text(project: Project) -> int:
    newest = Example.objects.filter(project=project, role=Example.Role.POOL).aggregate(Max("pk"))
    return newest["pk__max"] or 0


def _seed(project: Project) -> int:
    return int(np.random.SeedSequence([abs(project.seed), 128]).generate_state(1)[0])
