"""What a published fit says of texts: the application's own way, in a worker."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from django.core.files.storage import default_storage
from numpy.typing import NDArray

from learners.engine.heads import Head
from learners.models import Fit
from learners.services.embedders import TextEmbedder, current_embedder


class OtherEmbedder(LookupError):
    """The embedder in use is not the one the fit was trained on."""


@dataclass(frozen=True)
class Prediction:
    """`probabilities`: (n_texts, n_classes), rows sum to 1, columns in the order of `class_ids`."""

    class_ids: tuple[int, ...]
    probabilities: NDArray[np.float64]

    @property
    def likeliest(self) -> NDArray[np.int64]:
        """Class ids, (n_texts,)."""
        ids: NDArray[np.int64] = np.array(self.class_ids, np.int64)[self.probabilities.argmax(1)]
        return ids


def predict(*, fit: Fit, texts: Sequence[str]) -> Prediction:
    """Class probabilities of `texts` by the model of `fit`.

    Raises:
        OtherEmbedder, EmbedderUnavailable: its embedder is not at hand.
        BadFile: the stored head is damaged; `rebuild_learners` makes it anew.
    """
    head = head_of(fit)
    vectors = embedder_of(fit).embed(texts).vectors
    return Prediction(head.class_ids, head.predict_proba(vectors))


def head_of(fit: Fit) -> Head:
    """The trained head of a published fit. Raises BadFile, or FileNotFoundError."""
    with default_storage.open(fit.head_file) as stored:
        return Head.from_bytes(stored.read())


def embedder_of(fit: Fit) -> TextEmbedder:
    """The embedder the fit was trained on, told by its weights' digest.

    Raises:
        OtherEmbedder: another is configured now.
    """
    embedder = current_embedder()
    if embedder.digest != fit.embedder_digest:
        raise OtherEmbedder(
            f"Fit {fit.pk} was trained on the embedder {fit.embedder!r}, but {embedder.name!r} is "
            "configured now. Train again, or set LABELER_EMBEDDER back."
        )
    return embedder
