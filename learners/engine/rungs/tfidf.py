"""Single words, counted and weighted by how rare they are in the pool, under a linear head."""

from learners.engine.rungs.base import TEXT, Files, RungKind, Surroundings, TrainingData


def train(data: TrainingData, surroundings: Surroundings) -> Files:
    """Fit the table of words on all texts, labelled or not, and the head on the labels.

    Raises:
        OneClassOnly, BadTrainingData, PoolTooSmall, TrainingCancelled.
    """
    from learners.engine.features import fit_bag  # noqa: PLC0415
    from learners.engine.rungs.bags import train_on_bag  # noqa: PLC0415
    from learners.engine.rungs.trunks import plain_tokenizer, prepared_trunk  # noqa: PLC0415

    data.require_two_classes()
    surroundings.go_on("counting words", 0.0)
    trunk = prepared_trunk(surroundings)
    bag = fit_bag(
        kind="tfidf",
        texts=data.all_texts,
        tokenizer=plain_tokenizer(trunk),
        max_tokens=trunk.max_tokens,
        seed=surroundings.seed,
    )
    return train_on_bag(KIND.name, bag, data, surroundings)


KIND = RungKind(
    name="tfidf",
    label="Words counted (TF-IDF)",
    description="The 2,048 commonest word parts of the project, weighted by rarity, and a linear head. "
    "The smallest and fastest; knows no word that the labels did not show it.",
    paper="Salton and Buckley 1988, Term-weighting approaches in automatic text retrieval",
    input_kind=TEXT,
    linear=True,
    trains_trunk=False,
    train=train,
)
