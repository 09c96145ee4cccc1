"""Static vectors: each word piece has one, distilled from a sentence embedder, and a text has their sum.

model2vec (Tulkens and van Dongen 2024, "Model2Vec: fast state-of-the-art static embeddings", MIT
licence): the embedder reads each word piece alone, the results are cut to 256 principal components
and weighted by how rare a piece of that rank is (Arora, Liang and Ma 2017, "A simple but
tough-to-beat baseline for sentence embeddings", ICLR). Thousands of texts a second, without torch.

Distilling needs torch and a minute or two, once for an embedder; a worker does it with `ensure_static`.
"""

import contextlib
import io
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from learners.engine.embedding import INSTALL_AGAIN, Embedder
from learners.engine.errors import BadFile, EmbedderUnavailable
from learners.engine.features.bag import BagModel, ordinary_ids, plain_tokenizer_json

FORMAT = 1
N_COLUMNS = 256


def ensure_static(*, embedder: Embedder, cache_folder: Path) -> BagModel:
    """The static vectors of `embedder`, distilled unless they were before.

    Whole or not at all: the file is written beside its place and moved there.

    Raises:
        EmbedderUnavailable: model2vec is missing, or this embedder has no network to distil.
        BadFile: the kept file was damaged.
    """
    kept = find_static(cache_folder=cache_folder, digest=embedder.digest)
    if kept is not None:
        return kept
    made = distil(embedder)
    cache_folder.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=cache_folder, suffix=".part", delete=False) as file:
        file.write(made.to_bytes())
    os.replace(file.name, _file(cache_folder, embedder.digest))
    return made


def find_static(*, cache_folder: Path, digest: str) -> BagModel | None:
    """The static vectors distilled before from the embedder with this digest, None before. No torch.

    Raises:
        BadFile: the kept file was damaged.
    """
    file = _file(cache_folder, digest)
    if not is_kept(cache_folder=cache_folder, digest=digest):
        return None
    try:
        return BagModel.from_bytes(file.read_bytes())
    except BadFile as error:
        raise BadFile(f"{file} is damaged; delete it and it will be made anew") from error


def is_kept(*, cache_folder: Path, digest: str) -> bool:
    """Whether static vectors were distilled before from the embedder with this digest."""
    return _file(cache_folder, digest).is_file()


def _file(cache_folder: Path, digest: str) -> Path:
    return cache_folder / f"{digest}-static-{FORMAT}.npz"


def distil(embedder: Embedder) -> BagModel:
    """A vector for each word piece of the embedder's tokenizer. The same embedder, the same vectors.

    Raises:
        EmbedderUnavailable: model2vec is missing, or this embedder has no network to distil.
    """
    try:
        from model2vec.distill import distill_from_model  # noqa: PLC0415
    except ImportError as error:
        raise EmbedderUnavailable(f"{error}: {INSTALL_AGAIN}") from error
    network, tokenizer = _network(embedder)
    with contextlib.redirect_stderr(io.StringIO()):  # a progress bar
        static = distill_from_model(
            model=network, tokenizer=tokenizer, pca_dims=N_COLUMNS, device="cpu"
        )
    return from_pieces(
        pieces=static.tokens,
        vectors=static.embedding,
        tokenizer=tokenizer.backend_tokenizer,
        max_tokens=embedder.max_tokens,
    )


def from_pieces(*, pieces: Any, vectors: Any, tokenizer: Any, max_tokens: int) -> BagModel:
    """A token table from word pieces (n,) and their vectors (n, d).

    Pieces are found by name: model2vec numbers them anew, having left some out. What the tokenizer
    does not know is dropped, and so are special tokens.
    """
    known, ordinary = tokenizer.get_vocab(), ordinary_ids(tokenizer)
    rows = np.full(len(ordinary), -1, np.int32)
    kept = [
        place for place, piece in enumerate(pieces) if piece in known and ordinary[known[piece]]
    ]
    rows[[known[pieces[place]] for place in kept]] = np.arange(len(kept))
    return BagModel(
        name="static",
        table=np.asarray(vectors)[kept].astype(np.float16),
        rows=rows,
        tokenizer_json=plain_tokenizer_json(tokenizer),
        max_tokens=max_tokens,
    )


def _network(embedder: Any) -> tuple[Any, Any]:
    try:
        return embedder.model[0].auto_model, embedder.model.tokenizer
    except (AttributeError, KeyError, TypeError, IndexError) as error:
        raise EmbedderUnavailable(
            f"the embedder {embedder.name!r} has no network that static vectors could be distilled "
            "from: choose features without them"
        ) from error
