"""What a published fit says of texts: the application's own way, in a worker."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
from django.core.files.storage import default_storage
from numpy.typing import NDArray

from learners.engine.errors import BadFile
from learners.engine.features import BagModel, joined
from learners.engine.heads.keeping import AnyHead, read_head
from learners.engine.multilabel import MultiLabelHead
from learners.models import EmbeddingSet, Fit
from learners.selectors.parts import MINILM, POOL_FITTED, parts_of, set_name
from learners.services.embedders import TextEmbedder, current_embedder, embedder_of_part
from learners.services.pool_models import PoolModel, stored_model


class OtherEmbedder(LookupError):
    """The embedder in use is not the one the fit was trained on."""


@dataclass(frozen=True)
class Prediction:
    """`probabilities`: (n_texts, n_classes), columns in the order of `class_ids`; rows sum to 1 where
    a text has one class. `has`: where it has any number, which, (n_texts, n_classes).
    """

    class_ids: tuple[int, ...]
    probabilities: NDArray[np.float64]
    has: NDArray[np.bool_] | None = None

    @property
    def likeliest(self) -> NDArray[np.int64]:
        """Class ids, (n_texts,); of a text with any number of classes not what it has."""
        ids: NDArray[np.int64] = np.array(self.class_ids, np.int64)[self.probabilities.argmax(1)]
        return ids

    @property
    def class_sets(self) -> list[tuple[int, ...]]:
        """The ids of the classes of each text, ascending: one, or where it has any number all."""
        if self.has is None:
            return [(int(class_id),) for class_id in self.likeliest]
        ids = np.array(self.class_ids, np.int64)
        return [tuple(sorted(ids[row].tolist())) for row in self.has]


def predict(*, fit: Fit, texts: Sequence[str]) -> Prediction:
    """Class probabilities of `texts` by the model of `fit`.

    Raises:
        OtherEmbedder, EmbedderUnavailable: its embedder is not at hand.
        BadFile: the stored head is damaged; `rebuild_learners` makes it anew.
    """
    head = head_of(fit)
    vectors = vectors_for(fit=fit, texts=texts)
    probabilities = head.predict_proba(vectors)
    has = probabilities >= head.thresholds if isinstance(head, MultiLabelHead) else None
    return Prediction(head.class_ids, probabilities, has)


def vectors_for(*, fit: Fit, texts: Sequence[str]) -> NDArray[np.float32]:
    """Texts as the model of `fit` sees them, float32 (n_texts, d): all parts side by side.

    Raises:
        OtherEmbedder, EmbedderUnavailable: an embedder is not at hand.
        BadFile: what the pool had made is damaged or gone; `rebuild_learners` makes it anew.
    """
    makers = [_maker(fit, part) for part in parts_of(fit.features)]
    vectors: NDArray[np.float32] = joined([maker.embed(texts).vectors for maker in makers])
    return vectors


def pool_models_of(fit: Fit) -> list[PoolModel]:
    """The parts of a fit that its pool made, in the order in which they are joined."""
    return [_pool_model(fit, part) for part in parts_of(fit.features) if part in POOL_FITTED]


def token_tables_of(fit: Fit) -> list[BagModel]:
    """The parts of a fit that need no network, in the order in which they are joined.

    Raises:
        OtherEmbedder, EmbedderUnavailable, BadFile: as `vectors_for`.
    """
    parts = [part for part in parts_of(fit.features) if part != MINILM]
    return [cast(BagModel, _maker(fit, part)) for part in parts]


def _maker(fit: Fit, part: str) -> TextEmbedder:
    if part in POOL_FITTED:
        return _pool_model(fit, part)
    return _same(fit, part, embedder_of_part(part, current_embedder))


def _pool_model(fit: Fit, part: str) -> PoolModel:
    sets = EmbeddingSet.objects.filter(project_id=fit.project_id, embedder=set_name(part))
    row = sets.exclude(digest="").filter(digest=fit.parts.get(part, "")).first()
    if row is None:
        raise BadFile(
            f"What fit {fit.pk} learned from the words of its pool ({part.upper()}) is gone; "
            "`manage.py rebuild_learners` makes it again."
        )
    return stored_model(row, part)


def head_of(fit: Fit) -> AnyHead:
    """The trained head of a published fit. Raises BadFile, or FileNotFoundError."""
    with default_storage.open(fit.head_file) as stored:
        return read_head(stored.read())


def embedder_of(fit: Fit) -> TextEmbedder:
    """The embedder the fit was trained on, or whose tokenizer it used.

    Raises:
        OtherEmbedder: another is configured now.
    """
    return _same(fit, MINILM, current_embedder())


def _same(fit: Fit, part: str, embedder: TextEmbedder) -> TextEmbedder:
    """The embedder, told to be the fit's by the digest of its weights."""
    if part in fit.parts and embedder.digest != fit.parts[part]:
        raise OtherEmbedder(
            f"Fit {fit.pk} was trained on the embedder {fit.embedder!r}, but {embedder.name!r} is "
            "configured now. Train again, or set LABELER_EMBEDDER back."
        )
    return embedder
