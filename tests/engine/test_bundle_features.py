"""The packed model with token tables: the application's own probabilities on the oddest texts."""

import io
import json
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray
from tokenizers import Tokenizer

from learners.engine.bundle import cutting_tokenizer, joined_graph, write_bundle
from learners.engine.embedding import Embedder, uncut_tokenizer
from learners.engine.errors import BadFile
from learners.engine.features import BagModel, fit_bag, joined
from learners.engine.heads import Head
from learners.engine.trunk import Trunk
from tests.engine.test_bundle import CARD, NAMES, make_texts

POOL = make_texts()[:170]
TEXTS = make_texts()[130::2]  # plain ones, and all kinds of odd ones
FEATURES = [
    ("minilm", "lsi", "tfidf"),
    ("lsi",),
    ("tfidf",),
    ("tfidf", "lsi"),
    ("half", "tfidf"),
]


@pytest.fixture(scope="module")
def bags(minilm: Embedder) -> dict[str, BagModel]:
    tokenizer = uncut_tokenizer(minilm.model)
    fitted = {
        kind: fit_bag(kind=kind, texts=POOL, tokenizer=tokenizer, max_tokens=256, seed=0)
        for kind in ("lsi", "tfidf")
    }
    half = fitted["lsi"].table.astype(np.float16)  # as static vectors are kept
    return {**fitted, "half": replace(fitted["lsi"], name="static", table=half)}


def random_head(n_dimensions: int) -> Head:
    rng = np.random.default_rng(5)
    return Head(rng.normal(size=(3, n_dimensions)) * 5, rng.normal(size=3), (5, 6, 7))


def run(folder: Path) -> NDArray[np.float32]:
    """What predict.py does with the unpacked files, in file order, so with much padding."""
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    model = onnxruntime.InferenceSession(str(folder / "model.onnx"))
    return np.concatenate(
        [probabilities(model, tokenizer, TEXTS[at : at + 8]) for at in range(0, len(TEXTS), 8)]
    )


def probabilities(model: Any, tokenizer: Any, texts: list[str]) -> Any:
    encoded = tokenizer.encode_batch(texts)
    inputs = {
        "input_ids": np.array([one.ids for one in encoded], np.int64),
        "attention_mask": np.array([one.attention_mask for one in encoded], np.int64),
    }
    return model.run(["probabilities"], inputs)[0]


def pack(head: Head, trunk: Trunk | None, bags: Any) -> zipfile.ZipFile:
    target = io.BytesIO()
    write_bundle(target=target, head=head, class_names=NAMES, card=CARD, trunk=trunk, bags=bags)
    return zipfile.ZipFile(target)


@pytest.mark.parametrize("parts", FEATURES, ids="+".join)
def test_packed_probabilities_are_the_applications(
    parts: tuple[str, ...],
    bags: dict[str, BagModel],
    minilm: Embedder,
    trunk: Trunk,
    tmp_path: Path,
) -> None:
    embedders = [minilm if part == "minilm" else bags[part] for part in parts]
    vectors = joined([embedder.embed(TEXTS).vectors for embedder in embedders])
    head = random_head(vectors.shape[1])
    tables = [bags[part] for part in parts if part != "minilm"]
    pack(head, trunk if "minilm" in parts else None, tables).extractall(tmp_path)
    assert np.abs(run(tmp_path) - head.predict_proba(vectors)).max() < 1e-4


def told(folder: Path, text: str) -> dict[str, Any]:
    """What the unpacked `predict.py --explain` says of a text."""
    command = [sys.executable, str(folder / "predict.py"), "--explain", text]
    done = subprocess.run(command, capture_output=True, check=True, env={})
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_a_model_of_token_tables_tells_its_words(bags: dict[str, BagModel], tmp_path: Path) -> None:
    tables = [bags["tfidf"], bags["lsi"]]
    head = random_head(sum(bag.n_dimensions for bag in tables))
    archive = pack(head, None, tables)
    archive.extractall(tmp_path)
    found = told(tmp_path, TEXTS[0])
    logits = np.array(list(found["bias"].values()))
    logits += np.sum([list(word["for"].values()) for word in found["words"]], axis=0)
    shares = np.exp(logits) / np.exp(logits).sum()
    assert shares == pytest.approx(list(found["probabilities"].values()), abs=1e-4)
    assert "predict.py --explain" in archive.read("README.md").decode()


def test_one_with_an_embedder_does_not_offer_words(bags: dict[str, BagModel], trunk: Trunk) -> None:
    archive = pack(random_head(384 + bags["lsi"].n_dimensions), trunk, [bags["lsi"]])
    assert "words.py" not in archive.namelist()
    assert "--explain" not in archive.read("README.md").decode()


def test_a_model_without_an_embedder_is_small(bags: dict[str, BagModel]) -> None:
    archive = pack(random_head(bags["lsi"].n_dimensions), None, [bags["lsi"]])
    assert sum(entry.file_size for entry in archive.infolist()) < 2_000_000


def test_the_card_names_the_tables(bags: dict[str, BagModel], trunk: Trunk) -> None:
    head = random_head(384 + bags["lsi"].n_dimensions)
    archive = pack(head, trunk, [bags["lsi"]])
    tables = json.loads(archive.read("card.json"))["token_tables"]
    assert [(table["name"], table["sha256"]) for table in tables] == [("lsi", bags["lsi"].digest)]
    assert "Latent semantic indexing of the project's texts" in archive.read("README.md").decode()


def test_a_card_without_an_embedder_speaks_of_none(bags: dict[str, BagModel]) -> None:
    archive = pack(random_head(bags["tfidf"].n_dimensions), None, [bags["tfidf"]])
    assert json.loads(archive.read("card.json"))["embedder"] is None
    readme = archive.read("README.md").decode()
    assert "Embedding model" not in readme
    assert "Texts are cut after 256 tokens." in readme


def test_the_same_tables_pack_to_the_same_bytes(bags: dict[str, BagModel]) -> None:
    head = random_head(bags["lsi"].n_dimensions)
    again = BagModel.from_bytes(bags["lsi"].to_bytes())
    assert joined_graph(None, head, [bags["lsi"]]) == joined_graph(None, head, [again])


def test_a_tokenizer_for_tables_alone_cuts_and_pads(bags: dict[str, BagModel]) -> None:
    tokenizer = Tokenizer.from_str(cutting_tokenizer(bags["lsi"]).decode())
    encoded = tokenizer.encode_batch(["word " * 600, "word"])
    assert [len(one.ids) for one in encoded] == [256, 256]
    assert sum(encoded[1].attention_mask) == 3


def test_a_head_for_other_features_is_refused(bags: dict[str, BagModel], trunk: Trunk) -> None:
    with pytest.raises(BadFile, match=r"takes 384 dimensions, its features give 384 \+"):
        pack(random_head(384), trunk, [bags["lsi"]])
    with pytest.raises(BadFile, match="its features give none"):
        pack(random_head(384), None, [])


def test_tables_of_another_tokenizer_or_cut_are_refused(
    bags: dict[str, BagModel], trunk: Trunk
) -> None:
    lsi = bags["lsi"]
    head = random_head(384 + lsi.n_dimensions)
    with pytest.raises(BadFile, match=r"cuts \(\[128, 256\] tokens\)"):
        pack(head, trunk, [replace(lsi, max_tokens=128)])
    with pytest.raises(BadFile, match="another tokenizer than the embedder's"):
        pack(head, trunk, [replace(lsi, tokenizer_json=lsi.tokenizer_json + " ")])
