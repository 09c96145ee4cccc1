"""The ladder's kinds of models, cheapest first: one file an idea, one explicit tuple.

Importing this loads no torch and no scikit-learn: a rung imports what it trains with when it trains.
"""

from learners.engine.errors import UnknownRung
from learners.engine.named import one_named
from learners.engine.rungs import (
    columns,
    minilm,
    minilm_int8,
    rules,
    static,
    tfidf,
    tree,
    tuned,
    working,
)
from learners.engine.rungs.base import Files, RungKind, Surroundings, TrainingData

__all__ = [
    "RUNGS",
    "Files",
    "RungKind",
    "Surroundings",
    "TrainingData",
    "get_rung",
]

RUNGS: tuple[RungKind, ...] = (
    tree.KIND,
    columns.KIND,
    working.TABLE_KIND,
    rules.KIND,
    tfidf.KIND,
    static.KIND,
    minilm_int8.KIND,
    minilm.KIND,
    working.KIND,
    tuned.KIND,
)


def get_rung(name: str) -> RungKind:
    """The rung of this name.

    Raises:
        UnknownRung: there is none; says what there is.
    """
    return one_named(RUNGS, name, noun="rung", unknown=UnknownRung)
