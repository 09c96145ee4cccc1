"""What all features fitted on a pool start from: its tokens, their counts and their weights."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from learners.engine.errors import PoolTooSmall
from learners.engine.features.bag import count_tokens, ordinary_ids

MIN_TEXTS = 2


@dataclass(frozen=True, eq=False)
class PoolTokens:
    """The tokens that at least `MIN_TEXTS` texts of a pool share.

    Attributes:
        ids: (n_tokens,), ascending.
        counts: sparse float64 (n_texts, n_tokens), texts in the order of their content, so that the
            order in which a pool is read changes nothing.
        n_texts_with: (n_tokens,), texts that hold the token.
        n_vocabulary: token ids there are.
    """

    ids: NDArray[np.int64]
    counts: Any
    n_texts_with: NDArray[np.int64]
    n_vocabulary: int

    @property
    def idf(self) -> NDArray[np.float64]:
        """Smoothed inverse document frequency, log((1 + n) / (1 + n_texts_with)) + 1, (n_tokens,).

        Spärck Jones 1972, "A statistical interpretation of term specificity and its application in
        retrieval", Journal of Documentation 28(1); the smoothing is scikit-learn's.
        """
        weights: NDArray[np.float64] = (
            np.log((1 + self.counts.shape[0]) / (1 + self.n_texts_with)) + 1
        )
        return weights

    def rows(self) -> NDArray[np.int32]:
        """Token id -> place in `ids`, -1 for all others, (n_vocabulary,)."""
        rows = np.full(self.n_vocabulary, -1, np.int32)
        rows[self.ids] = np.arange(len(self.ids))
        return rows

    def kept(self, places: NDArray[Any]) -> "PoolTokens":
        """Only the tokens at these places, (n,) and ascending."""
        return PoolTokens(
            self.ids[places],
            self.counts[:, places],
            self.n_texts_with[places],
            self.n_vocabulary,
        )


def pool_tokens(texts: Sequence[str], *, tokenizer: Any, max_tokens: int) -> PoolTokens:
    """Count the tokens of a pool.

    Raises:
        PoolTooSmall: no token stands in two texts.
    """
    ordinary = ordinary_ids(tokenizer)
    every = np.where(ordinary, np.arange(len(ordinary)), -1).astype(np.int32)
    counted = count_tokens(
        sorted(texts), tokenizer=tokenizer, max_tokens=max_tokens, rows=every
    ).counts.astype(np.float64)
    n_texts_with = np.bincount(counted.indices, minlength=counted.shape[1])
    ids = np.flatnonzero(n_texts_with >= MIN_TEXTS)
    if not len(ids):
        raise PoolTooSmall(
            f"no word stands in {MIN_TEXTS} of the {len(texts)} texts, so nothing can be learned "
            "from the words they share; add texts, or choose features that need no pool"
        )
    return PoolTokens(ids, counted[:, ids], n_texts_with[ids], len(ordinary))


def weighted(tokens: PoolTokens) -> Any:
    """Sparse float64 (n_texts, n_tokens): counts times idf, each text of length 1 or 0."""
    weights = sparse.csr_matrix(tokens.counts.multiply(tokens.idf))
    lengths = sparse.linalg.norm(weights, axis=1)
    scale = np.divide(1, lengths, out=np.zeros_like(lengths), where=lengths > 0)
    return sparse.csr_matrix(sparse.diags(scale) @ weights)
