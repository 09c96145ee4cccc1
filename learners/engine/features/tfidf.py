"""The pool's commonest tokens, each a column of its own, weighted by how rare it is.

Salton and Buckley 1988, "Term-weighting approaches in automatic text retrieval", Information
Processing & Management 24(5).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from learners.engine.features.bag import BagModel, plain_tokenizer_json
from learners.engine.features.pool import pool_tokens

N_COLUMNS = 2_048


def fit(
    texts: Sequence[str], *, tokenizer: Any, max_tokens: int, seed: int, n_columns: int = N_COLUMNS
) -> BagModel:
    """The `n_columns` tokens that stand in most texts (ties: the lower id), with their idf.

    Nothing is drawn: `seed` is taken so that all features of a pool are fitted alike.

    Raises:
        PoolTooSmall: no token stands in two texts.
    """
    tokens = pool_tokens(texts, tokenizer=tokenizer, max_tokens=max_tokens)
    commonest = np.lexsort((tokens.ids, -tokens.n_texts_with))[:n_columns]
    kept = tokens.kept(np.sort(commonest))
    return BagModel(
        name="tfidf",
        table=kept.idf.astype(np.float32),
        rows=kept.rows(),
        tokenizer_json=plain_tokenizer_json(tokenizer),
        max_tokens=max_tokens,
    )
