"""Training a head on a token table, shared by the rungs that have one."""

from dataclasses import replace

import numpy as np

from learners.engine.features.bag import BagModel
from learners.engine.rungs.base import Files, Surroundings, TrainingData
from learners.engine.rungs.files import bag_files
from learners.engine.rungs.fitting import Material, fit_linear
from learners.engine.rungs.on_trunk import sample_of

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


def in_bytes(bag: BagModel) -> BagModel:
    """The table with its numbers rounded to eight bits, each column by a scale of its own.

    A head that is trained on it gives the very probabilities that are exported.
    """
    table = bag.table.astype(np.float32)
    scale = np.abs(table).max(axis=0) / 127
    scale[scale == 0] = 1
    rounded = np.rint(table / scale).astype(np.int8)
    return replace(bag, table=rounded, scale=scale.astype(np.float32))
