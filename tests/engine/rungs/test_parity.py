"""A model that is run gives what the model that was trained gives: its own features under its own head."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from learners.engine.embedding import Embedder
from learners.engine.features import joined
from learners.engine.features.table import TableModel
from learners.engine.rungs import RUNGS, Surroundings, get_rung
from learners.engine.rungs.on_words import which_words
from learners.engine.rungs.quantizing import ensure_int8
from learners.engine.rungs.trunks import embedder_of, one_at_a_time, prepared_trunk
from tests.engine.rungs.conftest import Training, trained_runtime
from tests.engine.rungs.worlds import make_questions, make_texts

TOLERANCE = 1e-4
SAME_LABELS = 0.995
IN_TORCH = ("minilm", "working", "tuned")
EXACT = [rung.name for rung in RUNGS if rung.name != "minilm_int8"]
every_exact = pytest.mark.parametrize(
    ("name", "training"), [(name, name) for name in EXACT], indirect=["training"]
)
in_eight_bits = pytest.mark.parametrize("training", ["minilm_int8"], indirect=True)


def sound(texts: list[str]) -> list[str]:
    """Half a character is no text: torch refuses it, and serving replaces it."""
    return [text.encode("utf-8", "replace").decode() for text in texts]


def own_vectors(name: str, training: Training, texts: list[str], minilm: Embedder) -> Any:
    if get_rung(name).input_kind == "table":
        import json

        return TableModel.from_json(json.loads(training.files["table.json"])).embed(texts).vectors
    if name == "rules":
        return which_words(training.bags[0], texts)
    trunk = training.embedder or minilm
    own = [trunk.embed(texts).vectors] if name in IN_TORCH else []
    return joined([*own, *(bag.embed(texts).vectors for bag in training.bags)])


def labels(probabilities: NDArray[Any]) -> NDArray[np.intp]:
    return np.asarray(probabilities.argmax(axis=1))


@every_exact
def test_a_model_gives_its_training_probabilities(
    name: str, training: Training, minilm: Embedder
) -> None:
    texts = sound(make_questions(get_rung(name).input_kind))
    expected = training.head.predict_proba(own_vectors(name, training, texts, minilm))
    found = trained_runtime(training.files).predict_proba(texts)
    assert np.abs(found - expected).max() < TOLERANCE


@in_eight_bits
def test_eight_bits_give_the_labels_of_their_training(
    training: Training, surroundings: Surroundings
) -> None:
    trunk, texts = prepared_trunk(surroundings), make_texts(400, seed=11)[0]
    graph = ensure_int8(trunk, cache_folder=surroundings.cache_folder / "int8")
    embedder = one_at_a_time(embedder_of(trunk, surroundings, graph=graph))
    bags = [bag.embed(texts).vectors for bag in training.bags]
    vectors = joined([embedder.embed(texts, go_on=lambda share: None), *bags])
    found = trained_runtime(training.files).predict_proba(texts)
    same = labels(found) == labels(training.head.predict_proba(vectors))
    assert same.mean() >= SAME_LABELS


@pytest.mark.parametrize("training", ["minilm", "minilm_int8", "working"], indirect=True)
def test_the_words_of_the_pool_stand_beside_the_sentence_vectors(training: Training) -> None:
    assert [bag.name for bag in training.bags] == ["lsi"]
    assert training.head.n_dimensions == 384 + training.bags[0].n_dimensions
