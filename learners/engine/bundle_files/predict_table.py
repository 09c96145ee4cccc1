"""Classify rows of a table with the model beside this file. Needs onnxruntime and numpy alone.

    python predict.py rows.csv
    python predict.py < rows.csv
    python predict.py --delimiter ";" rows.csv
    python predict.py --parity        run the rows of parity.json, and say whether the answers agree

The first line names the columns; columns that the model does not read are passed over. One JSON
object a row comes out: line, label, probability, and the probability of every label. Where model.json
says below which probability the model should not decide, deferred is true or false.

    from predict import predict
    predict([{"age": 41, "job": "technician"}])[0]["label"]
"""

import csv
import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

FOLDER = Path(__file__).resolve().parent
ROWS_AT_ONCE = 4096
NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?", re.IGNORECASE | re.ASCII)
Row = Mapping[str, Any]


@cache
def load() -> tuple[dict[str, Any], onnxruntime.InferenceSession, list[str]]:
    """How cells become numbers, the model, and the names of its labels, read once."""
    table = json.loads((FOLDER / "table.json").read_text("utf-8"))
    model = onnxruntime.InferenceSession(
        str(FOLDER / "model.onnx"), providers=["CPUExecutionProvider"]
    )
    labels = [label["name"] for label in json.loads((FOLDER / "labels.json").read_text("utf-8"))]
    return table, model, labels


def encode(rows: Sequence[Row]) -> np.ndarray:
    """Rows as the model takes them, float32 (n_rows, n_dimensions). Raises ValueError on bad cells."""
    table = load()[0]
    names = [column["name"] for column in table["columns"]]
    cells = [[_cells(row, name) for row in rows] for name in names]
    levels: dict[int, set[str]] = {}
    for dimension in table["dimensions"]:
        if dimension["test"] == "level":
            levels.setdefault(dimension["column"], set()).add(dimension["level"])
    encoded = np.zeros((len(rows), len(table["dimensions"])))
    for place, dimension in enumerate(table["dimensions"]):
        column = dimension["column"]
        encoded[:, place] = [
            _entry(cell, dimension, names[column], table, levels.get(column, set()))
            for cell in cells[column]
        ]
    weighted: np.ndarray = table["weight"] * encoded
    return weighted.astype(np.float32)


def _cells(row: Row, name: str) -> str:
    if name not in row:
        raise ValueError(f"there is no column “{name}”; needed: {', '.join(columns())}")
    return "" if row[name] is None else " ".join(str(row[name]).split())


def _entry(
    cell: str, dimension: dict[str, Any], column: str, table: dict[str, Any], levels: set[str]
) -> float:
    missing = cell.casefold() in table["missing"]
    if dimension["test"] == "missing":
        return float(missing)
    if missing:
        return 0.0
    if dimension["test"] == "level":
        return float(cell == dimension["level"])
    if dimension["test"] == "other":
        return float(cell not in levels)
    number = float(cell) if NUMBER.fullmatch(cell) else np.inf
    if not np.isfinite(number):
        raise ValueError(f"column “{column}” holds “{cell[:60]}”, which is no number")
    deviations = (number - dimension["centre"]) / dimension["scale"]
    return float(min(max(deviations, -table["clip"]), table["clip"]))


def columns() -> list[str]:
    """Names of the columns that the model reads."""
    return [column["name"] for column in load()[0]["columns"]]


def predict_proba(rows: Sequence[Row]) -> np.ndarray:
    """Probabilities, float32 (n_rows, n_labels), columns in the order of labels.json."""
    _, model, labels = load()
    if not rows:
        return np.empty((0, len(labels)), np.float32)
    probabilities: np.ndarray = model.run(["probabilities"], {"rows": encode(rows)})[0]
    return probabilities


@cache
def deferral() -> float | None:
    """The probability below which a row is left to a person; None where every row is decided."""
    path = FOLDER / "model.json"
    rule = json.loads(path.read_text("utf-8")).get("deferral") if path.is_file() else None
    return float(rule["threshold"]) if rule else None


def predict(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """One dictionary per row: label, probability, probabilities (label -> probability), and deferred
    where the model does not decide every row.
    """
    return [decided(row) for row in predict_proba(rows)]


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


def tell_parity() -> None:
    """How far the probabilities of parity.json's rows are from those that stand there."""
    found = json.loads((FOLDER / "parity.json").read_text("utf-8"))
    ours, theirs = predict_proba(found["rows"]), np.array(found["probabilities"])
    difference = float(np.abs(ours - theirs).max())
    facts = {
        "rows": len(ours),
        "largest_difference": difference,
        "labels_equal": float((ours.argmax(axis=1) == theirs.argmax(axis=1)).mean()),
        "agrees": difference <= found["tolerance"],
    }
    print(json.dumps(facts))
    if not facts["agrees"]:
        raise SystemExit("The answers here are not those that the model gave where it was made.")


def read_rows(lines: Iterable[str], delimiter: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Rows with the line each ends on; ends the program with a sentence when one cannot be read."""
    reader = csv.DictReader(lines, delimiter=delimiter, strict=True)
    try:
        for row in reader:
            if None in row or None in row.values():
                raise SystemExit(f"line {reader.line_num}: more or fewer cells than column names")
            yield reader.line_num, {name.strip(): cell for name, cell in row.items()}
    except (csv.Error, UnicodeDecodeError) as error:
        raise SystemExit(f"line {reader.line_num + 1}: {error}") from None


def write(rows: Sequence[tuple[int, Row]]) -> None:
    try:
        answers = predict([row for _, row in rows])
    except ValueError as error:
        raise SystemExit(f"{_line_of_fault(rows)}: {error}") from None
    for (line, _), answer in zip(rows, answers, strict=True):
        text = json.dumps({"line": line, **answer}, ensure_ascii=False) + "\n"
        sys.stdout.buffer.write(text.encode("utf-8", "replace"))
    sys.stdout.buffer.flush()


def _line_of_fault(rows: Sequence[tuple[int, Row]]) -> str:
    for line, row in rows:
        try:
            encode([row])
        except ValueError:
            return f"line {line}"
    return "the rows"


def main(arguments: list[str]) -> None:
    delimiter = ","
    if arguments == ["--parity"]:
        tell_parity()
        return
    if arguments[:1] == ["--delimiter"] and len(arguments) > 1:
        delimiter, arguments = arguments[1].replace("\\t", "\t"), arguments[2:]
    if len(arguments) > 1 or len(delimiter) != 1 or (not arguments and sys.stdin.isatty()):
        raise SystemExit(__doc__)
    try:
        with open(arguments[0] if arguments else 0, encoding="utf-8-sig", newline="") as source:
            rows = read_rows(source, delimiter)
            while chunk := list(islice(rows, ROWS_AT_ONCE)):
                write(chunk)
    except OSError as error:
        raise SystemExit(f"{arguments[0] if arguments else 'input'}: {error.strerror}") from None


if __name__ == "__main__":
    main(sys.argv[1:])
