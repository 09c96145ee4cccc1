"""A model of a few kilobytes that counts words, and versions that keep it."""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.normalizers import Lowercase
from tokenizers.pre_tokenizers import Whitespace

from learners.models import PredictionFile
from projects.models import ModelVersion, Project, User
from tests.factories import NOW, make_ladder, make_model_version, make_rung

WORDS = ("[UNK]", "soup", "bread", "ticket", "train")
FOOD, TRAINS = "Food", "Trains"


def tiny_files(
    *,
    names: Sequence[str] = (FOOD, TRAINS),
    thresholds: Sequence[float] | None = None,
    strength: float = 2.0,
    more: dict[str, Any] | None = None,
) -> dict[str, bytes]:
    """Words about food speak for the first class, those about trains for the second."""
    labels: list[dict[str, Any]] = [{"id": n, "name": name} for n, name in enumerate(names, 1)]
    for label, threshold in zip(labels, thresholds or (), strict=False):
        label["threshold"] = threshold
    meta = {"format": 1, "rung": "tfidf", "input": "tokens", "max_tokens": 256}
    return {
        "model.onnx": _graph(len(names), strength, several=thresholds is not None),
        "labels.json": json.dumps(labels).encode(),
        "model.json": json.dumps(
            meta | {"multilabel": thresholds is not None} | (more or {})
        ).encode(),
        "tokenizer.json": _tokenizer().to_str().encode(),
    }


def _tokenizer() -> Tokenizer:
    tokenizer = Tokenizer(WordLevel({word: n for n, word in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.normalizer = Lowercase()
    tokenizer.pre_tokenizer = Whitespace()
    return tokenizer


def _graph(n_classes: int, strength: float, *, several: bool) -> bytes:
    votes = np.zeros((len(WORDS), n_classes), np.float32)
    votes[1:3, 0], votes[3:5, 1 % n_classes] = strength, strength
    last = helper.make_node("Sigmoid", ["scores"], ["probabilities"])
    if not several:
        last = helper.make_node("Softmax", ["scores"], ["probabilities"], axis=-1)
    nodes = [
        helper.make_node("Gather", ["votes", "input_ids"], ["each"]),
        helper.make_node("Cast", ["attention_mask"], ["mask"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["mask", "minus_one"], ["wide"]),
        helper.make_node("Mul", ["each", "wide"], ["kept"]),
        helper.make_node("ReduceSum", ["kept", "one"], ["scores"], keepdims=0),
        last,
    ]
    ids = [
        helper.make_tensor_value_info(name, TensorProto.INT64, ["n", "t"])
        for name in ("input_ids", "attention_mask")
    ]
    out = [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["n", n_classes])]
    stored = [
        numpy_helper.from_array(votes, "votes"),
        numpy_helper.from_array(np.array([-1], np.int64), "minus_one"),
        numpy_helper.from_array(np.array([1], np.int64), "one"),
    ]
    graph = helper.make_graph(nodes, "tiny", ids, out, stored)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def make_live(project: Project, **options: Any) -> ModelVersion:
    """A live version that keeps the tiny model."""
    rung = make_rung(make_ladder(project), "tfidf", files=tiny_files(**options))
    return make_model_version(project, rung=rung, stage="live")


def make_prediction_file(project: Project, owner: User, **columns: Any) -> PredictionFile:
    """A file that is half predicted."""
    made: dict[str, Any] = {
        "version": make_model_version(project),
        "created_by": owner,
        "created_at": NOW,
        "name": "mail.csv",
        "layout": {"kind": "csv"},
        "text_column": "text",
        "n_bytes": 2_000,
        "bytes_read": 1_000,
        "n_done": 40,
        "status": "running",
    }
    return PredictionFile.objects.create(project=project, **(made | columns))
