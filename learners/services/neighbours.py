"""The nearest labelled texts of a text, by the vectors that are stored."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from learners.models import EmbeddingSet
from learners.services.shards import Ids, OpenShard, Vectors, blocks, open_shards

NEIGHBOURS_KEPT = 5


def nearest_of(
    source: EmbeddingSet | None, example_id: int, known: Ids
) -> list[tuple[int, float]] | None:
    """(example id, cosine) of the nearest of the `known` examples, the nearest first, the text itself
    left out; None where the text has no vector in `source`.
    """
    shards: list[OpenShard] = open_shards(source) if source else []
    own = list(blocks(shards, np.array([example_id], np.int64)))
    if not own:
        return None
    return _nearest(_unit(own[0][1])[0], blocks(shards, known[known != example_id]))


def _nearest(
    vector: NDArray[np.float32], parts: Iterable[tuple[Ids, Vectors]]
) -> list[tuple[int, float]]:
    best: list[tuple[float, int]] = []
    for ids, vectors in parts:
        cosines = _unit(vectors) @ vector
        top = np.argsort(-cosines, kind="stable")[:NEIGHBOURS_KEPT]
        best += [(float(cosines[place]), int(ids[place])) for place in top]
        best = sorted(best, key=lambda pair: (-pair[0], pair[1]))[:NEIGHBOURS_KEPT]
    return [(pk, cosine) for cosine, pk in best]


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: NDArray[np.float32] = vectors / np.maximum(lengths, 1e-12)
    return unit
