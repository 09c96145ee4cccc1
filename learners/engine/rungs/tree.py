"""A small decision tree over the columns of a table, for people to read."""

from learners.engine.rungs.base import TABLE, Files, RungKind, Surroundings, TrainingData


def train(data: TrainingData, surroundings: Surroundings) -> Files:
    """Learn the table's ranges from the pool, and the tree from the labels.

    Raises:
        OneClassOnly, BadTrainingData, BadTable, TrainingCancelled.
    """
    from learners.engine.rungs.on_table import train_on_table  # noqa: PLC0415

    return train_on_table(rung=KIND.name, heads=("tree",), data=data, surroundings=surroundings)


KIND = RungKind(
    name="tree",
    label="Rules (a small decision tree)",
    description="At most sixteen rules over the columns, which people can read and check by hand.",
    paper="Breiman, Friedman, Olshen and Stone 1984, Classification and regression trees",
    input_kind=TABLE,
    linear=False,
    trains_trunk=False,
    train=train,
)
