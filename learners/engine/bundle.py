"""A trained model as one zip that runs without Labeler. Imports no torch.

The same fit packs to the same bytes: file times are fixed and nothing is read from a clock.
"""

import hashlib
import json
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from learners.engine.card import BundleCard, card_data, readme
from learners.engine.errors import BadFile
from learners.engine.heads import Head
from learners.engine.trunk import Trunk

__all__ = ["BundleCard", "BundleDigest", "write_bundle"]

FILES = Path(__file__).parent / "bundle_files"
RUNS_ON = ("numpy", "onnxruntime", "tokenizers")
A_FIXED_TIME = (1980, 1, 1, 0, 0, 0)  # the zip format's own beginning


@dataclass(frozen=True)
class BundleDigest:
    """SHA-256 of the whole zip and of each file in it, and the zip's size."""

    sha256: str
    n_bytes: int
    files: dict[str, str]


def write_bundle(
    *,
    target: BinaryIO,
    head: Head,
    class_names: Sequence[str],
    card: BundleCard,
    trunk: Trunk,
) -> BundleDigest:
    """Write the zip to `target`, which need not be seekable.

    Args:
        class_names: (n_classes,), in the order of `head.class_ids`, all different.
        trunk: the embedder the head was trained on (`trunk.find_trunk`).

    Raises:
        BadFile: names or dimensions that do not fit the head, or a damaged trunk.
    """
    _check(head, class_names, trunk)
    contents = {
        "labels.json": labels_json(head.class_ids, class_names),
        "model.onnx": joined_graph(trunk.graph.read_bytes(), head),
        "predict.py": (FILES / "predict.py").read_bytes(),
        "README.md": readme(card, trunk=trunk, class_names=class_names).encode(),
        "requirements.txt": "".join(f"{name}=={version(name)}\n" for name in RUNS_ON).encode(),
        "tokenizer.json": trunk.tokenizer.read_bytes(),
    }
    return write_zip(
        target=target,
        contents=contents,
        card=lambda files: card_data(card, trunk=trunk, class_names=class_names, files=files),
    )


def write_zip(
    *,
    target: BinaryIO,
    contents: dict[str, bytes],
    card: Callable[[dict[str, str]], dict[str, Any]],
) -> BundleDigest:
    """Write `contents` by name, and `card.json` made by `card` from the SHA-256 of each."""
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    contents = {**contents, "card.json": as_json(card(digests))}
    digests["card.json"] = hashlib.sha256(contents["card.json"]).hexdigest()
    hashed = _HashedWriter(target)
    with zipfile.ZipFile(hashed, "w") as archive:  # type: ignore[call-overload]  # writes only
        for name in sorted(contents):
            archive.writestr(_entry(name), contents[name])
    return BundleDigest(hashed.sha256.hexdigest(), hashed.n_bytes, digests)


def joined_graph(trunk: bytes, head: Head) -> bytes:
    """The trunk's ONNX graph with softmax(embedding @ coef.T + intercept) put on top, fp32.

    Output probabilities, float32 (n_texts, n_classes), in place of the trunk's embedding.

    Raises:
        BadFile: `trunk` is not an ONNX graph with an output named embedding.
    """
    import onnx  # noqa: PLC0415
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]  # noqa: PLC0415
    from onnx import helper, numpy_helper  # noqa: PLC0415

    try:
        model = onnx.load_from_string(trunk)
    except DecodeError as error:
        raise BadFile(f"the trunk is not an ONNX graph: {error}") from error
    graph = model.graph
    if [output.name for output in graph.output] != ["embedding"]:
        raise BadFile("the trunk's graph has no output named embedding")
    graph.initializer.extend(
        [
            numpy_helper.from_array(head.coef.T.astype(np.float32), "head_coef"),
            numpy_helper.from_array(head.intercept.astype(np.float32), "head_intercept"),
        ]
    )
    graph.node.extend(
        [
            helper.make_node("MatMul", ["embedding", "head_coef"], ["head_product"]),
            helper.make_node("Add", ["head_product", "head_intercept"], ["logits"]),
            helper.make_node("Softmax", ["logits"], ["probabilities"], axis=1),
        ]
    )
    del graph.output[:]
    shape: list[str | int | None] = ["n_texts", len(head.class_ids)]
    graph.output.append(
        helper.make_tensor_value_info("probabilities", onnx.TensorProto.FLOAT, shape)
    )
    joined: bytes = model.SerializeToString(deterministic=True)
    return joined


def _check(head: Head, class_names: Sequence[str], trunk: Trunk) -> None:
    if len(class_names) != len(head.class_ids) or len(set(class_names)) != len(class_names):
        raise BadFile(
            f"{len(class_names)} class names ({len(set(class_names))} different) for a head of "
            f"{len(head.class_ids)} classes"
        )
    if head.n_dimensions != trunk.n_dimensions:
        raise BadFile(
            f"the head takes {head.n_dimensions} dimensions, the embedder gives {trunk.n_dimensions}"
        )


def labels_json(class_ids: Sequence[int], class_names: Sequence[str]) -> bytes:
    """`labels.json`: id and name in the order of the model's output."""
    pairs = zip(class_ids, class_names, strict=True)
    return as_json([{"id": class_id, "name": name} for class_id, name in pairs])


def as_json(value: Any) -> bytes:
    """Indented, with a line end, in UTF-8."""
    return (json.dumps(value, indent=1, ensure_ascii=False) + "\n").encode()


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, A_FIXED_TIME)
    entry.create_system = 3  # Unix, wherever it is packed
    entry.external_attr = 0o644 << 16
    # Weights do not compress: 7 % smaller for four seconds.
    entry.compress_type = zipfile.ZIP_STORED if name == "model.onnx" else zipfile.ZIP_DEFLATED
    return entry


class _HashedWriter:
    """Passes bytes on and hashes them on the way."""

    def __init__(self, target: BinaryIO) -> None:
        self.target = target
        self.sha256 = hashlib.sha256()
        self.n_bytes = 0

    def write(self, chunk: bytes) -> int:
        self.sha256.update(chunk)
        self.n_bytes += len(chunk)
        self.target.write(chunk)
        return len(chunk)

    def flush(self) -> None:
        self.target.flush()
