"""The embedding model as it is, in full precision, under a linear head."""

from learners.engine.rungs.base import TEXT, Files, RungKind, Surroundings, TrainingData


def train(data: TrainingData, surroundings: Surroundings) -> Files:
    """Embed the labelled texts and fit a head.

    Raises:
        OneClassOnly, BadTrainingData, EmbedderUnavailable, CannotExport, TrainingCancelled.
    """
    from learners.engine.rungs.on_trunk import train_on_trunk  # noqa: PLC0415
    from learners.engine.rungs.trunks import embedder_of, prepared_trunk  # noqa: PLC0415

    data.require_two_classes()
    surroundings.go_on("preparing the embedding model", 0.0)
    trunk = prepared_trunk(surroundings)
    return train_on_trunk(
        rung=KIND.name,
        embedder=embedder_of(trunk, surroundings),
        tokenizer=trunk.tokenizer.read_bytes(),
        data=data,
        surroundings=surroundings,
    )


KIND = RungKind(
    name="minilm",
    label="Sentence vectors",
    description="MiniLM, or the embedding model this server was given, in full precision: reads whole "
    "sentences.",
    paper="Reimers and Gurevych 2019, Sentence-BERT; Wang et al. 2020, MiniLM",
    input_kind=TEXT,
    linear=False,
    trains_trunk=False,
    train=train,
)
