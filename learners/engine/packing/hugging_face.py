"""A model of texts in the layout of a Hugging Face repository, for those who publish it.

`AutoTokenizer.from_pretrained(folder)` reads the tokenizer; `onnx/model.onnx` takes what it gives.
No text of the project is inside, except the words that a model of counted words knows.
"""

import json
from collections.abc import Mapping
from typing import Any, BinaryIO

from learners.engine.bundle import BundleDigest, as_json
from learners.engine.packing.card import ModelFacts, card_text, one_line
from learners.engine.packing.comparing import Checked, compared
from learners.engine.packing.parity import Parity
from learners.engine.packing.zip_file import with_deferral, write_with_sums
from learners.engine.runtime import LABELS, META, MODEL, TOKENIZER, load_runtime

ONNX = f"onnx/{MODEL}"
SAFETENSORS = ".safetensors"
INSIDE = {
    ONNX: "`input_ids` and `attention_mask` in, `probabilities` out",
    TOKENIZER: "how texts become token ids, with `tokenizer_config.json`",
    "config.json": "`id2label` and `label2id`, in the order of the probabilities",
    LABELS: "the same with the ids that the project gave them",
    META: "what kind of model it is",
    "manifest.json": "what it was made of: labels as hashes, ids, settings, versions",
    "SHA256SUMS": "SHA-256 of every file",
}
RUN = """## Run it

    import numpy as np
    import onnxruntime
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained("this/folder")
    session = onnxruntime.InferenceSession("this/folder/onnx/model.onnx")
    given = tokenizer(["some text"], return_tensors="np", padding=True, truncation=True, return_token_type_ids=False)
    session.run(["probabilities"], {name: array.astype(np.int64) for name, array in given.items()})"""


def write_hugging_face(
    *,
    target: BinaryIO,
    files: Mapping[str, bytes],
    facts: ModelFacts,
    manifest: bytes,
    trunk_config: Mapping[str, Any] | None = None,
) -> BundleDigest:
    """Write a zip of the folder to `target`. The same model and facts give the same bytes.

    Args:
        trunk_config: `config.json` of the embedding model that is inside, None for none.
    """
    known = with_deferral(files, facts)
    contents = {
        ONNX: known[MODEL],
        TOKENIZER: known[TOKENIZER],
        LABELS: known[LABELS],
        META: known[META],
        "manifest.json": manifest,
        "config.json": as_json(_config(known, trunk_config)),
        "tokenizer_config.json": as_json(_tokenizer_config(known)),
        "README.md": (_front_matter(facts) + _text(facts, known)).encode(),
    }
    weights = {name: content for name, content in known.items() if name.endswith(SAFETENSORS)}
    return write_with_sums(target, contents | weights)


def _config(files: Mapping[str, bytes], trunk_config: Mapping[str, Any] | None) -> dict[str, Any]:
    labels = [label["name"] for label in json.loads(files[LABELS])]
    meta = json.loads(files[META])
    several = meta.get("multilabel")
    return {
        **(trunk_config or {"model_type": "labeler-bag"}),
        "id2label": {str(place): name for place, name in enumerate(labels)},
        "label2id": {name: place for place, name in enumerate(labels)},
        "problem_type": "multi_label_classification" if several else "single_label_classification",
        "labeler": meta,
    }


def _tokenizer_config(files: Mapping[str, bytes]) -> dict[str, Any]:
    told = json.loads(files[TOKENIZER])
    special = {added["content"] for added in told["added_tokens"] if added["special"]}
    roles = {"pad": "[PAD]", "unk": "[UNK]", "cls": "[CLS]", "sep": "[SEP]", "mask": "[MASK]"}
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": json.loads(files[META])["max_tokens"],
        "model_input_names": ["input_ids", "attention_mask"],
        "clean_up_tokenization_spaces": False,
        **{f"{role}_token": token for role, token in roles.items() if token in special},
    }


def _front_matter(facts: ModelFacts) -> str:
    """YAML, every value written as JSON, which YAML reads."""
    values: dict[str, Any] = {
        "pipeline_tag": "text-classification",
        "library_name": "onnx",
        "license": "unknown",
        "tags": ["text-classification", "onnx", "labeler", facts.kind],
    }
    if facts.accuracy:
        values["model-index"] = [_result(facts)]
    lines = [f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in values.items()]
    return "---\n" + "\n".join(lines) + "\n---\n\n"


def _result(facts: ModelFacts) -> dict[str, Any]:
    measured = (("accuracy", facts.accuracy), ("f1", facts.macro_f1))
    name = one_line(facts.project)
    return {
        "name": name,
        "results": [
            {
                "task": {"type": "text-classification"},
                "dataset": {
                    "name": name,
                    "type": "random texts of the project, answered by people",
                },
                "metrics": [
                    {"type": kind, "value": round(interval.value, 6)}
                    for kind, interval in measured
                    if interval
                ],
            }
        ],
    }


def _text(facts: ModelFacts, files: Mapping[str, bytes]) -> str:
    inside = [f"`{name}`: {words}" for name, words in INSIDE.items()]
    inside += [f"`{name}`: weights" for name in files if name.endswith(SAFETENSORS)]
    return card_text(facts, run=RUN, inside=inside)


def check_folder(contents: Mapping[str, bytes], parity: Parity) -> Checked:
    """Run the graph and the tokenizer as they lie in the folder over the parity inputs.

    Raises:
        CheckFailed: the answers are not the application's.
    """
    runtime = load_runtime({**contents, MODEL: contents[ONNX]})
    found = runtime.predict_proba([str(text) for text in parity.inputs])
    return compared("the folder", found, parity)
