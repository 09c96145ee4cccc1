"""Several kinds of features side by side, each as long as its embedder makes it: LSI half of the others.

Plain concatenation under one linear head is what Arora, Liang and Ma 2017 ("A simple but tough-to-beat
baseline for sentence embeddings", ICLR) and many after them compare with.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from learners.engine.arrays import Floats, checked_vectors
from learners.engine.errors import BadVectors


def joined(parts: Sequence[Floats]) -> NDArray[Any]:
    """The parts side by side: (n, d1), (n, d2), ... become (n, d1 + d2 + ...).

    Each part comes from its embedder with vectors of one length and is not touched; one part alone is returned
    as it is. The dtype is the widest of the parts'.

    Raises:
        BadVectors: no part, parts of different heights, NaN or infinite values.
    """
    if not len(parts):
        raise BadVectors("there are no features to join")
    rows = [checked_vectors(part) for part in parts]
    heights = [len(part) for part in rows]
    if len(set(heights)) > 1:
        raise BadVectors(f"parts of {', '.join(map(str, heights))} rows; needed: as many in each")
    return rows[0] if len(rows) == 1 else np.concatenate(rows, axis=1)
