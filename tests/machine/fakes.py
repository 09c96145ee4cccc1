"""A small embedder that needs no weights: a text is the sum of its words' fixed random vectors."""

import hashlib
import string
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from learners.engine.embedding import Embedded

N_DIMENSIONS = 16


def _word_vector(word: str) -> NDArray[np.float64]:
    seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:8])
    return np.random.default_rng(seed).normal(size=N_DIMENSIONS)


@cache
def _tokenizer() -> Any:
    """Words are cut into pairs of letters, so that any text has tokens in common with others."""
    from tokenizers import Tokenizer, models, pre_tokenizers

    signs = string.ascii_lowercase + string.digits
    pieces = ["[UNK]", *signs, *(a + b for a in signs for b in signs)]
    pieces += [f"##{piece}" for piece in pieces[1:]]
    vocabulary = {piece: place for place, piece in enumerate(pieces)}
    made = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    made.add_special_tokens(["[UNK]"])
    return made


@dataclass
class TinyEmbedder:
    """Deterministic; remembers what it was asked, and fails on request."""

    name: str = "tiny"
    digest: str = "0" * 64
    n_dimensions: int = N_DIMENSIONS
    max_tokens: int = 8
    fail_on: str = ""
    seen: list[str] = field(default_factory=list)

    @property
    def tokenizer(self) -> Any:
        return _tokenizer()

    def embed(self, texts: Sequence[str]) -> Embedded:
        if self.fail_on and any(self.fail_on in text for text in texts):
            raise RuntimeError("out of memory")
        self.seen.extend(texts)
        sums = np.array([sum(map(_word_vector, text.split() or [""])) for text in texts])
        vectors = sums / np.linalg.norm(sums, axis=1, keepdims=True)
        n_tokens = np.array([len(text.split()) for text in texts], np.int64)
        return Embedded(vectors.astype(np.float32), n_tokens)


def tiny_embedder() -> TinyEmbedder:
    """For LABELER_EMBEDDER, by dotted path."""
    return TinyEmbedder()
