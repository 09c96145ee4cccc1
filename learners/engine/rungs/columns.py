"""A linear head over the columns of a table."""

from learners.engine.rungs.base import TABLE, Files, RungKind, Surroundings, TrainingData


def train(data: TrainingData, surroundings: Surroundings) -> Files:
    """Learn the table's ranges from the pool, and the head from the labels.

    Raises:
        OneClassOnly, BadTrainingData, BadTable, TrainingCancelled.
    """
    from learners.engine.rungs.fitting import CANDIDATES  # noqa: PLC0415
    from learners.engine.rungs.on_table import train_on_table  # noqa: PLC0415

    return train_on_table(rung=KIND.name, heads=CANDIDATES, data=data, surroundings=surroundings)


KIND = RungKind(
    name="columns",
    label="Linear over the columns",
    description="Every number and every category has a weight for each class, and they add up.",
    paper="Cox 1958, The regression analysis of binary sequences",
    input_kind=TABLE,
    linear=True,
    trains_trunk=False,
    train=train,
)
