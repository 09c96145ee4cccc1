"""A packed model for texts with any number of labels: the application's sets, in words of its own."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from learners.engine.bundle import write_bundle
from learners.engine.card import BundleCard
from learners.engine.embedding import Embedder, uncut_tokenizer
from learners.engine.features import BagModel, fit_bag, joined
from learners.engine.intervals import Interval
from learners.engine.multilabel import MultiLabelHead
from learners.engine.trunk import Trunk
from tests.engine.test_bundle import CARD, NAMES, make_texts
from tests.machine.fakes import TinyEmbedder

TEXTS = make_texts()[:170]


def several_card(**changes: Any) -> BundleCard:
    found = Interval(0.8, 0.7, 0.9, 40)
    return replace(
        CARD, multilabel=True, micro_f1=found, exact_match=found, accuracy=None, **changes
    )


def make_bag(tokenizer: Any, max_tokens: int) -> BagModel:
    return fit_bag(kind="lsi", texts=TEXTS, tokenizer=tokenizer, max_tokens=max_tokens, seed=0)


def make_head(n_dimensions: int) -> MultiLabelHead:
    rng = np.random.default_rng(5)
    coef = rng.normal(size=(3, n_dimensions)) * 5
    return MultiLabelHead(coef, rng.normal(size=3), (5, 6, 7), np.array([0.2, 0.5, 0.8]))


def unpack(folder: Path, head: MultiLabelHead, bag: BagModel, trunk: Trunk | None) -> None:
    import zipfile

    path = folder / "model.zip"
    with path.open("wb") as target:
        write_bundle(
            target=target,
            head=head,
            class_names=NAMES,
            card=several_card(),
            trunk=trunk,
            bags=[bag],
        )
    zipfile.ZipFile(path).extractall(folder)


def said(folder: Path, texts: list[str]) -> list[dict[str, Any]]:
    """What predict.py prints, run by itself."""
    lines = "".join(json.dumps(text) + "\n" for text in texts)
    command = [sys.executable, "-I", str(folder / "predict.py"), "--json"]
    done = subprocess.run(command, input=lines.encode(), capture_output=True, check=True)
    return [json.loads(line) for line in done.stdout.decode().splitlines()]


def check(folder: Path, head: MultiLabelHead, vectors: Any, texts: list[str]) -> None:
    probabilities, has = head.predict_proba(vectors), head.predict(vectors)
    for row, answer in enumerate(said(folder, texts)):
        found = [answer["probabilities"][name] for name in NAMES]
        np.testing.assert_allclose(found, probabilities[row], atol=1e-4)
        names = {label["label"] for label in answer["labels"]}
        assert names == {name for name, true in zip(NAMES, has[row], strict=True) if true}


def test_a_model_of_token_tables_says_the_applications_sets(tmp_path: Path) -> None:
    bag = make_bag(TinyEmbedder().tokenizer, 64)
    head = make_head(bag.n_dimensions)
    unpack(tmp_path, head, bag, None)
    check(tmp_path, head, bag.embed(TEXTS).vectors, TEXTS)


def test_a_model_with_an_embedder_says_them_too(
    tmp_path: Path, minilm: Embedder, trunk: Trunk
) -> None:
    bag = make_bag(uncut_tokenizer(minilm.model), 256)
    vectors = joined([minilm.embed(TEXTS[:20]).vectors, bag.embed(TEXTS[:20]).vectors])
    head = make_head(vectors.shape[1])
    unpack(tmp_path, head, bag, trunk)
    check(tmp_path, head, vectors, TEXTS[:20])


def test_labels_come_likeliest_first_and_none_is_an_empty_list(tmp_path: Path) -> None:
    bag = make_bag(TinyEmbedder().tokenizer, 64)
    none = MultiLabelHead(
        np.zeros((3, bag.n_dimensions)), np.array([-3.0, -4, -5]), (5, 6, 7), np.full(3, 0.5)
    )
    every = replace(none, intercept=np.array([1.0, 3.0, 2.0]))
    for head, expected in ((none, []), (every, [NAMES[1], NAMES[2], NAMES[0]])):
        unpack(tmp_path, head, bag, None)
        (answer,) = said(tmp_path, ["some text"])
        assert [label["label"] for label in answer["labels"]] == expected


def test_thresholds_stand_with_the_labels_and_the_readme_explains_them(tmp_path: Path) -> None:
    bag = make_bag(TinyEmbedder().tokenizer, 64)
    unpack(tmp_path, make_head(bag.n_dimensions), bag, None)
    labels = json.loads((tmp_path / "labels.json").read_text("utf-8"))
    assert [label["threshold"] for label in labels] == [0.2, 0.5, 0.8]
    readme = (tmp_path / "README.md").read_text("utf-8")
    assert "A text has any number of labels here." in readme
    assert "Micro-F1, over all labels of all texts: 80.0 %, between 70 and 90 %" in readme
    assert "Accuracy" not in readme


@pytest.mark.parametrize("key", ["micro_f1", "exact_match", "multilabel"])
def test_the_card_tells_programs_that_sets_were_measured(tmp_path: Path, key: str) -> None:
    bag = make_bag(TinyEmbedder().tokenizer, 64)
    unpack(tmp_path, make_head(bag.n_dimensions), bag, None)
    assert json.loads((tmp_path / "card.json").read_text("utf-8"))[key]
