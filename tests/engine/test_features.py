"""Features fitted on a pool: sums over token tables, the same however the pool is read."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfTransformer
from tokenizers import Tokenizer

from learners.engine.embedding import Embedder, uncut_tokenizer
from learners.engine.errors import BadFile, BadVectors, PoolTooSmall, UnknownFeatures
from learners.engine.features import (
    FEATURES,
    POOL_PARTS,
    BagModel,
    fit_bag,
    get_features,
    joined,
)
from learners.engine.features.lsi import fit as fit_lsi
from learners.engine.features.tfidf import fit as fit_tfidf

SUBJECTS = ("my card has not arrived", "play some jazz music", "wake me up at seven")
ENDINGS = ("please", "now", "today", "again", "for my mother", "as soon as you can")
POOL = [f"{subject} {ending}" for subject in SUBJECTS for ending in ENDINGS]


@pytest.fixture(scope="module")
def tokenizer(minilm: Embedder) -> Tokenizer:
    return uncut_tokenizer(minilm.model)


def fitted(kind: str, tokenizer: Tokenizer, texts: list[str] | None = None, **changes: Any) -> Any:
    given: dict[str, Any] = {"max_tokens": 256, "seed": 3} | changes
    return fit_bag(kind=kind, texts=POOL if texts is None else texts, tokenizer=tokenizer, **given)


@pytest.mark.parametrize("kind", POOL_PARTS)
def test_every_vector_has_the_length_of_its_part(kind: str, tokenizer: Tokenizer) -> None:
    model = fitted(kind, tokenizer)
    embedded = model.embed(POOL)
    assert embedded.vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(embedded.vectors, axis=1), model.length, rtol=1e-5)
    assert model.length == (0.5 if kind == "lsi" else 1)


@pytest.mark.parametrize("kind", POOL_PARTS)
@pytest.mark.parametrize("text", ["", " ", "zebra", "数字", "[PAD] [CLS] [UNK]", "\u200b"])
def test_a_text_without_known_words_is_the_zero_vector(
    kind: str, text: str, tokenizer: Tokenizer
) -> None:
    assert not fitted(kind, tokenizer).embed([text]).vectors.any()


@pytest.mark.parametrize("kind", POOL_PARTS)
def test_the_order_of_the_pool_changes_nothing(kind: str, tokenizer: Tokenizer) -> None:
    shuffled = [POOL[place] for place in np.random.default_rng(1).permutation(len(POOL))]
    assert fitted(kind, tokenizer).digest == fitted(kind, tokenizer, shuffled).digest


def test_another_seed_turns_no_column_of_a_small_pool(tokenizer: Tokenizer) -> None:
    one, other = (fitted("lsi", tokenizer, seed=seed).embed(POOL).vectors for seed in (1, 2))
    np.testing.assert_allclose(one @ one.T, other @ other.T, atol=1e-4)


@pytest.mark.parametrize("kind", POOL_PARTS)
def test_a_stored_model_is_the_same_model(kind: str, tokenizer: Tokenizer) -> None:
    model = fitted(kind, tokenizer)
    again = BagModel.from_bytes(model.to_bytes())
    assert again.digest == model.digest
    np.testing.assert_array_equal(again.embed(POOL).vectors, model.embed(POOL).vectors)
    assert (again.name, again.max_tokens, again.note) == (kind, 256, model.note)


def test_another_cut_is_another_model(tokenizer: Tokenizer) -> None:
    assert fitted("lsi", tokenizer).digest != fitted("lsi", tokenizer, max_tokens=255).digest


@pytest.mark.parametrize("stored", [b"", b"PK\x03\x04", b"not an archive"])
def test_a_damaged_model_is_named(stored: bytes) -> None:
    with pytest.raises(BadFile, match="not a stored token table"):
        BagModel.from_bytes(stored)


def test_tables_that_do_not_fit_their_token_ids_are_refused(tokenizer: Tokenizer) -> None:
    rows = np.array([-1, 0, 5], np.int32)
    with pytest.raises(BadFile, match="past a table of 3 rows"):
        BagModel("lsi", np.ones((3, 2), np.float32), rows, "{}", 256)
    with pytest.raises(BadFile, match="NaN"):
        BagModel("lsi", np.full((6, 2), np.nan, np.float32), rows, "{}", 256)


@pytest.mark.parametrize("kind", POOL_PARTS)
def test_tokens_beyond_the_cut_do_not_count(kind: str, tokenizer: Tokenizer) -> None:
    model = fitted(kind, tokenizer, max_tokens=6)  # four words and two special tokens
    found = model.embed(["play some jazz music please", "play some jazz music"])
    np.testing.assert_array_equal(found.vectors[0], found.vectors[1])
    assert found.n_tokens.tolist() == [7, 6]


def test_tokens_are_counted_as_the_embedder_counts_them(
    minilm: Embedder, tokenizer: Tokenizer
) -> None:
    texts = ["", "play some jazz", "数字 and 👍", "word " * 600]
    found = fitted("lsi", tokenizer).embed(texts)
    assert found.n_tokens.tolist() == minilm.count_tokens(texts).tolist()


def test_a_word_that_stands_in_one_text_alone_is_dropped(tokenizer: Tokenizer) -> None:
    model = fitted("tfidf", tokenizer, [*POOL, "zebra zebra zebra"])
    assert not model.embed(["zebra"]).vectors.any()


def test_tfidf_is_scikit_learns(tokenizer: Tokenizer) -> None:
    texts = ["red card", "red red door", "open door"]
    vectors = fitted("tfidf", tokenizer, texts).embed(texts).vectors
    # columns: red, door; "card" and "open" stand in one text each
    expected = TfidfTransformer().fit([[1, 0], [2, 1], [0, 1]]).transform([[1, 0], [2, 1], [0, 1]])
    np.testing.assert_allclose(np.sort(vectors), np.sort(expected.toarray()), atol=1e-6)


def test_tfidf_keeps_the_commonest_tokens(tokenizer: Tokenizer) -> None:
    texts = ["red", "red", "red", "door", "door", "card", "card"]
    model = fit_tfidf(texts, tokenizer=tokenizer, max_tokens=256, seed=0, n_columns=1)
    assert model.embed(["red", "door"]).vectors.tolist() == [[1], [0]]


def test_lsi_brings_words_together_that_share_their_company(tokenizer: Tokenizer) -> None:
    texts = [f"{car} {word}" for car in ("car", "auto") for word in ("engine", "wheel", "brake")]
    texts += [f"{fruit} {word}" for fruit in ("apple", "pear") for word in ("pie", "juice", "tree")]
    model = fit_lsi(texts, tokenizer=tokenizer, max_tokens=256, seed=0, n_columns=2)
    car, auto, apple = model.embed(["car", "auto", "apple"]).vectors / model.length
    assert car @ auto > 0.9
    assert abs(car @ apple) < 0.1


def test_a_small_pool_gives_fewer_columns_and_says_so(tokenizer: Tokenizer) -> None:
    model = fitted("lsi", tokenizer, ["red card", "red card", "red door"])
    assert model.n_dimensions == 2
    assert model.note == "2 of 128 columns: the pool of 3 texts has no more to tell"


@pytest.mark.parametrize("kind", POOL_PARTS)
@pytest.mark.parametrize("texts", [[], ["only one text"], ["", "", ""], ["red card", "open door"]])
def test_a_pool_without_a_word_in_common_is_refused(
    kind: str, texts: list[str], tokenizer: Tokenizer
) -> None:
    with pytest.raises(PoolTooSmall, match=f"of the {len(texts)} texts"):
        fitted(kind, tokenizer, texts)


def test_no_texts_have_no_vectors(tokenizer: Tokenizer) -> None:
    embedded = fitted("lsi", tokenizer).embed([])
    assert len(embedded.vectors) == len(embedded.n_tokens) == 0


def test_only_what_is_fitted_on_a_pool_can_be(tokenizer: Tokenizer) -> None:
    with pytest.raises(UnknownFeatures, match="'minilm' is not fitted on a pool; lsi, tfidf are"):
        fitted("minilm", tokenizer)


def test_a_table_of_half_precision_is_kept_so(tokenizer: Tokenizer) -> None:
    model = fitted("lsi", tokenizer)
    half = replace(model, table=model.table.astype(np.float16))
    again = BagModel.from_bytes(half.to_bytes())
    assert again.table.dtype == np.float16
    assert again.embed(POOL).vectors.dtype == np.float32
    np.testing.assert_allclose(again.embed(POOL).vectors, model.embed(POOL).vectors, atol=1e-3)


def test_a_table_of_another_precision_is_refused(tokenizer: Tokenizer) -> None:
    model = fitted("lsi", tokenizer)
    with pytest.raises(BadFile, match="is float64"):
        replace(model, table=model.table.astype(np.float64))


def test_parts_stand_side_by_side() -> None:
    left, right = np.ones((2, 3), np.float32), np.zeros((2, 1), np.float32)
    assert joined([left, right]).tolist() == [[1, 1, 1, 0]] * 2
    assert joined([left]) is left


def test_parts_that_cannot_stand_side_by_side_are_refused() -> None:
    with pytest.raises(BadVectors, match="parts of 2, 3 rows"):
        joined([np.ones((2, 3)), np.ones((3, 3))])
    with pytest.raises(BadVectors, match="no features to join"):
        joined([])
    with pytest.raises(BadVectors, match="row 1"):
        joined([np.ones((2, 1)), np.array([[1.0], [np.inf]])])


def test_features_are_found_by_name() -> None:
    assert all(get_features(features.name) is features for features in FEATURES)
    with pytest.raises(UnknownFeatures, match="no features 'bert'; there are minilm"):
        get_features("bert")
