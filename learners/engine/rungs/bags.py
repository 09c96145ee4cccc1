"""Training a head on a token table, shared by the rungs that have one."""

from collections.abc import Sequence

import numpy as np
from tokenizers import Tokenizer

from learners.engine.bundle import as_json
from learners.engine.class_words import WORDS, class_words, word_model
from learners.engine.features.bag import BagModel, in_bytes
from learners.engine.heads import Head
from learners.engine.rungs.base import Files, Surroundings, TrainingData
from learners.engine.rungs.files import bag_files
from learners.engine.rungs.fitting import Material, fit_linear
from learners.engine.rungs.on_trunk import sample_of

__all__ = ["in_bytes", "train_on_bag", "words_json"]

POOL_EMBEDDED = 2_000


def train_on_bag(rung: str, bag: BagModel, data: TrainingData, surroundings: Surroundings) -> Files:
    """Fit a head on the table's vectors of texts, names and a sample of the pool."""
    rng = np.random.default_rng(surroundings.seed)
    pool = sample_of(data.pool_texts, POOL_EMBEDDED, rng) if data.soft is None else []
    names = [text for text, _ in data.names]
    vectors = bag.embed([*data.texts, *names, *pool]).vectors
    surroundings.go_on("training the head", 0.5)
    head, chosen = fit_linear(Material.of(vectors, data), rng=rng)
    surroundings.go_on("weighing words", 0.9)
    files = bag_files(rung=rung, head=head, data=data, bag=bag, head_kind=chosen, features=bag.name)
    return {**files, WORDS: words_json(head, [bag], data)}


def words_json(head: Head, bags: Sequence[BagModel], data: TrainingData) -> bytes:
    """`words.json` of a head on token tables side by side: the words of each class, over the texts
    that are labelled and then over those that are not.
    """
    tokenizer = Tokenizer.from_str(bags[0].tokenizer_json)
    tokenizer.enable_truncation(max_length=bags[0].max_tokens)
    told = class_words(
        model=word_model(head, bags),
        tokenizer=tokenizer,
        texts=data.all_texts,
        classes=[(class_id, data.name_of(class_id)) for class_id in head.class_ids],
    )
    return as_json(told)
