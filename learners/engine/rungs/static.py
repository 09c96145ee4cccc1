"""A vector for each word piece, distilled from the embedding model, under a linear head."""

from learners.engine.rungs.base import TEXT, Files, RungKind, Surroundings, TrainingData


def train(data: TrainingData, surroundings: Surroundings) -> Files:
    """Fit a head on the sums of static vectors, stored in eight bits a number.

    Raises:
        OneClassOnly, BadTrainingData, EmbedderUnavailable, TrainingCancelled.
    """
    from learners.engine.features.bag import in_bytes  # noqa: PLC0415
    from learners.engine.rungs.bags import train_on_bag  # noqa: PLC0415
    from learners.engine.rungs.trunks import prepared_static  # noqa: PLC0415

    data.require_two_classes()
    surroundings.go_on("looking up words", 0.0)
    bag = in_bytes(prepared_static(surroundings))
    return train_on_bag(KIND.name, bag, data, surroundings)


KIND = RungKind(
    name="static",
    label="Static vectors",
    description="Each word piece has a vector that was distilled from the embedding model; a text has "
    "their sum. Knows what words mean, and is blind to their order.",
    paper="Tulkens and van Dongen 2024, Model2Vec: fast state-of-the-art static embeddings",
    input_kind=TEXT,
    linear=True,
    trains_trunk=False,
    train=train,
)
