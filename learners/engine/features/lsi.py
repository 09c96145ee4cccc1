"""Latent semantic indexing of the pool: words that occur together come to lie together.

Deerwester, Dumais, Furnas, Landauer and Harshman 1990, "Indexing by latent semantic analysis",
Journal of the American Society for Information Science 41(6). The truncated singular value
decomposition is the randomised one of Halko, Martinsson and Tropp 2011, "Finding structure with
randomness", SIAM Review 53(2).

A sentence encoder knows English; this knows the pool: names, abbreviations and turns of phrase that
no encoder was trained on.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from learners.engine.features.bag import BagModel, plain_tokenizer_json
from learners.engine.features.pool import pool_tokens, weighted

N_COLUMNS = 128
LENGTH = 0.5
"""Of a vector, where a sentence vector has 1. At equal length LSI drowned the sentence vectors where
classes were many and labels few; `benchmarks.recipes` measures what LSI is worth as it is."""
N_POWER_ITERATIONS = 4
NEXT_TO_NOTHING = 1e-6


def fit(
    texts: Sequence[str], *, tokenizer: Any, max_tokens: int, seed: int, n_columns: int = N_COLUMNS
) -> BagModel:
    """Fit the table idf * V on the texts of a pool, where U S V' are its weighted token counts.

    The order of the texts does not matter. A pool with little to tell gives fewer columns, which
    the model's `note` says.

    Raises:
        PoolTooSmall: no token stands in two texts.
    """
    from sklearn.utils.extmath import randomized_svd  # noqa: PLC0415
    from threadpoolctl import threadpool_limits  # noqa: PLC0415

    tokens = pool_tokens(texts, tokenizer=tokenizer, max_tokens=max_tokens)
    matrix = weighted(tokens)
    n_asked = min(n_columns, *matrix.shape)
    with threadpool_limits(1):  # another number of threads rounds otherwise
        _, strengths, components = randomized_svd(
            matrix, n_asked, n_iter=N_POWER_ITERATIONS, random_state=seed
        )
    strong = strengths > NEXT_TO_NOTHING * strengths[0]
    table = tokens.idf[:, None] * components[strong].T
    found = int(strong.sum())
    few = f"{found} of {n_columns} columns: the pool of {len(texts)} texts has no more to tell"
    return BagModel(
        name="lsi",
        table=np.ascontiguousarray(table, dtype=np.float32),
        rows=tokens.rows(),
        tokenizer_json=plain_tokenizer_json(tokenizer),
        max_tokens=max_tokens,
        note=few if found < n_columns else "",
        length=LENGTH,
    )
