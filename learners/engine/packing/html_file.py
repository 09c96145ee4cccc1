"""A model of word pieces as one HTML file that classifies in a browser, without a network.

For TF-IDF and static vectors: their arithmetic is a sum over tokens and one small product. The page
cuts texts as the `tokenizers` library does, with tables asked of the library itself, and adds in
double precision, so it differs from the graph by rounding alone (the table keeps its own numbers:
int8, fp16 or fp32). Each time it is opened it compares itself with the application's probabilities and gives no answer
where they differ by more than 1e-4.
"""

import base64
import hashlib
import html
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from learners.engine.errors import BadFile, CannotExport
from learners.engine.packing.card import ModelFacts, one_line, share
from learners.engine.packing.characters import characters_of
from learners.engine.packing.comparing import Checked, compared
from learners.engine.packing.parity import TOLERANCE, Parity
from learners.engine.runtime import LABELS, META, MODEL, TOKENIZER

FILES = Path(__file__).parents[1] / "bundle_files"
RUNGS = ("tfidf", "static")


@dataclass(frozen=True, eq=False)
class BagNumbers:
    """The numbers of a graph that is a token table and a head.

    Attributes:
        rows: int32 (n_vocabulary,), token id -> row of the table, -1 for none.
        table: int8, float16 or float32, (n_rows, n_dimensions), or (n_rows,) for a diagonal one.
        scale: float32 (n_dimensions,), of int8 columns; None for others.
        weight: the length of every vector that is not zero.
        coef: float32 (n_labels, n_dimensions). intercept: float32 (n_labels,).
    """

    rows: NDArray[np.int32]
    table: NDArray[Any]
    scale: NDArray[np.float32] | None
    weight: float
    coef: NDArray[np.float32]
    intercept: NDArray[np.float32]

    @property
    def is_diagonal(self) -> bool:
        return self.table.ndim == 1


def bag_numbers(graph: bytes) -> BagNumbers:
    """Read the numbers back from a graph of `graph.joined_graph`.

    Raises:
        CannotExport: the model has an embedding model inside, or more than one token table.
    """
    import onnx  # noqa: PLC0415
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]  # noqa: PLC0415
    from onnx import numpy_helper  # noqa: PLC0415

    try:
        model = onnx.load_from_string(graph)
    except DecodeError as error:
        raise BadFile(f"{MODEL} is no ONNX graph: {error}") from error
    known = {each.name: numpy_helper.to_array(each) for each in model.graph.initializer}
    table = known.get("bag_0_table", known.get("bag_0_weights"))
    others = [name for name in known if not name.startswith(("bag_0_", "head_"))]
    if table is None or others:
        raise CannotExport(
            "only models that are one table of word pieces and a linear head run as an HTML file"
        )
    # The table's last row stands for what has none.
    rows = np.where(known["bag_0_rows"] == len(table) - 1, -1, known["bag_0_rows"])
    return BagNumbers(
        rows=rows.astype(np.int32),
        table=table[:-1],
        scale=known.get("bag_0_scale"),
        weight=float(known["bag_0_weight"].item()),
        coef=np.ascontiguousarray(known["head_coef"].T),
        intercept=known["head_intercept"],
    )


def html_file(*, files: Mapping[str, bytes], facts: ModelFacts, parity: Parity) -> bytes:
    """The page. The same model, facts and inputs give the same bytes.

    Raises:
        CannotExport: another kind of model, or a tokenizer that is not BERT's WordPiece.
    """
    script = (FILES / "page.js").read_text("utf-8")
    style = (FILES / "page.css").read_text("utf-8")
    title = f"{one_line(facts.project)}: {one_line(facts.title)}"
    filled = {
        "TITLE": html.escape(title),
        "ABOUT": _about(facts),
        "DETAILS": _details(facts, files),
        "MODEL": _in_page(_model(files, facts, parity)),
        "SCRIPT_HASH": _source_hash(script),
        "STYLE_HASH": _source_hash(style),
        "SCRIPT": script,
        "STYLE": style,
    }
    page = (FILES / "page.html").read_text("utf-8")
    parts = page.split("{")
    whole = [parts[0]]
    for part in parts[1:]:
        name, rest = part.split("}", 1)
        whole += [filled[name], rest]
    return "".join(whole).encode()


