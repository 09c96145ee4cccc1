"""What a model was made of, in one canonical text: the same everywhere for the same ledger.

No moment, no machine, no row number of the machine's own stands in it. Its SHA-256 is the model's
`manifest_digest`; the text itself lies beside the model as `manifest.json`.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

FORMAT = 1
MANIFEST = "manifest.json"
_PACKAGES = ("numpy", "onnx", "onnxruntime", "scikit-learn")
_TEXT_PACKAGES = ("sentence-transformers", "tokenizers", "torch", "transformers")


@dataclass(frozen=True)
class Manifest:
    """`content`: canonical JSON as bytes; `digest`: its SHA-256, hexadecimal; `summary`: the same
    without the single labels, for a row.
    """

    content: bytes
    digest: str
    summary: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Ingredients:
    """Everything that decides what a rung becomes.

    Attributes:
        labels: (content hash of the example, hexadecimal; class id), in any order.
        classes: id and name of every class in use at `upto_seq`.
        names: texts of classes that were training examples, with the class id.
        pool_upto, pool_hashes: greatest id of the texts without label that were read, and their hashes.
        embedder: SHA-256 of the embedding model's weights, "" where none is used.
        settings: further settings of the rung, plain values.
    """

    rung: str
    input_kind: str
    upto_seq: int
    seed: int
    labels: Sequence[tuple[str, int]]
    classes: Mapping[int, str]
    names: Sequence[tuple[str, int]] = ()
    pool_upto: int = 0
    pool_hashes: Sequence[str] = ()
    embedder: str = ""
    settings: Mapping[str, Any] | None = None


def make_manifest(ingredients: Ingredients) -> Manifest:
    """The manifest of a rung made of these."""
    labels = sorted([content_hash, class_id] for content_hash, class_id in ingredients.labels)
    facts: dict[str, Any] = {
        "format": FORMAT,
        "rung": ingredients.rung,
        "input": ingredients.input_kind,
        "upto_seq": ingredients.upto_seq,
        "seed": ingredients.seed,
        "classes": [
            {"id": class_id, "name": name} for class_id, name in sorted(ingredients.classes.items())
        ],
        "names": sorted([text, class_id] for text, class_id in ingredients.names),
        "pool": {
            "upto": ingredients.pool_upto,
            "n": len(ingredients.pool_hashes),
            "sha256": lines_digest(sorted(ingredients.pool_hashes)),
        },
        "embedder": ingredients.embedder,
        "settings": dict(ingredients.settings or {}),
        "versions": package_versions(ingredients.input_kind),
    }
    content = canonical_json({**facts, "labels": labels})
    lines = (f"{content_hash} {class_id}" for content_hash, class_id in labels)
    summary = {**facts, "labels": {"n": len(labels), "sha256": lines_digest(lines)}}
    return Manifest(content, hashlib.sha256(content).hexdigest(), summary)


def canonical_json(value: Any) -> bytes:
    """Keys in order, no white space, UTF-8: equal values give equal bytes."""
    return json.dumps(
        value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
    ).encode()


def lines_digest(lines: Iterable[str]) -> str:
    """SHA-256 of these lines, each ended by a newline."""
    digest = hashlib.sha256()
    for line in lines:
        digest.update(f"{line}\n".encode())
    return digest.hexdigest()


def package_versions(input_kind: str) -> dict[str, str]:
    """Public versions of the packages that train a rung of this kind."""
    packages = _PACKAGES + (_TEXT_PACKAGES if input_kind == "text" else ())
    return {package: version(package).split("+", 1)[0] for package in sorted(packages)}
