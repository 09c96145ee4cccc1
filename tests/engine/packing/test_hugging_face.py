"""The folder for publishing: the tokenizer loads with transformers, and the graph takes what it gives."""

import io
import json
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest

from learners.engine.errors import CheckFailed
from learners.engine.intervals import wilson
from learners.engine.packing.hugging_face import check_folder, write_hugging_face
from tests.engine.packing.models import FACTS, MANIFEST, parity, text_model, vector_bag

FILES = text_model(vector_bag())


def contents(**changes: Any) -> dict[str, bytes]:
    target = io.BytesIO()
    facts = replace(FACTS, **changes)
    write_hugging_face(
        target=target,
        files=FILES,
        facts=facts,
        manifest=MANIFEST,
        trunk_config={"model_type": "bert", "hidden_size": 384} if changes.get("licence") else None,
    )
    archive = zipfile.ZipFile(target)
    return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("published")
    for name, content in contents().items():
        (made / name).parent.mkdir(exist_ok=True)
        (made / name).write_bytes(content)
    return made


@pytest.mark.slow
def test_transformers_reads_the_tokenizer_and_the_graph_takes_what_it_gives(folder: Path) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    given = parity(FILES)
    texts = [str(text).replace("\0", "") for text in given.inputs]
    tokens = tokenizer(texts, return_tensors="np", padding=True, truncation=True)
    session = onnxruntime.InferenceSession(str(folder / "onnx" / "model.onnx"))
    inputs = {name: tokens[name].astype(np.int64) for name in ("input_ids", "attention_mask")}
    found = session.run(["probabilities"], inputs)[0]
    assert np.abs(found - np.array(given.probabilities)).max() < 1e-4


def test_labels_stand_in_the_order_of_the_probabilities(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text("utf-8"))
    assert config["id2label"]["1"] == 'Beschwerde "ä"'
    assert config["label2id"]["感谢"] == 2
    assert config["model_type"] == "labeler-bag"
    assert json.loads(contents(licence="Apache-2.0")["config.json"])["model_type"] == "bert"


def test_the_readme_begins_with_what_the_site_reads() -> None:
    readme = contents(accuracy=wilson(23, 26), n_audit=26)["README.md"].decode()
    _, front, card = readme.split("---\n", 2)
    told = dict(line.split(": ", 1) for line in front.splitlines())
    assert json.loads(told["pipeline_tag"]) == "text-classification"
    metrics = json.loads(told["model-index"])[0]["results"][0]["metrics"]
    assert metrics == [{"type": "accuracy", "value": round(23 / 26, 6)}]
    assert "## Intended use" in card


def test_no_text_of_the_project_is_inside() -> None:
    found = contents()
    assert not any(b"my card never arrived" in content for content in found.values())
    assert "parity.json" not in found


def test_the_folder_is_checked_before_it_is_offered() -> None:
    given = parity(FILES)
    assert check_folder(contents(), given).largest_difference <= 1e-4
    wrong = replace(given, probabilities=[[1.0, 0.0, 0.0]] * len(given.inputs))
    with pytest.raises(CheckFailed, match="the folder's probabilities differ"):
        check_folder(contents(), wrong)
