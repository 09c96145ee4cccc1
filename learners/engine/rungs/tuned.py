"""The embedding model fine-tuned on the labels, in full precision, under a linear head."""

from learners.engine.rungs.base import TEXT, Files, RungKind, Surroundings, TrainingData


def train(data: TrainingData, surroundings: Surroundings) -> Files:
    """Fine-tune the embedding model on the labels and the classes' names, and fit a head on it.

    Minutes on a CPU: the number of steps has a bound, whatever the number of labels.

    Raises:
        OneClassOnly, BadTrainingData, EmbedderUnavailable, CannotExport, TrainingCancelled.
    """
    import numpy as np  # noqa: PLC0415

    from learners.engine.exporting import exported  # noqa: PLC0415
    from learners.engine.rungs.contrasting import tune  # noqa: PLC0415
    from learners.engine.rungs.on_trunk import train_on_trunk  # noqa: PLC0415
    from learners.engine.rungs.trunks import (  # noqa: PLC0415
        embedder_at,
        embedder_of,
        prepared_trunk,
    )

    data.require_two_classes()
    surroundings.go_on("preparing the embedding model", 0.0)
    trunk = prepared_trunk(surroundings)
    embedder = embedder_at(surroundings.trunk_folder)
    known = [(text, each) for text, each in data.names if each in data.classes]
    tune(
        embedder=embedder,
        texts=[*data.texts, *(text for text, _ in known)],
        y=np.append(data.y, [each for _, each in known]).astype(np.int64),
        surroundings=surroundings.part(0.0, 0.8),
    )
    return train_on_trunk(
        rung=KIND.name,
        embedder=embedder_of(trunk, surroundings, graph=exported(embedder.model)),
        tokenizer=trunk.tokenizer.read_bytes(),
        data=data,
        surroundings=surroundings.part(0.8, 1.0),
        candidates=("logistic",),
    )


KIND = RungKind(
    name="tuned",
    label="Fine-tuned sentence vectors",
    description="The embedding model itself is trained on the labels: texts of one class come to lie "
    "together. Reads whole sentences in the way this project needs.",
    paper="Tunstall et al. 2022, Efficient few-shot learning without prompts (SetFit)",
    input_kind=TEXT,
    linear=False,
    trains_trunk=True,
    train=train,
    reproducible=False,
)
