"""Training a head on a token table, shared by the rungs that have one."""

import numpy as np

from learners.engine.features.bag import BagModel, in_bytes
from learners.engine.rungs.base import Files, Surroundings, TrainingData
from learners.engine.rungs.files import bag_files
from learners.engine.rungs.fitting import Material, fit_linear
from learners.engine.rungs.on_trunk import sample_of

__all__ = ["in_bytes", "train_on_bag"]

POOL_EMBEDDED = 2_000


def train_on_bag(rung: str, bag: BagModel, data: TrainingData, surroundings: Surroundings) -> Files:
    """Fit a head on the table's vectors of texts, names and a sample of the pool."""
    rng = np.random.default_rng(surroundings.seed)
    pool = sample_of(data.pool_texts, POOL_EMBEDDED, rng) if data.soft is None else []
    names = [text for text, _ in data.names]
    vectors = bag.embed([*data.texts, *names, *pool]).vectors
    surroundings.go_on("training the head", 0.5)
    head, chosen = fit_linear(Material.of(vectors, data), rng=rng)
    return bag_files(rung=rung, head=head, data=data, bag=bag, head_kind=chosen)
