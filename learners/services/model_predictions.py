"""What a model says of the audit answers, kept as one npz file in storage."""

import hashlib
import io
import zipfile
from dataclasses import dataclass

import numpy as np
from django.core.files.storage import default_storage
from numpy.typing import NDArray

from learners.services.model_files import ModelFilesGone, keep_file


@dataclass(frozen=True, eq=False)
class Predictions:
    """Of n texts and k classes.

    Attributes:
        example_ids: (n,) int64.
        y: (n,) int64, class ids that people gave when the model was measured.
        probabilities: (n, k) float32.
        class_ids: (k,) int64, of the columns.
    """

    example_ids: NDArray[np.int64]
    y: NDArray[np.int64]
    probabilities: NDArray[np.float32]
    class_ids: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.example_ids)

    @property
    def said(self) -> NDArray[np.int64]:
        """The likeliest class of each text, (n,)."""
        return np.asarray(self.class_ids[self.probabilities.argmax(axis=1)])


def save_predictions(*, project_id: int, predictions: Predictions) -> str:
    """Store them and return the file's name in storage. The same ones are stored once."""
    buffer = io.BytesIO()
    np.savez(
        buffer,
        example_ids=predictions.example_ids.astype(np.int64),
        y=predictions.y.astype(np.int64),
        probabilities=predictions.probabilities.astype(np.float32),
        class_ids=predictions.class_ids.astype(np.int64),
    )
    content = buffer.getvalue()
    digest = hashlib.sha256(content).hexdigest()
    name = f"models/{project_id}/predictions/{digest}.npz"
    keep_file(name, content, digest)
    return name


def read_predictions(name: str) -> Predictions:
    """Raises ModelFilesGone where the file is not there, or is not whole."""
    columns = ("example_ids", "y", "probabilities", "class_ids")
    try:
        with default_storage.open(name or "missing") as stored:
            arrays = np.load(io.BytesIO(stored.read()), allow_pickle=False)
        return Predictions(*(arrays[column] for column in columns))
    except (FileNotFoundError, ValueError, EOFError, KeyError, zipfile.BadZipFile):
        raise ModelFilesGone(
            "What this model said of the random texts is gone from the storage, or is not whole. Bring it back from "
            "a backup, or train the ladder again."
        ) from None
