"""What one fit learns from and ranks: vectors of labels, of the classes' names and of the pool.

Features of several parts lie in several embedding sets. A text can be ranked as soon as its first
part is stored; further parts are cheap, and where one is not stored it is computed here.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from learners.engine.errors import BadFile, BadVectors
from learners.engine.features import joined
from learners.models import EmbeddingSet, Fit
from learners.selectors.class_texts import class_texts
from learners.selectors.parts import POOL_FITTED, current_set, parts_of, set_name
from learners.selectors.training import TrainingSet
from learners.services.embedders import (
    LoadEmbedder,
    TextEmbedder,
    current_embedder,
    embedder_of_part,
)
from learners.services.pool_models import draft_of, fill, stored_model
from learners.services.pool_samples import PoolSample, pool_sample
from learners.services.shards import (
    Ids,
    OpenShard,
    ShardIndex,
    Vectors,
    blocks,
    open_shards,
)
from projects.models import Example

if TYPE_CHECKING:
    from learners.engine.training import Names


LOOKED_AT = 100  # texts of the pool, where the labelled ones have one and the same vector


@dataclass(frozen=True)
class Part:
    """One part of the features as one fit sees it: stored vectors, and what makes missing ones.

    `name` of what makes it; `embedder()` may load a model and raises EmbedderUnavailable.
    """

    part: str
    name: str
    digest: str
    shards: list[OpenShard]
    source: EmbeddingSet | None
    load: LoadEmbedder
    index: ShardIndex = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "index", ShardIndex(self.shards))

    def embedder(self) -> TextEmbedder:
        """What makes the vectors of this part."""
        if self.part in POOL_FITTED:
            assert self.source is not None
            return stored_model(self.source, self.part)
        return embedder_of_part(self.part, self.load)

    def vectors(self, ids: Ids) -> Vectors:
        """Of examples (n,), stored or computed now, float32 (n, n_dimensions)."""
        found, stored = self.index.vectors_of(ids)
        if found.all() and len(ids):
            return stored
        embedder = self.embedder()
        every = np.empty((len(ids), embedder.n_dimensions), np.float32)
        if found.any():
            every[found] = stored
        if not found.all():
            every[~found] = _embedded_now(ids[~found], embedder)
        return every


@dataclass(frozen=True)
class Material:
    """Everything a fit needs of texts.

    Attributes:
        training: the labels; `X`: their vectors, float32 (n_labels, d), in that order.
        names: of the classes as they were at the fit, where they are training examples.
        parts: of the features, in the order in which they are joined.
        sample, pool: unlabelled texts and their vectors, float32 (n, d), for heads that learn from
            the pool too; None for the others.
        notes: what a reader must know of the features.
    """

    project_id: int
    training: TrainingSet
    X: Vectors
    names: "Names | None"
    parts: tuple[Part, ...]
    sample: PoolSample | None
    pool: Vectors | None
    notes: tuple[str, ...] = ()

    @property
    def y(self) -> NDArray[np.int64]:
        """Class ids, (n_labels,)."""
        return self.training.class_ids

    @property
    def digests(self) -> dict[str, str]:
        """SHA-256 of what made each part."""
        return {part.part: part.digest for part in self.parts}

    def blocks(self, wanted: Ids) -> Iterator[tuple[Ids, Vectors]]:
        """(ids (m,), vectors (m, d) float32) of those `wanted` whose first part is stored."""
        first, *others = self.parts
        for ids, vectors in blocks(first.shards, wanted):
            yield ids, joined([vectors, *(part.vectors(ids) for part in others)])


def gather(*, fit: Fit, training: TrainingSet, load: LoadEmbedder = current_embedder) -> Material:
    """The material of `fit`, stored vectors and missing ones computed here and now.

    Those are not stored: only one task writes to a set, and it takes labelled texts first. Parts
    that the pool makes are those of `fit.parts` where it names them, and fitted where none is yet.

    Raises:
        EngineError: an embedder is missing, the pool too small or all of its vectors the same; the
            message says what to do.
    """
    parts = tuple(_part(fit, part, training.example_ids, load) for part in parts_of(fit.features))
    sample = pool_sample(fit=fit, training=training, is_stored=parts[0].index.holds)
    X = _side_by_side(parts, training.example_ids)
    pool = _side_by_side(parts, sample.ids) if sample else None
    _refuse_all_alike(fit, parts, X if pool is None else np.concatenate([X, pool]))
    return Material(
        project_id=fit.project_id,
        training=training,
        X=X,
        names=_names(fit, parts) if fit.label_names else None,
        parts=parts,
        sample=sample,
        pool=pool,
        notes=tuple(note for note in (_note(part) for part in parts) if note),
    )


def _refuse_all_alike(fit: Fit, parts: tuple[Part, ...], rows: Vectors) -> None:
    """Raises BadVectors where features tell no text from another: scores and queue would look like
    some, and be none. Where labels alone are alike, texts of the pool are looked at as well.
    """
    if _differ(rows):
        return
    pool = Example.objects.filter(project_id=fit.project_id, role=Example.Role.POOL)
    looked_at = pool.order_by("random_rank").values_list("pk", flat=True)[:LOOKED_AT]
    ids = np.array(list(looked_at), np.int64)
    stored = ids[parts[0].index.holds(ids)]
    seen = [rows, _side_by_side(parts, stored)] if len(rows) else [_side_by_side(parts, stored)]
    if len(stored) > 1 and not _differ(np.concatenate(seen)):
        raise BadVectors(
            f"the vectors by “{fit.features}” are the same for every text looked at, so nothing "
            "can be learnt from them. Choose other features, or see what LABELER_EMBEDDER names and "
            "whether the right column holds the texts"
        )


def _differ(rows: Vectors) -> bool:
    return len(rows) > 1 and bool((rows != rows[0]).any())


def _side_by_side(parts: tuple[Part, ...], ids: Ids) -> Vectors:
    return joined([part.vectors(ids) for part in parts])


def _part(fit: Fit, part: str, needed: Ids, load: LoadEmbedder) -> Part:
    if part in POOL_FITTED:
        source = _fitted_set(fit, part, load)
        return Part(part, part, source.digest, open_shards(source), source, load)
    stored = current_set(fit.project_id, part)
    if stored is None or not stored.digest:
        return _unread(part, load)
    found = Part(part, stored.embedder, stored.digest, open_shards(stored), stored, load)
    nothing_to_embed = not fit.label_names and len(needed) > 0 and found.index.holds(needed).all()
    if nothing_to_embed or found.embedder().digest == found.digest:
        return found
    return _unread(part, load)  # vectors of another model do not mix


def _unread(part: str, load: LoadEmbedder) -> Part:
    embedder = embedder_of_part(part, load)
    return Part(part, embedder.name, embedder.digest, [], None, load)


def _fitted_set(fit: Fit, part: str, load: LoadEmbedder) -> EmbeddingSet:
    """The set whose weights `fit` used, or for a new fit those that serve now.

    Raises:
        BadFile: there is no such set any more; other weights would make another model.
    """
    sets = EmbeddingSet.objects.filter(project_id=fit.project_id, embedder=set_name(part))
    if digest := fit.parts.get(part):
        if used := sets.filter(digest=digest).first():
            return used
        raise BadFile(
            f"the {part.upper()} weights {digest[:12]}… that fit {fit.pk} was made with are gone; "
            "press “Retrain now” for a model with those of today"
        )
    source = current_set(fit.project_id, part)
    if source is None or not source.digest:
        source = draft_of(fit.project, part)
        fill(source, part, load)
    return source


def _embedded_now(ids: Ids, embedder: TextEmbedder) -> Vectors:
    texts = dict(Example.objects.filter(pk__in=ids.tolist()).values_list("pk", "text"))
    return _as_stored(embedder.embed([texts[pk] for pk in ids.tolist()]).vectors)


def _as_stored(vectors: NDArray[np.float32]) -> Vectors:
    return vectors.astype(np.float16).astype(np.float32)  # as exact as a stored vector, not more


def _names(fit: Fit, parts: tuple[Part, ...]) -> "Names | None":
    """The classes' names and descriptions as they were at the fit, None where none says anything."""
    from learners.engine.training import Names, name_texts  # noqa: PLC0415  with the fit

    classes = class_texts(fit.project_id, fit.upto_seq)
    pairs = name_texts([c.name for c in classes], [c.description for c in classes])
    if not pairs:
        return None
    texts = [text for text, _ in pairs]
    vectors = joined([_as_stored(part.embedder().embed(texts).vectors) for part in parts])
    class_ids = np.array([classes[place].class_id for _, place in pairs], np.int64)
    return Names(vectors, class_ids)


def _note(part: Part) -> str:
    """What the model of a part says of itself, such as fewer columns than asked for."""
    if part.part not in POOL_FITTED:
        return ""
    note: str = getattr(part.embedder(), "note", "")
    return f"{part.part.upper()} has {note}." if note else ""
