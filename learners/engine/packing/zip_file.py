"""A model of the ladder as one zip that runs without Labeler, and says itself whether it runs right.

The same model, facts and inputs pack to the same bytes.
"""

import hashlib
import json
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any, BinaryIO

from learners.engine import words
from learners.engine.bundle import BundleDigest, as_json, pack
from learners.engine.class_words import WORDS
from learners.engine.packing.card import ModelFacts, card_text, facts_json
from learners.engine.packing.parity import Parity
from learners.engine.runtime import META

FILES = Path(__file__).parents[1] / "bundle_files"
RUNS_TEXTS = ("numpy", "onnxruntime", "tokenizers")
RUNS_TABLES = ("numpy", "onnxruntime")
SUMS = "SHA256SUMS"

INSIDE = {
    "model.onnx": "the model: token ids and attention mask (or numbers of a table) in, probabilities out",
    "tokenizer.json": "how texts become token ids",
    "table.json": "how cells become numbers",
    "labels.json": "id and name of each label, in the order of the probabilities",
    "model.json": "what kind of model it is, where texts are cut, and from which probability on it decides",
    "rules.json": "the model as rules for people to read",
    "words.json": "the words that count for and against each class",
    "words.py": "`python predict.py --explain` uses it: what each word of a text adds to each class",
    "predict.py": "runs it; `requirements.txt` is all it needs",
    "requirements.txt": "exact versions it was checked with",
    "parity.json": "inputs and the application's probabilities; `python predict.py --parity` compares",
    "manifest.json": "what it was made of: labels, ids, settings, versions",
    "card.json": "this card for programs",
    SUMS: "SHA-256 of every file; `sha256sum -c SHA256SUMS` compares",
}

RUN = """## Run it

With Python 3.11 or later:

    pip install -r requirements.txt
    python predict.py --parity
    {example}

The second line says whether the model gives the same answers here as where it was made. One JSON
object a line comes out. From Python: `from predict import predict`. Nothing is fetched from a network."""


def write_zip_file(
    *,
    target: BinaryIO,
    files: Mapping[str, bytes],
    facts: ModelFacts,
    parity: Parity,
    manifest: bytes,
) -> BundleDigest:
    """Write the zip to `target`, which need not be seekable.

    Args:
        files: the model's, as a rung gives them. manifest: `manifest.json`.
    """
    contents = {**with_deferral(files, facts), **_beside(facts, parity, manifest)}
    if WORDS in files:
        contents["words.py"] = Path(words.__file__).read_bytes()
    inside = [
        f"`{name}`: {INSIDE[name]}" for name in INSIDE if name in {*contents, "card.json", SUMS}
    ]
    example = "python predict.py rows.csv" if facts.is_table else 'python predict.py "some text"'
    run = RUN.format(example=example)
    contents["README.md"] = card_text(facts, run=run, inside=inside).encode()
    card = facts_json(facts, files=digests_of(contents), inputs_from=parity.origin)
    contents["card.json"] = as_json(card)
    return write_with_sums(target, contents)


def write_with_sums(target: BinaryIO, contents: Mapping[str, bytes]) -> BundleDigest:
    """Write `contents` and SHA256SUMS of them."""
    sums = "".join(f"{digest}  {name}\n" for name, digest in digests_of(contents).items())
    return pack(target=target, contents={**contents, SUMS: sums.encode()})


def digests_of(contents: Mapping[str, bytes]) -> dict[str, str]:
    """SHA-256 by name, ascending."""
    return {name: hashlib.sha256(contents[name]).hexdigest() for name in sorted(contents)}


def with_deferral(files: Mapping[str, bytes], facts: ModelFacts) -> dict[str, bytes]:
    """The model's files, with the probability below which it leaves the decision to a person, and
    which accuracy that was chosen for.
    """
    if facts.deferral is None:
        return dict(files)
    meta: dict[str, Any] = json.loads(files[META])
    rule = {**facts.deferral_rule, "threshold": facts.deferral}
    return {**files, META: as_json({**meta, "deferral": rule})}


def _beside(facts: ModelFacts, parity: Parity, manifest: bytes) -> dict[str, bytes]:
    script = "predict_table.py" if facts.is_table else "predict.py"
    needs = RUNS_TABLES if facts.is_table else RUNS_TEXTS
    return {
        "predict.py": (FILES / script).read_bytes(),
        "requirements.txt": "".join(f"{name}=={version(name)}\n" for name in needs).encode(),
        "parity.json": parity.to_json(),
        "manifest.json": manifest,
    }
