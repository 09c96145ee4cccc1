"""Classify texts with the model beside this file. Needs onnxruntime, tokenizers and numpy alone.

    python predict.py "a text" "another text"
    python predict.py < texts.txt          one text a line
    python predict.py --json < texts.jsonl one JSON string a line, so that texts may hold line breaks
    python predict.py --parity             run the texts of parity.json, and say whether the answers agree
    python predict.py --explain "a text"   also the words that count, where words.py lies beside this file

One JSON object a line comes out: text, label, probability, and the probability of every label.
A model for texts with any number of labels gives labels, a list of label and probability, instead.
Where model.json says below which probability the model should not decide, deferred is true or false.
--explain adds words: each word of the text, where it stands (start, end), and what it adds to each label's
logit, above 0 for the label and below against it; with bias they sum to the logits.

    from predict import predict
    predict(["a text"])[0]["label"]
"""

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

FOLDER = Path(__file__).resolve().parent
BATCH_SIZE = 32
LINES_AT_ONCE = 512


@cache
def load() -> tuple[Tokenizer, onnxruntime.InferenceSession, list[str]]:
    """The tokenizer, the model and the names of its labels, read once."""
    tokenizer = Tokenizer.from_file(str(FOLDER / "tokenizer.json"))
    model = onnxruntime.InferenceSession(
        str(FOLDER / "model.onnx"), providers=["CPUExecutionProvider"]
    )
    labels = [label["name"] for label in json.loads((FOLDER / "labels.json").read_text("utf-8"))]
    return tokenizer, model, labels


def predict_proba(texts: Sequence[str]) -> np.ndarray:
    """Probabilities, float32 (n_texts, n_labels), columns in the order of labels.json."""
    tokenizer, model, labels = load()
    texts = [text.encode("utf-8", "replace").decode("utf-8") for text in texts]
    probabilities = np.empty((len(texts), len(labels)), np.float32)
    by_length = sorted(range(len(texts)), key=lambda row: len(texts[row]))  # little padding
    at_once = int(facts().get("texts_per_run", BATCH_SIZE))
    for start in range(0, len(texts), at_once):
        rows = by_length[start : start + at_once]
        encoded = tokenizer.encode_batch([texts[row] for row in rows])
        inputs = {
            "input_ids": np.array([one.ids for one in encoded], np.int64),
            "attention_mask": np.array([one.attention_mask for one in encoded], np.int64),
        }
        probabilities[rows] = model.run(["probabilities"], inputs)[0]
    return probabilities


@cache
def facts() -> dict[str, Any]:
    """What model.json says of the model; nothing where the file is not there."""
    path = FOLDER / "model.json"
    found: dict[str, Any] = json.loads(path.read_text("utf-8")) if path.is_file() else {}
    return found


def deferral() -> float | None:
    """The probability below which a text is left to a person; None where every text is decided."""
    rule = facts().get("deferral")
    return float(rule["threshold"]) if rule else None


@cache
def load_thresholds() -> list[float] | None:
    """Of each label the probability from which on a text has it; None where a text has one label."""
    labels = json.loads((FOLDER / "labels.json").read_text("utf-8"))
    return [label["threshold"] for label in labels] if "threshold" in labels[0] else None


def predict(texts: Sequence[str]) -> list[dict[str, Any]]:
    """One dictionary per text: label, probability, probabilities (label -> probability), and deferred
    where the model does not decide every text.

    Where a text has any number of labels: labels, likeliest first, each with its probability, and
    probabilities.
    """
    thresholds = load_thresholds()
    if thresholds is not None:
        return [sets(row, thresholds) for row in predict_proba(texts)]
    return [decided(row) for row in predict_proba(texts)]


def decided(row: np.ndarray) -> dict[str, Any]:
    """The likeliest label in `row`, and whether it is likely enough to be the model's to say."""
    labels, least = load()[2], deferral()
    best = int(row.argmax())
    answer: dict[str, Any] = {
        "label": labels[best],
        "probability": float(row[best]),
        "probabilities": {label: float(value) for label, value in zip(labels, row, strict=True)},
    }
    return answer if least is None else {**answer, "deferred": answer["probability"] < least}


def sets(row: np.ndarray, thresholds: Sequence[float]) -> dict[str, Any]:
    """The labels whose probability in `row` reaches their threshold."""
    pairs = [(name, float(value)) for name, value in zip(load()[2], row, strict=True)]
    found = [pair for pair, cut in zip(pairs, thresholds, strict=True) if pair[1] >= cut]
    found.sort(key=lambda pair: -pair[1])
    return {
        "labels": [{"label": name, "probability": value} for name, value in found],
        "probabilities": dict(pairs),
    }


