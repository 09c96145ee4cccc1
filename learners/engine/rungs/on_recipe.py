"""Training a project's own recipe on texts: parts side by side as its fits have them, in full precision."""

import numpy as np
from numpy.typing import NDArray

from learners.engine.class_words import WORDS
from learners.engine.features import POOL_PARTS, STATIC, fit_bag, get_features, joined
from learners.engine.features.bag import BagModel
from learners.engine.heads import get_head
from learners.engine.recipes import POOL_SAMPLE
from learners.engine.rungs.bags import words_json
from learners.engine.rungs.base import Files, OwnRecipe, Surroundings, TrainingData
from learners.engine.rungs.files import bags_files, text_files
from learners.engine.rungs.fitting import Material, fit_linear
from learners.engine.rungs.on_trunk import sample_of
from learners.engine.rungs.trunks import (
    embedder_of,
    plain_tokenizer,
    prepared_static,
    prepared_trunk,
)
from learners.engine.trunk import Trunk


def train_on_recipe(
    *, rung: str, recipe: OwnRecipe, data: TrainingData, surroundings: Surroundings
) -> Files:
    """Fit the recipe's head on the recipe's features of texts, names and a sample of the pool.

    Where all features are token tables the model is a sum over words, and its files tell them;
    sentence vectors read a text as a whole, and then there is no `words.json`.
    """
    data.require_two_classes()
    parts = get_features(recipe.features).parts
    surroundings.go_on("preparing the features", 0.0)
    trunk = prepared_trunk(surroundings)
    bags = [
        _bag(part, trunk, data, surroundings) for part in parts if part in {*POOL_PARTS, STATIC}
    ]
    has_trunk = len(bags) < len(parts)
    rng = np.random.default_rng(surroundings.seed)
    learns_from_pool = data.soft is None and get_head(recipe.head).learns_from_pool
    pool = sample_of(data.pool_texts, POOL_SAMPLE, rng) if learns_from_pool else []
    texts = [*data.texts, *(text for text, _ in data.names), *pool]
    own = [_embedded(texts, trunk, surroundings)] if has_trunk else []
    vectors = joined([*own, *(bag.embed(texts).vectors for bag in bags)])
    surroundings.go_on("training the head", 0.9)
    head, chosen = fit_linear(Material.of(vectors, data), rng=rng, candidates=(recipe.head,))
    facts = {"head_kind": chosen, "features": recipe.features}
    if not has_trunk:
        surroundings.go_on("weighing words", 0.95)
        files = bags_files(rung=rung, head=head, data=data, bags=bags, **facts)
        return {**files, WORDS: words_json(head, bags, data)}
    return text_files(
        rung=rung,
        head=head,
        data=data,
        bags=bags,
        tokenizer=trunk.tokenizer.read_bytes(),
        max_tokens=trunk.max_tokens,
        trunk=trunk.graph.read_bytes(),
        texts_per_run=embedder_of(trunk, surroundings).texts_per_run,
        **facts,
    )


def _bag(part: str, trunk: Trunk, data: TrainingData, surroundings: Surroundings) -> BagModel:
    """A part that is a token table; what the pool makes is made of every text that does not measure."""
    if part == STATIC:
        return prepared_static(surroundings)
    return fit_bag(
        kind=part,
        texts=data.all_texts,
        tokenizer=plain_tokenizer(trunk),
        max_tokens=trunk.max_tokens,
        seed=surroundings.seed,
    )


def _embedded(texts: list[str], trunk: Trunk, surroundings: Surroundings) -> NDArray[np.float32]:
    embedder = embedder_of(trunk, surroundings)
    return embedder.embed(
        texts, go_on=lambda share: surroundings.go_on("embedding texts", 0.05 + 0.8 * share)
    )
