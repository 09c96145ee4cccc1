"""What every rung of the ladder keeps to."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from learners.engine.errors import OneClassOnly, TrainingCancelled, UnknownRung
from learners.engine.rungs import RUNGS, Files, RungKind, Surroundings, get_rung
from learners.engine.runtime import load_runtime
from tests.engine.rungs.conftest import Training, trained_runtime
from tests.engine.rungs.worlds import make_data, make_questions

NAMES = [rung.name for rung in RUNGS]
every_rung = pytest.mark.parametrize(
    ("name", "trained"), [(n, n) for n in NAMES], indirect=["trained"]
)
every_training = pytest.mark.parametrize(
    ("name", "training"), [(n, n) for n in NAMES], indirect=["training"]
)
each_kind = pytest.mark.parametrize("kind", RUNGS, ids=NAMES)


@every_rung
def test_the_files_are_complete(name: str, trained: Files) -> None:
    beside = "table.json" if get_rung(name).input_kind == "table" else "tokenizer.json"
    words = {"words.json"} if name in ("tfidf", "static") else set()
    rules = {"rules.json"} if name in ("rules", "tree") else set()
    assert set(trained) == {"model.onnx", "labels.json", "model.json", beside, *words, *rules}


@every_rung
def test_a_linear_rung_tells_the_words_of_each_class(name: str, trained: Files) -> None:
    if "words.json" not in trained:
        assert name not in ("tfidf", "static")
        return
    told = json.loads(trained["words.json"])
    assert [one["id"] for one in told["classes"]] == list(trained_runtime(trained).class_ids)
    assert all(one["for"] for one in told["classes"])


@pytest.mark.parametrize("trained", ["rules", "tree"], indirect=True)
def test_what_people_can_read_accounts_for_every_training_example(trained: Files) -> None:
    rules = json.loads(trained["rules.json"])
    n_examples = sum(rule["n"] for rule in rules)
    assert 1 < len(rules) <= 20
    assert n_examples in {26, 96}  # texts and the names of classes, rows of the table
    assert all(0 < rule["n_right"] <= rule["n"] and rule["then"] for rule in rules)


@every_rung
def test_the_description_says_what_it_is(name: str, trained: Files) -> None:
    meta = json.loads(trained["model.json"])
    inputs = {"text": "tokens", "table": "columns"}[get_rung(name).input_kind]
    assert (meta["format"], meta["rung"], meta["input"]) == (1, name, inputs)
    assert meta["multilabel"] is False


@every_rung
def test_classes_keep_their_ids_and_names(name: str, trained: Files) -> None:
    runtime = trained_runtime(trained)
    known = make_data(get_rung(name).input_kind).class_names
    assert dict(zip(runtime.class_ids, runtime.class_names, strict=True)) == known


@every_rung
def test_probabilities_sum_to_one(name: str, trained: Files) -> None:
    questions = make_questions(get_rung(name).input_kind)
    found = trained_runtime(trained).predict_proba(questions)
    assert found.shape == (len(questions), 2)
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-5)


@every_rung
def test_the_labels_were_learned(name: str, trained: Files) -> None:
    data = make_data(get_rung(name).input_kind)
    runtime = trained_runtime(trained)
    said = np.array(runtime.class_ids)[runtime.predict_proba(data.texts).argmax(axis=1)]
    assert (said == data.y).mean() > 0.9


@every_rung
def test_a_folder_predicts_as_the_files_do(name: str, trained: Files, tmp_path: Path) -> None:
    for file, content in trained.items():
        (tmp_path / file).write_bytes(content)
    questions = make_questions(get_rung(name).input_kind)
    kept, given = load_runtime(tmp_path, n_threads=2), trained_runtime(trained)
    np.testing.assert_allclose(
        kept.predict_proba(questions), given.predict_proba(questions), atol=1e-5
    )
    assert kept.n_bytes == given.n_bytes == sum(map(len, trained.values()))


@every_rung
def test_a_text_alone_gets_what_it_gets_among_others(name: str, trained: Files) -> None:
    runtime = trained_runtime(trained)
    questions = make_questions(get_rung(name).input_kind)
    alone = np.concatenate([runtime.predict_proba([question]) for question in questions])
    np.testing.assert_allclose(runtime.predict_proba(questions), alone, atol=1e-5)


@every_rung
def test_no_texts_have_no_probabilities(name: str, trained: Files) -> None:
    assert trained_runtime(trained).predict_proba([]).shape == (0, 2)


@every_rung
def test_the_same_seed_gives_the_same_bytes(
    name: str, trained: Files, surroundings: Surroundings
) -> None:
    kind = get_rung(name)
    if not kind.reproducible:
        pytest.skip("training on several threads adds up in another order")
    assert kind.train(make_data(kind.input_kind), surroundings) == trained


@each_kind
def test_labels_of_one_class_are_refused(kind: RungKind, surroundings: Surroundings) -> None:
    data = make_data(kind.input_kind)
    alike = replace(data, y=np.full(len(data.texts), 7), names=())
    with pytest.raises(OneClassOnly, match="two classes"):
        kind.train(alike, surroundings)


@each_kind
def test_training_can_be_cancelled(kind: RungKind, surroundings: Surroundings) -> None:
    with pytest.raises(TrainingCancelled):
        kind.train(make_data(kind.input_kind), replace(surroundings, cancelled=lambda: True))


@every_training
def test_progress_rises(name: str, training: Training) -> None:
    shares = [share for _, share in training.heard]
    assert shares == sorted(shares)
    assert 0 <= shares[0] <= shares[-1] <= 1


@each_kind
def test_a_rung_says_what_it_is_and_where_it_comes_from(kind: RungKind) -> None:
    assert re.search(r"(19|20)\d\d", kind.paper)
    assert kind.label
    assert kind.description.endswith(".")
    assert kind.input_kind in {"text", "table"}


def test_names_are_distinct() -> None:
    assert len(set(NAMES)) == len(NAMES)


def test_an_unknown_rung_is_named_with_those_there_are() -> None:
    with pytest.raises(UnknownRung, match=r"no rung .gpt.; there are .*static"):
        get_rung("gpt")


def test_looking_at_the_rungs_loads_nothing_heavy() -> None:
    assert _loaded("learners.engine.rungs").isdisjoint({"torch", "sklearn", "django", "scipy"})


def test_running_a_model_loads_nothing_that_trains() -> None:
    light = {"torch", "sklearn", "django", "scipy", "onnx", "transformers"}
    assert _loaded("learners.engine.runtime").isdisjoint(light)


def _loaded(module: str) -> set[str]:
    import subprocess
    import sys

    code = f"import sys, {module}; print(*sys.modules)"
    said: Any = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    return set(said.stdout.decode().split())