def _in_page(value: Any) -> str:
    """JSON that cannot end the script element it stands in."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def _source_hash(source: str) -> str:
    """How a content security policy names exactly this script or style."""
    return f"sha256-{base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()}"


def _model(files: Mapping[str, bytes], facts: ModelFacts, parity: Parity) -> dict[str, Any]:
    numbers = bag_numbers(files[MODEL])
    labels = json.loads(files[LABELS])
    several = "threshold" in labels[0]
    arrays = {
        "rows": numbers.rows,
        "table": numbers.table,
        "scale": numbers.scale,
        "coef": numbers.coef,
        "intercept": numbers.intercept,
    }
    return {
        "labels": [label["name"] for label in labels],
        "thresholds": [label["threshold"] for label in labels] if several else None,
        "deferral": facts.deferral,
        "n_dimensions": int(numbers.coef.shape[1]),
        "is_diagonal": numbers.is_diagonal,
        "weight": numbers.weight,
        "tokenizer": _tokenizer(files, numbers),
        "parity": {
            "texts": list(parity.inputs),
            "probabilities": [list(row) for row in parity.probabilities],
            "tolerance": TOLERANCE,
        },
        "numbers": {name: _stored(array) for name, array in arrays.items() if array is not None},
    }


def _stored(array: NDArray[Any]) -> dict[str, str]:
    little = np.ascontiguousarray(array.astype(array.dtype.newbyteorder("<"), copy=False))
    return {"type": array.dtype.name, "base64": base64.b64encode(little.tobytes()).decode()}


def _tokenizer(files: Mapping[str, bytes], numbers: BagNumbers) -> dict[str, Any]:
    """Everything that decides where a text is cut into pieces. Raises `CannotExport`."""
    from tokenizers import Tokenizer  # noqa: PLC0415

    tokenizer = Tokenizer.from_str(files[TOKENIZER].decode())
    told = json.loads(files[TOKENIZER])
    _check_kind(told)
    pieces = tokenizer.get_vocab(with_added_tokens=True)
    vocabulary = [""] * (max(pieces.values()) + 1)
    for piece, place in pieces.items():
        vocabulary[place] = piece
    special = [(added["content"], added["id"]) for added in told["added_tokens"]]
    if any(numbers.rows[place] >= 0 for _, place in special):
        raise CannotExport("a special token counts in this model, which a page cannot follow")
    cut = int(json.loads(files[META])["max_tokens"])
    return {
        "vocabulary": vocabulary,
        "unknown": pieces[told["model"]["unk_token"]],
        "prefix": told["model"]["continuing_subword_prefix"],
        "longest_word": told["model"]["max_input_chars_per_word"],
        "special": special,
        "most_tokens": cut - tokenizer.num_special_tokens_to_add(False),
        **asdict(characters_of(tokenizer)),
    }


def _check_kind(told: Mapping[str, Any]) -> None:
    kinds = [(told[part] or {}).get("type") for part in ("model", "normalizer", "pre_tokenizer")]
    if kinds != ["WordPiece", "BertNormalizer", "BertPreTokenizer"]:
        raise CannotExport(
            f"the HTML file knows BERT's word pieces alone; this model's tokenizer is made of {kinds}"
        )
    odd = ("single_word", "lstrip", "rstrip", "normalized")
    if any(added[flag] for added in told["added_tokens"] for flag in odd):
        raise CannotExport("the tokenizer has added tokens that the HTML file cannot follow")


def _about(facts: ModelFacts) -> str:
    names = ", ".join(one_line(each.name) for each in facts.classes)
    lines = [facts.description.strip(), f"Says of a text which of these it is: {names}."]
    return "\n".join(f"<p>{html.escape(line)}</p>" for line in lines if line)


PRECISION = {
    "int8": "eight-bit whole numbers with a scale for each dimension, as in the application",
    "float16": "16-bit numbers, as in the application",
    "float32": "32-bit numbers, as in the application",
}


def _details(facts: ModelFacts, files: Mapping[str, bytes]) -> str:
    kept = PRECISION[bag_numbers(files[MODEL]).table.dtype.name]
    pairs = {
        "Kind": f"{facts.title}. {facts.how}".strip(),
        "Intended use": facts.intended_use.strip() or "Nobody wrote this part.",
        "Accuracy": share(facts.accuracy) or f"Not measured. {facts.unmeasured}",
        "Macro-F1": share(facts.macro_f1) or "Not measured.",
        "Caveats": facts.caveats.strip() or "Nobody wrote this part.",
        "Cut": f"Texts are cut after {facts.max_tokens} tokens." if facts.max_tokens else "",
        "Numbers": f"The table of word pieces holds {kept}; sums are in double precision.",
        "Undecided": ""
        if facts.deferral is None
        else f"Below a probability of {facts.deferral:.3f} a person should decide.",
        "Weights": f"From {facts.source}, under their own licence: {facts.licence}"
        if facts.licence
        else "",
        "Made": f"{facts.made_at}, with Labeler",
        "Manifest": f"SHA-256 {facts.manifest_digest}",
    }
    rows = [
        f"<dt>{name}</dt><dd>{html.escape(value)}</dd>" for name, value in pairs.items() if value
    ]
    return f"<dl>\n{chr(10).join(rows)}\n</dl>"


def check_page(page: bytes, parity: Parity, tokenizer_json: bytes) -> Checked:
    """Work the numbers that stand in a page out again, and compare them with the application's.

    The cutting into word pieces is the library's own here: that the page's script cuts alike is
    tested in Chromium, and compared by the page itself each time it is opened.

    Raises:
        CheckFailed: a probability is off by more than 1e-4.
    """
    found = probabilities_of(page, [str(text) for text in parity.inputs], tokenizer_json)
    return compared("the page", found, parity)


def probabilities_of(page: bytes, texts: list[str], tokenizer_json: bytes) -> NDArray[np.float64]:
    """What the numbers that stand in a page give, with the library's own tokenizer: (n, n_labels)."""
    from tokenizers import Tokenizer  # noqa: PLC0415

    start = page.index(b'<script type="application/json" id="model">')
    model = json.loads(page[page.index(b">", start) + 1 : page.index(b"</script>", start)])
    read = {name: _read(stored) for name, stored in model["numbers"].items()}
    tokenizer = Tokenizer.from_str(tokenizer_json.decode())
    tokenizer.no_padding()
    tokenizer.enable_truncation(
        max_length=model["tokenizer"]["most_tokens"] + tokenizer.num_special_tokens_to_add(False)
    )
    encoded = tokenizer.encode_batch_fast(
        [text.encode("utf-8", "replace").decode() for text in texts]
    )
    sums = np.array([_sum(read, one.ids, model) for one in encoded])
    lengths = np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-12)
    coef = read["coef"].reshape(-1, model["n_dimensions"])
    logits = sums / lengths * model["weight"] @ coef.T.astype(float) + read["intercept"]
    if model["thresholds"]:
        return np.asarray(1 / (1 + np.exp(-logits)))
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def _read(stored: Mapping[str, str]) -> NDArray[Any]:
    little = np.dtype(stored["type"]).newbyteorder("<")
    return np.frombuffer(base64.b64decode(stored["base64"]), little)


def _sum(read: Mapping[str, NDArray[Any]], ids: list[int], model: Mapping[str, Any]) -> Any:
    found = read["rows"][ids]
    found = found[found >= 0]
    if model["is_diagonal"]:
        counts = np.bincount(found, minlength=model["n_dimensions"])
        return counts * read["table"].astype(float)
    table = read["table"].reshape(-1, model["n_dimensions"])
    return table[found].astype(float).sum(axis=0) * read.get("scale", np.float32(1))
