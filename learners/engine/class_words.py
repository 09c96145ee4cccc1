"""The words of each class: what speaks for it and against it, over texts of the pool."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np

from learners.engine.features.bag import BagModel
from learners.engine.heads import Head
from learners.engine.multilabel.heads import MultiLabelHead
from learners.engine.words import Table, WordModel, spans

FORMAT = 1
WORDS = "words.json"
MOST_TEXTS = 4_000
LEAST_TEXTS = 5
"""A word in fewer texts is left out: of rare words the strangest would stand on top."""
MOST_WORDS = 20
TEXTS_AT_ONCE = 256


def word_model(head: Head | MultiLabelHead, bags: Sequence[BagModel]) -> WordModel:
    """The model of token tables and the head on them, side by side in this order."""
    tables, start = [], 0
    for bag in bags:
        part = slice(start, start + bag.n_dimensions)
        tables.append(Table(bag.rows, bag.table, bag.scale, bag.length, head.coef[:, part]))
        start += bag.n_dimensions
    several = isinstance(head, MultiLabelHead)
    return WordModel.made(tables, head.intercept, several=several)


def class_words(
    *, model: WordModel, tokenizer: Any, texts: Sequence[str], classes: Sequence[tuple[int, str]]
) -> dict[str, Any]:
    """`words.json`: of each class the words that add most to its logit, and that take most from it.

    A word's weight is what it adds in the mean, all its places in a text together, over those of
    `texts` that hold it. The same texts in the same order give the same words.

    Args:
        tokenizer: cuts as the model does. texts: the first `MOST_TEXTS` are looked at.
        classes: id and name, in the order of the model's.
    """
    looked_at = texts[:MOST_TEXTS]
    known, n_texts, adds = _summed(model, tokenizer, looked_at)
    names = list(known)
    frequent = np.flatnonzero(n_texts >= LEAST_TEXTS)
    means = adds[frequent] / n_texts[frequent, None]
    return {
        "format": FORMAT,
        "n_texts": len(looked_at),
        "least_texts": LEAST_TEXTS,
        "bias": [round(float(value), 6) for value in model.bias],
        "classes": [
            {
                "id": class_id,
                "name": name,
                "for": _strongest(means[:, place], 1, frequent, names, n_texts),
                "against": _strongest(means[:, place], -1, frequent, names, n_texts),
            }
            for place, (class_id, name) in enumerate(classes)
        ],
    }


def without_parted_words(words: Mapping[str, Any], tokenizer: Any) -> dict[str, Any]:
    """The same, of words alone that the tokenizer knows whole: they stand in its public vocabulary, so
    that they say nothing of whose texts these were.
    """

    def kept(found: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        return [word for word in found if tokenizer.token_to_id(word["word"]) is not None]

    classes = [
        {**one, "for": kept(one["for"]), "against": kept(one["against"])}
        for one in words["classes"]
    ]
    return {**words, "classes": classes}


def _strongest(
    means: Any, sign: int, frequent: Any, names: Sequence[str], n_texts: Any
) -> list[dict[str, Any]]:
    order = np.argsort(-sign * means, kind="stable")[:MOST_WORDS]
    return [
        {
            "word": names[frequent[place]],
            "weight": round(float(means[place]), 4),
            "n_texts": int(n_texts[frequent[place]]),
        }
        for place in order
        if sign * means[place] > 0
    ]


def _summed(
    model: WordModel, tokenizer: Any, texts: Sequence[str]
) -> tuple[dict[str, int], Any, Any]:
    """Different words in the order they were met, texts with each, and what each added in all."""
    known: dict[str, int] = {}
    n_texts, sums = np.zeros(0), np.zeros((0, len(model.bias)))
    for places, adds in _by_text(model, tokenizer, texts, known):
        if len(known) > len(sums):
            more = 2 * len(known) - len(sums)
            n_texts = np.append(n_texts, np.zeros(more))
            sums = np.concatenate([sums, np.zeros((more, sums.shape[1]))])
        np.add.at(sums, places, adds)
        n_texts[np.unique(places)] += 1
    return known, n_texts[: len(known)], sums[: len(known)]


def _by_text(
    model: WordModel, tokenizer: Any, texts: Sequence[str], known: dict[str, int]
) -> Iterator[tuple[Any, Any]]:
    """Of each text the places in `known` of its words, (n,), and what they add, (n, n_classes)."""
    sound = iter(text.encode("utf-8", "replace").decode() for text in texts)
    while chunk := list(islice(sound, TEXTS_AT_ONCE)):
        for text, encoding in zip(chunk, tokenizer.encode_batch(chunk), strict=True):
            found = [
                (known.setdefault(word, len(known)), adds)
                for start, end, adds in spans(encoding, model.adds(encoding.ids))
                if any(map(str.isalnum, word := text[start:end].casefold()))
            ]
            if found:
                yield np.array([place for place, _ in found]), np.array([adds for _, adds in found])
