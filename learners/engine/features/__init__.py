"""The features Labeler offers: one file per idea, one explicit tuple. Importing this loads no torch."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from learners.engine.errors import UnknownFeatures
from learners.engine.features import lsi, tfidf
from learners.engine.features.bag import BagModel
from learners.engine.features.joined import joined
from learners.engine.named import one_named

__all__ = [
    "FEATURES",
    "POOL_PARTS",
    "STATIC",
    "BagModel",
    "FeatureKind",
    "fit_bag",
    "get_features",
    "joined",
]

POOL_PARTS = ("lsi", "tfidf")
"""Parts that are fitted on a pool; the others are the same for every project."""

STATIC = "static"
"""The part that is distilled from the embedder, once for all projects."""


@dataclass(frozen=True)
class FeatureKind:
    """What a head sees of an example.

    Attributes:
        name: what projects and recipes store.
        label, description: for people; a few words, and a sentence or two.
        parts: what stands side by side, in this order: "minilm" (the configured embedder),
            "static" (distilled from it), "lsi", "tfidf" (each fitted on the pool).
        kind: "text", or "table" for the columns of a table.
    """

    name: str
    label: str
    description: str
    parts: tuple[str, ...]
    kind: str = "text"


FEATURES: tuple[FeatureKind, ...] = (
    FeatureKind(
        name="minilm",
        label="Sentence vectors",
        description="MiniLM, or the embedding model this server was given: knows what sentences mean.",
        parts=("minilm",),
    ),
    FeatureKind(
        name="minilm+lsi",
        label="Sentence vectors and the pool's own words (LSI)",
        description="MiniLM beside 128 columns of latent semantic indexing of this project's texts: "
        "meaning, and the turns of phrase of this pool.",
        parts=("minilm", "lsi"),
    ),
    FeatureKind(
        name="minilm+tfidf",
        label="Sentence vectors and single words (TF-IDF)",
        description="MiniLM beside the 2,048 commonest word parts of this project's texts: for "
        "classes that a single word decides.",
        parts=("minilm", "tfidf"),
    ),
    FeatureKind(
        name="static+lsi",
        label="Static vectors and the pool's own words (LSI)",
        description="Static vectors beside 128 columns of latent semantic indexing of this project's "
        "texts: fast, and a model of some 15 MB to take away.",
        parts=("static", "lsi"),
    ),
    FeatureKind(
        name="static",
        label="Static vectors (model2vec)",
        description="A vector for each word piece, distilled from the embedding model: hundreds of "
        "times faster than it, and blind to the order of words.",
        parts=("static",),
    ),
    FeatureKind(
        name="lsi",
        label="The pool's own words (LSI)",
        description="128 columns of latent semantic indexing of this project's texts, without a "
        "language model: small, fast, and not bound to English.",
        parts=("lsi",),
    ),
    FeatureKind(
        name="tfidf",
        label="Single words (TF-IDF)",
        description="The 2,048 commonest word parts of this project's texts, weighted by rarity: "
        "the classic, small and fast.",
        parts=("tfidf",),
    ),
    FeatureKind(
        name="table",
        label="The columns of the table",
        description="Numbers standardised and categories one by one, by the ranges and the frequent "
        "values of this project's pool.",
        parts=("table",),
        kind="table",
    ),
)


def get_features(name: str) -> FeatureKind:
    """The features of this name.

    Raises:
        UnknownFeatures: there are none; says what there is.
    """
    return one_named(FEATURES, name, noun="features", unknown=UnknownFeatures)


def fit_bag(
    *, kind: str, texts: Sequence[str], tokenizer: Any, max_tokens: int, seed: int
) -> BagModel:
    """Fit the pool part `kind` on the texts of a pool: none that are kept for testing.

    The same texts in any order and the same seed give the same model on one machine.

    Args:
        kind: one of `POOL_PARTS`.
        tokenizer: the embedder's, a `tokenizers.Tokenizer` (`embedding.uncut_tokenizer`).
        max_tokens: where the embedder cuts, special tokens included.

    Raises:
        UnknownFeatures: `kind` is not fitted on a pool.
        PoolTooSmall: the texts have no word in common.
    """
    fits = {"lsi": lsi.fit, "tfidf": tfidf.fit}
    if kind not in fits:
        raise UnknownFeatures(f"{kind!r} is not fitted on a pool; {', '.join(fits)} are")
    return fits[kind](texts, tokenizer=tokenizer, max_tokens=max_tokens, seed=seed)
