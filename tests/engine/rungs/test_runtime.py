"""Running a model folder: damaged ones say what is wrong."""

import json

import numpy as np
import pytest

from learners.engine.errors import BadFile, BadTable
from learners.engine.rungs import Files
from learners.engine.runtime import load_runtime, padded

of_words = pytest.mark.parametrize("trained", ["tfidf"], indirect=True)
of_columns = pytest.mark.parametrize("trained", ["tree"], indirect=True)


def test_padding_is_masked() -> None:
    inputs = padded([[5, 6, 7], [8]])
    assert inputs["input_ids"].tolist() == [[5, 6, 7], [8, 0, 0]]
    assert inputs["attention_mask"].tolist() == [[1, 1, 1], [1, 0, 0]]


def test_texts_without_a_token_still_have_a_row() -> None:
    assert padded([[], []])["attention_mask"].tolist() == [[0], [0]]


@of_words
@pytest.mark.parametrize("name", ["model.onnx", "labels.json", "model.json", "tokenizer.json"])
def test_a_missing_file_is_named(name: str, trained: Files) -> None:
    rest = {file: content for file, content in trained.items() if file != name}
    with pytest.raises(BadFile, match=f"no {name}"):
        load_runtime(rest)


@of_words
@pytest.mark.parametrize("name", ["model.onnx", "labels.json", "model.json", "tokenizer.json"])
def test_a_damaged_file_is_refused(name: str, trained: Files) -> None:
    with pytest.raises(BadFile):
        load_runtime({**trained, name: b"{nothing"})


@of_words
def test_a_later_format_is_refused(trained: Files) -> None:
    later = {**json.loads(trained["model.json"]), "format": 2}
    with pytest.raises(BadFile, match="format"):
        load_runtime({**trained, "model.json": json.dumps(later).encode()})


@of_words
def test_labels_of_another_model_are_refused(trained: Files) -> None:
    labels = [{"id": 1, "name": "one"}, {"id": 2, "name": "two"}, {"id": 3, "name": "three"}]
    with pytest.raises(BadFile, match="3 classes"):
        load_runtime({**trained, "labels.json": json.dumps(labels).encode()})


@of_words
def test_keys_of_later_areas_are_kept(trained: Files) -> None:
    more = {**json.loads(trained["model.json"]), "deferral": {"threshold": 0.8}}
    runtime = load_runtime({**trained, "model.json": json.dumps(more).encode()})
    assert runtime.meta["deferral"] == {"threshold": 0.8}


@of_words
def test_thresholds_make_it_a_model_of_any_number_of_labels(trained: Files) -> None:
    labels = [{**label, "threshold": 0.4} for label in json.loads(trained["labels.json"])]
    runtime = load_runtime({**trained, "labels.json": json.dumps(labels).encode()})
    assert runtime.multilabel
    assert runtime.thresholds == (0.4, 0.4)


@of_words
def test_cells_are_no_texts(trained: Files) -> None:
    with pytest.raises(BadFile, match="reads texts"):
        load_runtime(trained).predict_cells([["41", "cook"]])


@of_columns
def test_cells_predict_as_their_text_does(trained: Files) -> None:
    runtime = load_runtime(trained)
    cells = ["41", "cook", "3.50", "fr"]
    text = "\n".join(f"{name}: {cell}" for name, cell in zip(runtime.columns, cells, strict=True))
    np.testing.assert_array_equal(runtime.predict_cells([cells]), runtime.predict_proba([text]))


@of_columns
def test_words_among_numbers_are_named(trained: Files) -> None:
    with pytest.raises(BadTable, match="“age” holds “old”"):
        load_runtime(trained).predict_cells([["old", "cook", "3.50", "fr"]])
