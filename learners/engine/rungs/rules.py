"""A short list of rules over the words of a text, for people to read."""

from learners.engine.rungs.base import TEXT, Files, RungKind, Surroundings, TrainingData


def train(data: TrainingData, surroundings: Surroundings) -> Files:
    """Grow a small tree that asks which words a text has.

    Raises:
        OneClassOnly, BadTrainingData, PoolTooSmall, TrainingCancelled.
    """
    from learners.engine.rungs.on_words import train_on_words  # noqa: PLC0415

    return train_on_words(rung=KIND.name, data=data, surroundings=surroundings)


KIND = RungKind(
    name="rules",
    label="Rules over words",
    description="At most twenty rules: a few words that a text has or has not decide its class. People "
    "can read and check all of it; it is usually the least accurate.",
    paper="Breiman, Friedman, Olshen and Stone 1984, Classification and regression trees",
    input_kind=TEXT,
    linear=False,
    trains_trunk=False,
    train=train,
)
