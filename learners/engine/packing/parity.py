"""Inputs with the application's own probabilities, so that a model can be compared wherever it runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice

from learners.engine.bundle import as_json
from learners.engine.features.table import LEVEL, VALUE, TableModel
from learners.engine.runtime import Runtime

N_INPUTS = 200
TOLERANCE = 1e-4
DIGITS = 6
LABELS_EQUAL_INT8 = 0.995
INT8 = "minilm_int8"
ODD_TEXTS = (
    "",
    " \t\r\n",
    "one line\nanother line\r\n\u2028a third",
    "ÀÉÎÕÜ ñ ç ß ẞ İ ı Ǆ ﬁ Å ﷺ",
    "你好，世界 — 汉字 and 漢字 㐀𠀀",
    "Привет, мир! Γειά σου ΚΌΣΜΟΣ. مرحبا שלום नमस्ते 안녕하세요 こんにちは",
    "👍🏽 👩‍👩‍👧‍👦 🇩🇪 🙂🙂🙂",
    "e\u0301 a\u0308\u0323 \u200b\ufeff\u00ad\u0000\ufffd\u0007 x\u00a0y\u3000z",
    "[CLS] [SEP] [MASK] [PAD] [UNK] ##ing [sep]",
    "don't-stop_now (really?) <b>bold</b> &amp; =1+1 $5 50% a/b\\c ~ `^|",
    "x" * 101 + " " + "supercalifragilistic" * 4,
    "word after word " * 200,
)
"""What tokenizers disagree about: every file of texts holds these as well."""
FEW_WORDS = ("one", "two", "three", "text", "word", "label", "yes", "no")


@dataclass(frozen=True)
class Parity:
    """Inputs and what the application's model says of them.

    Attributes:
        inputs: texts; of a table, rows as column -> cell.
        probabilities: (n_inputs, n_labels), rounded to six digits.
        labels: names, in the order of the columns.
        origin: a sentence: where the inputs came from.
        by_labels: compared by the label alone, as int8 kernels differ between processors.
    """

    inputs: Sequence[str] | Sequence[Mapping[str, str]]
    probabilities: Sequence[Sequence[float]]
    labels: Sequence[str]
    origin: str
    is_table: bool = False
    by_labels: bool = False

    @property
    def labels_equal(self) -> float:
        """The share of inputs that must get the same label."""
        return LABELS_EQUAL_INT8 if self.by_labels else 1.0

    def to_json(self) -> bytes:
        """`parity.json`."""
        return as_json(
            {
                "format": 1,
                "inputs_from": self.origin,
                "rule": "labels" if self.by_labels else "probabilities",
                "tolerance": TOLERANCE,
                "labels_equal": self.labels_equal,
                "labels": list(self.labels),
                "rows" if self.is_table else "texts": list(self.inputs),
                "probabilities": [list(row) for row in self.probabilities],
            }
        )


def parity_of(
    runtime: Runtime, *, own: Sequence[str], words: Sequence[str], n_inputs: int = N_INPUTS
) -> Parity:
    """`n_inputs` inputs and the probabilities that `runtime` gives them.

    Args:
        own: the project's examples that may leave with the model; none where none may.
        words: what the rest is made of, for texts: names of classes, words of the guideline. Rows of
            a table are made of the values that stand in `table.json` anyway.

    Raises:
        BadTable: an own example that is no row of the model's table.
    """
    if runtime.table is not None:
        return _of_rows(runtime, runtime.table, own[:n_inputs], n_inputs)
    kept = list(own[: n_inputs - len(ODD_TEXTS)])
    filling = list(neutral_texts(words, n_inputs - len(ODD_TEXTS) - len(kept)))
    texts = [*kept, *filling, *ODD_TEXTS]
    made = f"{len(filling)} made of the names of the classes and words of the guideline"
    origin = [f"{len(kept)} texts of the project"] * bool(kept) + [made] * bool(filling)
    return Parity(
        inputs=texts,
        probabilities=_rounded(runtime, texts),
        labels=runtime.class_names,
        origin=f"{', '.join(origin)}, and {len(ODD_TEXTS)} odd ones that every model gets.",
        by_labels=runtime.rung == INT8,
    )


def _rounded(runtime: Runtime, texts: Sequence[str]) -> list[list[float]]:
    rows = runtime.predict_proba(texts).tolist()
    return [[round(value, DIGITS) for value in row] for row in rows]


def neutral_texts(words: Sequence[str], n: int) -> list[str]:
    """`n` texts of 1 to 24 of `words`, walked through at different strides; nothing is drawn."""
    known = list(dict.fromkeys(words)) or list(FEW_WORDS)
    return [
        " ".join(known[(place * 7 + step * (1 + place % 5)) % len(known)] for step in range(length))
        for place, length in ((place, 1 + place % 24) for place in range(n))
    ]


def _of_rows(runtime: Runtime, table: TableModel, own: Sequence[str], n_inputs: int) -> Parity:
    rows = [*table.cells(own), *neutral_rows(table, n_inputs - len(own))]
    probabilities = runtime.predict_cells(rows).tolist()
    made = f"{n_inputs - len(own)} made of the values in table.json"
    origin = [f"{len(own)} rows of the project"] * bool(own) + [made] * (len(own) < n_inputs)
    return Parity(
        inputs=[dict(zip(runtime.columns, row, strict=True)) for row in rows],
        probabilities=[[round(value, DIGITS) for value in row] for row in probabilities],
        labels=runtime.class_names,
        origin=", and ".join(origin) + ".",
        is_table=True,
    )


def neutral_rows(table: TableModel, n: int) -> list[list[str]]:
    """`n` rows of values that `table` knows, of values it does not, and of missing ones."""
    columns = [_some_values(table, place) for place in range(len(table.columns))]
    return [
        [
            values[(row * (1 + place) + row // len(values)) % len(values)]
            for place, values in enumerate(columns)
        ]
        for row in range(n)
    ]


def _some_values(table: TableModel, column: int) -> list[str]:
    found = [dimension for dimension in table.dimensions if dimension.column == column]
    levels = [dimension.level for dimension in found if dimension.test == LEVEL]
    numbers = [
        f"{dimension.centre + step * dimension.scale:.6g}"
        for dimension in found
        if dimension.test == VALUE
        for step in (-4, -1, -0.3, 0, 0.4, 1.2, 9)
    ]
    return ["", *levels, "another value"] if not numbers else ["", *numbers]


def words_of(*texts: str, most: int = 400) -> list[str]:
    """Different words of `texts` in their order, `most` at most."""
    found = chain.from_iterable(text.split() for text in texts)
    return list(islice(dict.fromkeys(found), most))
