"""Training a head on an embedding model's vectors, shared by the rungs that have one."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from learners.engine.errors import PoolTooSmall
from learners.engine.features import joined, lsi
from learners.engine.features.bag import BagModel, in_bytes
from learners.engine.rungs.base import Files, Surroundings, TrainingData
from learners.engine.rungs.files import text_files
from learners.engine.rungs.fitting import CANDIDATES, Material, fit_linear
from learners.engine.rungs.trunks import TrunkEmbedder, uncut

POOL_EMBEDDED = 1_000
"""Texts of the pool that are embedded for a head that learns from them: seconds, not minutes."""


def train_on_trunk(
    *,
    rung: str,
    embedder: TrunkEmbedder,
    tokenizer: bytes,
    data: TrainingData,
    surroundings: Surroundings,
    candidates: Sequence[str] = CANDIDATES,
    **facts: Any,
) -> Files:
    """Embed texts, names and a sample of the pool; fit a head; join all into one graph.

    The pool's own words (LSI) stand beside the sentence vectors where texts have any in common.
    """
    rng = np.random.default_rng(surroundings.seed)
    pool = sample_of(data.pool_texts, POOL_EMBEDDED, rng) if _reads_pool(data, candidates) else []
    texts = [*data.texts, *(text for text, _ in data.names), *pool]
    vectors = embedder.embed(
        texts, go_on=lambda share: surroundings.go_on("embedding texts", 0.05 + 0.8 * share)
    )
    surroundings.go_on("training the head", 0.85)
    bags, lacks = pool_words(data, embedder, surroundings.seed)
    vectors = joined([vectors, *(bag.embed(texts).vectors for bag in bags)])
    surroundings.go_on("training the head", 0.9)
    head, chosen = fit_linear(Material.of(vectors, data), rng=rng, candidates=candidates)
    return text_files(
        rung=rung,
        head=head,
        data=data,
        tokenizer=tokenizer,
        max_tokens=embedder.max_tokens,
        trunk=embedder.graph,
        bags=bags,
        lacks=lacks,
        head_kind=chosen,
        features="+".join([rung, *(bag.name for bag in bags)]),
        texts_per_run=embedder.texts_per_run,
        **facts,
    )


def pool_words(
    data: TrainingData, embedder: TrunkEmbedder, seed: int
) -> tuple[list[BagModel], str]:
    """LSI of all texts, labelled or not, in eight bits; or none, and why."""
    try:
        bag = lsi.fit(
            data.all_texts,
            tokenizer=uncut(embedder.tokenizer_json),
            max_tokens=embedder.max_tokens,
            seed=seed,
        )
    except PoolTooSmall as error:
        return [], f"the pool's own words: {error}"
    return [in_bytes(bag)], ""


def _reads_pool(data: TrainingData, candidates: Sequence[str]) -> bool:
    return data.soft is None and "self_trained" in candidates


def sample_of(texts: Any, n: int, rng: np.random.Generator) -> list[str]:
    """At most `n` of the texts, drawn without replacement from them in the order of their content."""
    known = sorted(texts)
    if len(known) <= n:
        return known
    return [known[place] for place in np.sort(rng.choice(len(known), n, replace=False))]
