"""Static vectors: distilled once from an embedder's network, then a table of word pieces."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.pre_tokenizers import Whitespace
from tokenizers.processors import TemplateProcessing

from learners.engine.errors import BadFile, EmbedderUnavailable
from learners.engine.features.static import distil, ensure_static, find_static, from_pieces

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
WORDS = ["[unused0]", "red", "green", "door", "##s", "card", "open", "close", "my", "the"]
VOCABULARY = {piece: place for place, piece in enumerate(SPECIAL + WORDS)}


def make_tokenizer() -> Tokenizer:
    tokenizer = Tokenizer(WordPiece(VOCABULARY, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.add_special_tokens(SPECIAL)
    tokenizer.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return tokenizer


class TinyModel(list[Any]):
    """A network of random weights, held as sentence-transformers holds one."""

    def __init__(self) -> None:
        import torch
        import transformers

        library: Any = transformers
        torch.manual_seed(0)
        config = library.BertConfig(
            vocab_size=len(VOCABULARY),
            hidden_size=16,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=16,
        )
        super().__init__([SimpleNamespace(auto_model=library.BertModel(config).eval())])
        self.tokenizer = library.PreTrainedTokenizerFast(
            tokenizer_object=make_tokenizer(),
            pad_token="[PAD]",
            unk_token="[UNK]",
            cls_token="[CLS]",
            sep_token="[SEP]",
            mask_token="[MASK]",
        )


@pytest.fixture(scope="module")
def tiny() -> Any:
    return SimpleNamespace(name="tiny", digest="abc", max_tokens=8, model=TinyModel())


def test_every_word_piece_gets_a_vector(tiny: Any) -> None:
    static = distil(tiny)
    assert (static.name, static.max_tokens) == ("static", 8)
    vectors = static.embed(["red door", "my card", "zebra", ""]).vectors
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), [1, 1, 0, 0], atol=1e-5)


def test_distilling_twice_gives_the_same_vectors(tiny: Any) -> None:
    assert distil(tiny).digest == distil(tiny).digest


def test_a_text_is_the_sum_of_its_pieces(tiny: Any) -> None:
    static = distil(tiny)
    red, doors = (static.table[static.rows[VOCABULARY[piece]]] for piece in ("red", "##s"))
    expected = (red + doors).astype(np.float32)
    found = static.embed(["reds"]).vectors[0]
    np.testing.assert_allclose(found, expected / np.linalg.norm(expected), atol=1e-3)


def test_pieces_are_found_by_name_and_special_or_unknown_ones_are_dropped() -> None:
    vectors = np.eye(4, dtype=np.float32)
    pieces = ("door", "[CLS]", "elsewhere", "red")
    static = from_pieces(pieces=pieces, vectors=vectors, tokenizer=make_tokenizer(), max_tokens=8)
    assert static.embed(["red", "door", "[CLS]"]).vectors.tolist() == [
        [0, 0, 0, 1],
        [1, 0, 0, 0],
        [0, 0, 0, 0],
    ]


def test_what_was_distilled_is_kept(tiny: Any, tmp_path: Path) -> None:
    assert find_static(cache_folder=tmp_path, digest="abc") is None
    made = ensure_static(embedder=tiny, cache_folder=tmp_path)
    blind = SimpleNamespace(name="tiny", digest="abc", max_tokens=8)  # could distil nothing
    kept = ensure_static(embedder=blind, cache_folder=tmp_path)  # type: ignore[arg-type]
    assert kept.digest == made.digest
    assert len(list(tmp_path.iterdir())) == 1


def test_a_damaged_file_says_what_to_delete(tmp_path: Path) -> None:
    (tmp_path / "abc-static-1.npz").write_bytes(b"PK")
    with pytest.raises(BadFile, match="delete it"):
        find_static(cache_folder=tmp_path, digest="abc")


def test_an_embedder_without_a_network_is_refused(tmp_path: Path) -> None:
    other: Any = SimpleNamespace(name="our.embedder", digest="d", max_tokens=8)
    with pytest.raises(EmbedderUnavailable, match=r"'our\.embedder' has no network"):
        ensure_static(embedder=other, cache_folder=tmp_path)
    assert list(tmp_path.iterdir()) == []
