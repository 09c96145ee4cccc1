"""What each word adds to a model that sums word pieces: exact, and in its place."""

from typing import Any

import numpy as np
import pytest
from tokenizers import Tokenizer

from learners.engine.class_words import (
    LEAST_TEXTS,
    class_words,
    without_parted_words,
    word_model,
)
from learners.engine.features.bag import BagModel
from learners.engine.graph import joined_graph
from learners.engine.multilabel.heads import MultiLabelHead
from learners.engine.packing.parity import ODD_TEXTS
from learners.engine.rungs.bags import in_bytes
from learners.engine.runtime import load_runtime
from learners.engine.words import NoSumOfWords, WordModel
from tests.engine.packing.models import (
    TEXTS,
    counted_bag,
    head_for,
    table_model,
    text_model,
    tokenizer,
    vector_bag,
)

BAGS = {"tfidf": counted_bag(), "fp16": vector_bag(), "int8": in_bytes(vector_bag())}
SEEN = [*TEXTS[:6], *ODD_TEXTS, "unbelievably late refunds, refunds", "card " * 400]


def cutting(text: str) -> Any:
    tool = Tokenizer.from_str(tokenizer().to_str())
    tool.enable_truncation(max_length=256)
    return tool.encode(text)


@pytest.mark.parametrize("name", BAGS)
def test_what_the_words_add_and_the_bias_are_the_logits(name: str) -> None:
    files = text_model(BAGS[name])
    model = WordModel.of_graph(files["model.onnx"], several=False)
    probabilities = load_runtime(files).predict_proba(SEEN).astype(np.float64)
    logits = np.log(probabilities) - np.log(probabilities).mean(axis=1, keepdims=True)
    for text, expected in zip(SEEN, logits, strict=True):
        sound = text.encode("utf-8", "replace").decode()
        words = model.words(sound, cutting(sound))
        found = model.bias + sum((np.array(word.adds) for word in words), np.zeros(3))
        assert found == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("name", BAGS)
def test_the_head_and_the_tables_of_a_fit_say_the_same_as_the_graph(name: str) -> None:
    bag = BAGS[name]
    head = head_for(bag.n_dimensions)
    ours = word_model(head, [bag])
    theirs = WordModel.of_graph(text_model(bag)["model.onnx"], several=False)
    ids = tokenizer().encode(TEXTS[0]).ids
    assert ours.adds(ids) == pytest.approx(theirs.adds(ids), abs=1e-6)


def test_several_tables_side_by_side_add_up_to_the_logits_too() -> None:
    bags: list[BagModel] = [vector_bag(4), counted_bag()]
    head = head_for(sum(bag.n_dimensions for bag in bags))
    vector = np.concatenate([bag.embed([TEXTS[1]]).vectors for bag in bags], axis=1)
    logits = (vector @ head.coef.T + head.intercept)[0]
    for model in (
        word_model(head, bags),
        WordModel.of_graph(joined_graph(None, head, bags), several=False),
    ):
        adds = model.adds(tokenizer().encode(TEXTS[1]).ids)
        assert model.bias + adds.sum(axis=0) == pytest.approx(logits - logits.mean(), abs=1e-5)


def test_where_a_text_has_several_classes_each_has_a_logit_of_its_own() -> None:
    bag = vector_bag(4)
    plain = head_for(4)
    head = MultiLabelHead(plain.coef, plain.intercept, plain.class_ids, np.full(3, 0.5))
    logits = (bag.embed([TEXTS[0]]).vectors @ plain.coef.T + plain.intercept)[0]
    model = word_model(head, [bag])
    ids = tokenizer().encode(TEXTS[0]).ids
    assert model.bias + model.adds(ids).sum(axis=0) == pytest.approx(logits, abs=1e-5)


def test_pieces_are_joined_into_words_where_they_stand() -> None:
    text = "Unbelievably, naïve 汉字\tre-funds"
    model = WordModel.of_graph(text_model(vector_bag())["model.onnx"], several=False)
    found = model.words(text, cutting(text))
    words = ["Unbelievably", ",", "naïve", "汉", "字", "re", "-", "funds"]
    assert [word.word for word in found] == words
    assert [text[word.start : word.end] for word in found] == words


def test_a_special_token_in_a_text_is_no_word() -> None:
    text = "card [SEP] late"
    model = WordModel.of_graph(text_model(vector_bag())["model.onnx"], several=False)
    spoken = [word.word for word in model.words(text, cutting(text)) if any(word.adds)]
    assert "SEP" not in spoken


def test_an_embedding_model_or_a_table_has_no_words_to_weigh() -> None:
    with pytest.raises(NoSumOfWords):
        WordModel.of_graph(table_model()[0]["model.onnx"], several=False)
    with pytest.raises(NoSumOfWords):
        WordModel.of_graph(b"\xff\xff no graph", several=False)


def found_words(texts: list[str], bag: str = "tfidf") -> dict[str, Any]:
    model = WordModel.of_graph(text_model(BAGS[bag])["model.onnx"], several=False)
    classes = [(5, "a"), (6, "b"), (7, "c")]
    return class_words(model=model, tokenizer=tokenizer(), texts=texts, classes=classes)


def test_the_words_of_a_class_are_its_strongest_in_the_mean_of_the_texts() -> None:
    found = found_words(TEXTS * 3)
    model = WordModel.of_graph(text_model(counted_bag())["model.onnx"], several=False)
    held = [text for text in TEXTS * 3 if "refund" in text]
    by_hand = [
        sum(w.adds[0] for w in model.words(t, tokenizer().encode(t)) if w.word == "refund")
        for t in held
    ]
    every = [*found["classes"][0]["for"], *found["classes"][0]["against"]]
    (refund,) = [word for word in every if word["word"] == "refund"]
    assert refund["weight"] == pytest.approx(np.mean(by_hand), abs=1e-4)
    assert refund["n_texts"] == len(held)


def test_rare_words_and_punctuation_do_not_lead() -> None:
    rare = ["zebra refund"] * (LEAST_TEXTS - 1)
    found = found_words([*TEXTS * 3, *rare, *["please , !"] * 9])
    assert "refund" in spoken_of(found)
    assert spoken_of(found).isdisjoint({"zebra", ",", "!"})


def test_words_for_stand_above_zero_and_the_strongest_first() -> None:
    for one in found_words(TEXTS * 3)["classes"]:
        weights = [word["weight"] for word in one["for"]]
        assert weights == sorted(weights, reverse=True)
        assert all(weight >= 0 for weight in weights)
        assert all(word["weight"] <= 0 for word in one["against"])


def test_words_that_the_public_vocabulary_does_not_hold_can_be_left_out() -> None:
    found = found_words(["late Quuxley card"] * 9, "fp16")
    assert spoken_of(found) == {"late", "quuxley", "card"}
    assert spoken_of(without_parted_words(found, tokenizer())) == {"late", "card"}


def spoken_of(found: dict[str, Any]) -> set[str]:
    return {word["word"] for one in found["classes"] for word in [*one["for"], *one["against"]]}
