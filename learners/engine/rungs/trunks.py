"""The embedding model as rungs use it: its graph under onnxruntime, so that training sees what serving sees.

torch is loaded once for each embedding model, to export it, and never when that was done before.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from learners.engine.embedding import (
    MINILM_SHA256,
    Embedder,
    file_digest,
    folder_digest,
    load_embedder,
    minilm_from,
)
from learners.engine.errors import TrunkMissing
from learners.engine.features.bag import BagModel, plain_tokenizer_json
from learners.engine.rungs.base import Surroundings
from learners.engine.runtime import TEXTS_PER_RUN, make_session, padded
from learners.engine.trunk import Trunk, find_trunk

TEXTS_AT_ONCE = 256
GoOn = Callable[[float], None]


@dataclass(frozen=True, eq=False)
class TrunkEmbedder:
    """A trunk's graph with its tokenizer: texts to vectors.

    Attributes:
        graph: int64 token ids and mask in, normalised vectors out.
        texts_per_run: how many go through the graph together.
    """

    graph: bytes
    tokenizer_json: str
    max_tokens: int
    n_threads: int
    texts_per_run: int = TEXTS_PER_RUN

    def embed(self, texts: Sequence[str], *, go_on: GoOn) -> NDArray[np.float32]:
        """L2-normalised vectors, float32 (n_texts, d); `go_on` hears the share that is done."""
        session = make_session(self.graph, n_threads=self.n_threads)
        ids = self._tokens(texts)
        order = np.argsort([len(each) for each in ids], kind="stable")
        vectors = np.empty((len(texts), session.get_outputs()[0].shape[-1]), np.float32)
        for start in range(0, len(order), self.texts_per_run):
            if start % TEXTS_AT_ONCE == 0:
                go_on(start / len(order))
            rows = order[start : start + self.texts_per_run]
            vectors[rows] = session.run(["embedding"], padded([ids[row] for row in rows]))[0]
        return vectors

    def _tokens(self, texts: Sequence[str]) -> list[list[int]]:
        from tokenizers import Tokenizer  # noqa: PLC0415

        tokenizer = Tokenizer.from_str(self.tokenizer_json)
        tokenizer.no_padding()
        tokenizer.enable_truncation(max_length=self.max_tokens)
        sound = [text.encode("utf-8", "replace").decode() for text in texts]
        return [encoded.ids for encoded in tokenizer.encode_batch_fast(sound)]


def prepared_trunk(surroundings: Surroundings) -> Trunk:
    """The embedding model's graph, exported unless it was before.

    Raises:
        EmbedderUnavailable, CannotExport, BadFile: as the message says.
    """
    folder = surroundings.cache_folder / "trunks"
    try:
        return find_trunk(cache_folder=folder, digest=digest_of(surroundings.trunk_folder))
    except TrunkMissing:
        from learners.engine.exporting import ensure_trunk  # noqa: PLC0415

        embedder = embedder_at(surroundings.trunk_folder)
        return ensure_trunk(embedder=embedder, cache_folder=folder)


def prepared_static(surroundings: Surroundings) -> BagModel:
    """The embedding model's static vectors, distilled unless they were before. Raises as above."""
    from learners.engine.features.static import ensure_static, find_static  # noqa: PLC0415

    folder = surroundings.cache_folder / "static"
    kept = find_static(cache_folder=folder, digest=digest_of(surroundings.trunk_folder))
    if kept is not None:
        return kept
    return ensure_static(embedder=embedder_at(surroundings.trunk_folder), cache_folder=folder)


def embedder_of(
    trunk: Trunk, surroundings: Surroundings, *, graph: bytes | None = None
) -> TrunkEmbedder:
    """The trunk, or another `graph` with its tokenizer."""
    return TrunkEmbedder(
        graph=trunk.graph.read_bytes() if graph is None else graph,
        tokenizer_json=trunk.tokenizer.read_text("utf-8"),
        max_tokens=trunk.max_tokens,
        n_threads=surroundings.n_threads,
    )


def one_at_a_time(embedder: TrunkEmbedder) -> TrunkEmbedder:
    """The same, each text alone: what it gives does not depend on the texts beside it."""
    return replace(embedder, texts_per_run=1)


def plain_tokenizer(trunk: Trunk) -> Any:
    """The trunk's tokenizer, made to neither cut nor pad."""
    return uncut(trunk.tokenizer.read_text("utf-8"))


def uncut(tokenizer_json: str) -> Any:
    """A stored tokenizer, made to neither cut nor pad."""
    from tokenizers import Tokenizer  # noqa: PLC0415

    return Tokenizer.from_str(plain_tokenizer_json(Tokenizer.from_str(tokenizer_json)))


def digest_of(folder: Path) -> str:
    """What `Embedder.digest` is of the embedder in this folder, without loading it."""
    return MINILM_SHA256 if _is_minilm(folder) else folder_digest(folder)


def embedder_at(folder: Path) -> Embedder:
    """The embedder in this folder, loaded. Raises `EmbedderUnavailable`."""
    return minilm_from(folder) if _is_minilm(folder) else load_embedder(str(folder))


def _is_minilm(folder: Path) -> bool:
    weights = folder / "model.safetensors"
    return weights.is_file() and file_digest(weights) == MINILM_SHA256
