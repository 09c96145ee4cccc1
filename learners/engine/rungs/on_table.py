"""Training a head on the columns of a table, shared by the rungs that have one."""

from collections.abc import Sequence

import numpy as np

from learners.engine.errors import BadTrainingData
from learners.engine.features.table import TableColumn, fit_table_on_texts
from learners.engine.heads.stored_tree import TreeHead
from learners.engine.rules import rules_of
from learners.engine.rungs.base import RULES, Files, Surroundings, TrainingData
from learners.engine.rungs.files import rules_json, table_files
from learners.engine.rungs.fitting import Material, fit_best
from learners.engine.rungs.on_trunk import sample_of

POOL_EMBEDDED = 2_000


def train_on_table(
    *,
    rung: str,
    heads: Sequence[str],
    data: TrainingData,
    surroundings: Surroundings,
    n_pool: int = POOL_EMBEDDED,
) -> Files:
    """Learn ranges and categories from all rows, labelled or not; fit a head.

    Raises:
        BadTrainingData: no columns were given, or soft labels.
    """
    data.require_two_classes()
    if not data.columns:
        raise BadTrainingData("a model of a table needs to know the table's columns")
    if data.soft is not None:
        raise BadTrainingData("models of tables do not learn from soft labels")
    surroundings.go_on("reading columns", 0.0)
    columns = [TableColumn(name, kind) for name, kind in data.columns]
    table = fit_table_on_texts(data.all_texts, columns)
    rng = np.random.default_rng(surroundings.seed)
    pool = sample_of(data.pool_texts, n_pool, rng)
    vectors = table.embed([*data.texts, *pool]).vectors
    surroundings.go_on("training the head", 0.5)
    nameless = Material.of(vectors, data.nameless())  # a class's name is no row of a table
    head, chosen = fit_best(nameless, rng=rng, candidates=heads)
    files = table_files(
        rung=rung, head=head, data=data, table=table, head_kind=chosen, features="table"
    )
    if not isinstance(head, TreeHead):
        return files
    return {**files, RULES: rules_json(rules_of(head, table), data)}