@cache
def word_model() -> Any:
    """What tells the words that count; ends the program with a sentence where the model cannot."""
    if not (FOLDER / "words.py").is_file():
        raise SystemExit(
            "This model reads a text as a whole: its words have no share of their own."
        )
    sys.path.insert(0, str(FOLDER))
    from words import WordModel  # type: ignore[import-not-found]  # noqa: PLC0415  only there

    graph = (FOLDER / "model.onnx").read_bytes()
    return WordModel.of_graph(graph, several=load_thresholds() is not None)


def explain(texts: Sequence[str]) -> list[dict[str, Any]]:
    """One dictionary per text: words, those that count most first, and the labels' bias."""
    model, (tokenizer, _, labels) = word_model(), load()
    bias = dict(zip(labels, map(float, model.bias), strict=True))
    texts = [text.encode("utf-8", "replace").decode("utf-8") for text in texts]
    return [
        {"words": [told(word, labels) for word in strongest(text, model, tokenizer)], "bias": bias}
        for text in texts
    ]


def strongest(text: str, model: Any, tokenizer: Tokenizer) -> list[Any]:
    """The words of a text, those that add or take most first."""
    words = model.words(text, tokenizer.encode(text))
    return sorted(words, key=lambda word: -max(map(abs, word.adds)))


def told(word: Any, labels: Sequence[str]) -> dict[str, Any]:
    """A word as it is printed."""
    adds = dict(zip(labels, word.adds, strict=True))
    return {"word": word.word, "start": word.start, "end": word.end, "for": adds}


def parity() -> dict[str, Any]:
    """How far the probabilities of parity.json's texts are from those that stand there."""
    found = json.loads((FOLDER / "parity.json").read_text("utf-8"))
    ours, theirs = predict_proba(found["texts"]), np.array(found["probabilities"])
    difference = float(np.abs(ours - theirs).max())
    equal = float((chosen(ours) == chosen(theirs)).all(axis=1).mean())
    by_labels = found["rule"] == "labels"
    agrees = equal >= found["labels_equal"] if by_labels else difference <= found["tolerance"]
    return {
        "texts": len(ours),
        "largest_difference": difference,
        "labels_equal": equal,
        "agrees": bool(agrees),
    }


def chosen(probabilities: np.ndarray) -> np.ndarray:
    """Which labels each row says, true or false, (n_texts, n_labels)."""
    thresholds = load_thresholds()
    if thresholds is not None:
        return np.asarray(probabilities >= np.array(thresholds))
    best = probabilities.argmax(axis=1)
    return np.asarray(best[:, None] == np.arange(probabilities.shape[1]))


def tell_parity() -> None:
    found = parity()
    print(json.dumps(found))
    if not found["agrees"]:
        raise SystemExit("The answers here are not those that the model gave where it was made.")


def read_lines(lines: Iterable[bytes], as_json: bool) -> Iterator[str]:
    """Texts from lines of bytes; ends the program with a sentence when a line cannot be read."""
    for number, line in enumerate(lines, start=1):
        try:
            text = line.decode("utf-8").rstrip("\r\n")
            if as_json:
                text = json.loads(text)
        except ValueError as error:  # of UTF-8 and of JSON alike
            raise SystemExit(f"line {number}: {error}") from None
        if not isinstance(text, str):
            raise SystemExit(f"line {number}: found {type(text).__name__}, needed a JSON string")
        yield text


def write(texts: Sequence[str], explained: bool) -> None:
    reasons: Sequence[dict[str, Any]] = explain(texts) if explained else [{}] * len(texts)
    for text, found, reason in zip(texts, predict(texts), reasons, strict=True):
        answer = {**found, **reason}
        line = json.dumps({"text": text, **answer}, ensure_ascii=False) + "\n"
        sys.stdout.buffer.write(line.encode("utf-8", "replace"))
    sys.stdout.buffer.flush()


def main(arguments: list[str]) -> None:
    if arguments == ["--parity"]:
        tell_parity()
        return
    explained = arguments[:1] == ["--explain"]
    arguments = arguments[1:] if explained else arguments
    as_json = arguments[:1] == ["--json"]
    texts = arguments[1:] if as_json else arguments
    if texts:
        if as_json:
            raise SystemExit("--json reads from standard input; give no texts beside it")
        write(texts, explained)
        return
    if sys.stdin.isatty():
        raise SystemExit(__doc__)
    lines = read_lines(sys.stdin.buffer, as_json)
    while chunk := list(islice(lines, LINES_AT_ONCE)):
        write(chunk, explained)


if __name__ == "__main__":
    main(sys.argv[1:])
