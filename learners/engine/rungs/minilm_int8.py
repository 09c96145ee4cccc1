"""The embedding model in eight bits a number, under a linear head that was trained on just that.

Each text goes through the graph alone: activations are scaled by the largest of a run, so beside
other texts a text would get other probabilities.
"""

from learners.engine.rungs.base import TEXT, Files, RungKind, Surroundings, TrainingData


def train(data: TrainingData, surroundings: Surroundings) -> Files:
    """Embed the labelled texts with the int8 graph and fit a head.

    Raises:
        OneClassOnly, BadTrainingData, EmbedderUnavailable, CannotExport, TrainingCancelled.
    """
    from learners.engine.rungs.on_trunk import train_on_trunk  # noqa: PLC0415
    from learners.engine.rungs.quantizing import ensure_int8  # noqa: PLC0415
    from learners.engine.rungs.trunks import (  # noqa: PLC0415
        embedder_of,
        one_at_a_time,
        prepared_trunk,
    )

    data.require_two_classes()
    surroundings.go_on("preparing the embedding model", 0.0)
    trunk = prepared_trunk(surroundings)
    graph = ensure_int8(trunk, cache_folder=surroundings.cache_folder / "int8")
    return train_on_trunk(
        rung=KIND.name,
        embedder=one_at_a_time(embedder_of(trunk, surroundings, graph=graph)),
        tokenizer=trunk.tokenizer.read_bytes(),
        data=data,
        surroundings=surroundings,
    )


KIND = RungKind(
    name="minilm_int8",
    label="Sentence vectors in eight bits",
    description="The same embedding model with its weights in eight bits: a quarter of the size, and "
    "about twice as fast.",
    paper="Jacob et al. 2018, Quantization and training of neural networks for efficient integer-"
    "arithmetic-only inference",
    input_kind=TEXT,
    linear=False,
    trains_trunk=False,
    train=train,
)
