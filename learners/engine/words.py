"""What each word of a text adds to the answer of a model that is a sum over word pieces. Exact.

A text's vector is x = length * s / |s|, with s the sum of the table's rows of its tokens, and a class's logit
coef @ x + intercept. So a token adds length / |s| * coef @ row, a word what its pieces add, and all of
that with the intercept is the logit. The length |s| belongs to the whole text: a word adds less in a
longer text, and what it adds says nothing of the text without it. Where a text has one class, softmax knows
differences between logits alone; they are told from the mean of all classes, so that they sum to zero.

Needs numpy and nothing else: this file travels in bundles too, as `words.py` beside `predict.py`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

SHORTEST = 1e-12
NUMBERS = {1: "<f4", 3: "<i1", 6: "<i4", 7: "<i8", 10: "<f2"}  # TensorProto.DataType
MODEL_GRAPH, GRAPH_INITIALIZER = 7, 5  # field numbers of onnx.proto
TENSOR_DIMS, TENSOR_TYPE, TENSOR_NAME, TENSOR_RAW = 1, 2, 8, 9


class NoSumOfWords(ValueError):
    """The model is no sum over words: its words cannot be weighed one by one."""


@dataclass(frozen=True)
class Word:
    """A word where it stands, `text[start:end]`, and what it adds to each class's logit, (n_classes,):
    above 0 it speaks for the class, below against it.
    """

    word: str
    start: int
    end: int
    adds: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class Table:
    """A token table with its share of the head.

    Attributes:
        rows: (n_vocabulary,), token id -> row, -1 for none.
        numbers: (n_rows, d), or (n_rows,) where each row is a column of its own.
        scale: (d,), what an int8 table is multiplied by; None for the others.
        length: of a text's vector. coef: float64 (n_classes, d).
    """

    rows: Any
    numbers: Any
    scale: Any
    length: float
    coef: Any

    def adds(self, ids: Sequence[int]) -> Any:
        """What each token adds to each logit, float64 (n_tokens, n_classes)."""
        found = self.rows[np.asarray(ids, np.int64)]
        adds = np.zeros((len(found), len(self.coef)))
        counts = found >= 0
        if counts.any():
            adds[counts] = self._of_rows(found[counts])
        return adds

    def _of_rows(self, found: Any) -> Any:
        if self.numbers.ndim == 1:
            each = self.numbers[found].astype(np.float64)
            size = np.sqrt(np.square(np.bincount(found, weights=each)).sum())
            products = each[:, None] * self.coef[:, found].T
        else:
            vectors = self.numbers[found].astype(np.float64)
            vectors = vectors if self.scale is None else vectors * self.scale
            size = np.linalg.norm(vectors.sum(axis=0))
            products = vectors @ self.coef.T
        return products * (self.length / max(float(size), SHORTEST))


@dataclass(frozen=True, eq=False)
class WordModel:
    """A model that is one or several token tables and a linear head. `bias`: float64 (n_classes,)."""

    tables: tuple[Table, ...]
    bias: Any

    @classmethod
    def made(cls, tables: Sequence[Table], bias: Any, *, several: bool) -> Self:
        """With logits told from the mean of all classes, unless a text has `several`."""
        bias = np.asarray(bias, np.float64)
        if several:
            return cls(tuple(tables), bias)
        centred = [
            Table(t.rows, t.numbers, t.scale, t.length, t.coef - t.coef.mean(axis=0))
            for t in tables
        ]
        return cls(tuple(centred), bias - bias.mean())

    @classmethod
    def of_graph(cls, graph: bytes, *, several: bool) -> Self:
        """Read from `model.onnx`; `several`: a text has any number of classes.

        Raises:
            NoSumOfWords: an embedding model is inside, or it is no such graph.
        """
        known = initializers(graph)
        n_tables = sum(name.endswith("_rows") for name in known)
        others = [name for name in known if not name.startswith(("bag_", "head_"))]
        if others or not n_tables or "head_coef" not in known:
            raise NoSumOfWords("the model is no sum over the words of a text")
        coef, tables, start = known["head_coef"].T.astype(np.float64), [], 0
        for place in range(n_tables):
            table = _table(known, f"bag_{place}_", coef, start)
            start += table.coef.shape[1]
            tables.append(table)
        return cls.made(tables, known["head_intercept"], several=several)

    def adds(self, ids: Sequence[int]) -> Any:
        """What each token adds to each logit, float64 (n_tokens, n_classes)."""
        return np.sum([table.adds(ids) for table in self.tables], axis=0)

    def words(self, text: str, encoding: Any) -> list[Word]:
        """The words of a text in their order, those the model knows nothing of as well.

        Args:
            encoding: of `text`, cut as the model cuts, by `tokenizers.Tokenizer.encode`. A word is what its
                pre-tokenizer makes one; special tokens, and what was cut away, are none.
        """
        return [
            Word(text[start:end], start, end, tuple(map(float, adds)))
            for start, end, adds in spans(encoding, self.adds(encoding.ids))
        ]


def spans(encoding: Any, adds: Any) -> Iterator[tuple[int, int, Any]]:
    """(start, end, what it adds (n_classes,)) of each word of an encoded text."""
    pieces: dict[int, list[int]] = {}
    for place, word in enumerate(encoding.word_ids):
        if word is not None and encoding.offsets[place][1] > encoding.offsets[place][0]:
            pieces.setdefault(word, []).append(place)
    for places in pieces.values():
        start = min(encoding.offsets[place][0] for place in places)
        end = max(encoding.offsets[place][1] for place in places)
        yield start, end, adds[places].sum(axis=0)


def _table(known: dict[str, Any], name: str, coef: Any, start: int) -> Table:
    numbers = known[f"{name}table"] if f"{name}table" in known else known[f"{name}weights"]
    n_rows = len(numbers) - 1  # the last stands for what has none
    width = n_rows if numbers.ndim == 1 else numbers.shape[1]
    rows = known[f"{name}rows"]
    return Table(
        rows=np.where(rows == n_rows, -1, rows),
        numbers=numbers[:-1],
        scale=known.get(f"{name}scale"),
        length=float(known[f"{name}weight"].item()),
        coef=coef[:, start : start + width],
    )


def initializers(graph: bytes) -> dict[str, Any]:
    """The stored arrays of an ONNX graph by name, without the onnx library.

    Raises:
        NoSumOfWords: it is no ONNX file, or keeps its numbers in another way.
    """
    try:
        return dict(_initializers(memoryview(graph)))
    except (IndexError, ValueError, KeyError, TypeError) as error:
        raise NoSumOfWords(f"the graph's numbers cannot be read: {error}") from error


def _initializers(model: memoryview) -> Iterator[tuple[str, Any]]:
    for number, content in _fields(model):
        if number != MODEL_GRAPH:
            continue
        for inner, tensor in _fields(content):
            if inner == GRAPH_INITIALIZER:
                yield _tensor(tensor)


def _tensor(message: memoryview) -> tuple[str, Any]:
    found = list(_fields(message))
    known = dict(found)
    dims = [value for number, value in found if number == TENSOR_DIMS]
    shape = [
        size for value in dims for size in ([value] if isinstance(value, int) else _packed(value))
    ]
    name = bytes(known[TENSOR_NAME]).decode()
    if known[TENSOR_TYPE] not in NUMBERS or TENSOR_RAW not in known:
        return name, np.empty(0)  # of another kind of model
    return name, np.frombuffer(known[TENSOR_RAW], NUMBERS[known[TENSOR_TYPE]]).reshape(shape)


def _packed(message: memoryview) -> Iterator[int]:
    at = 0
    while at < len(message):
        value, at = _varint(message, at)
        yield value


def _fields(message: memoryview) -> Iterator[tuple[int, Any]]:
    """(field number, value) of a protocol buffers message: whole numbers, or bytes."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        kind = key & 7
        if kind == 0:
            value, at = _varint(message, at)
            yield key >> 3, value
            continue
        size, at = _varint(message, at) if kind == 2 else ({1: 8, 5: 4}[kind], at)
        if at + size > len(message):
            raise ValueError("it ends too early")
        yield key >> 3, message[at : at + size]
        at += size


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    value, shift = 0, 0
    while True:
        byte = message[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at
