"""Running a model folder: onnxruntime, tokenizers and numpy, and nothing that trains.

A model folder, or the same files as bytes, holds `model.onnx`, `labels.json` and `model.json`; models
of texts a `tokenizer.json`, models of tables a `table.json`. Processes that serve import this module;
it imports no torch, no scikit-learn and no Django.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from learners.engine.errors import BadFile
from learners.engine.words import Word, WordModel

if TYPE_CHECKING:
    from learners.engine.features.table import TableModel

FORMAT = 1
TOKENS, COLUMNS = "tokens", "columns"
TEXTS_PER_RUN = 32
TEXTS_TOKENIZED = 2_048
"""Tokenized at once and then sorted by length, so that a run of the graph holds little padding."""

MODEL, LABELS, META, TOKENIZER, TABLE = (
    "model.onnx",
    "labels.json",
    "model.json",
    "tokenizer.json",
    "table.json",
)
Singles = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Runtime:
    """A loaded model. Any number of threads may predict with it at a time.

    Attributes:
        meta: `model.json`, with the keys that this version does not know.
        class_ids, class_names: (k,), in the order of the columns of `predict_proba`.
        thresholds: (k,), from which probability on a text has each class; None where a text has one.
        n_bytes: of all files together.
        graph: reads `model.onnx` again.
    """

    meta: Mapping[str, Any]
    class_ids: tuple[int, ...]
    class_names: tuple[str, ...]
    thresholds: tuple[float, ...] | None
    n_bytes: int
    session: Any
    tokenizer: Any = None
    table: "TableModel | None" = None
    graph: Callable[[], bytes] = bytes

    @property
    def rung(self) -> str:
        return str(self.meta.get("rung", ""))

    @property
    def multilabel(self) -> bool:
        return self.thresholds is not None

    @property
    def max_tokens(self) -> int:
        """Where texts are cut, special tokens included; 0 where nothing is."""
        return int(self.meta.get("max_tokens", 0))

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns that a model of tables reads; none for texts."""
        return tuple(column.name for column in self.table.columns) if self.table else ()

    def predict_proba(self, texts: Sequence[str]) -> Singles:
        """Probabilities, (n_texts, n_classes); rows sum to 1 unless a text has any number of classes.

        Args:
            texts: for a model of tables rows as text, one line a column ("age: 41").

        Raises:
            BadTable: a text that is no row of the model's table, or words in a numeric column.
            BadFile: the graph does not run.
        """
        if self.table is not None:
            return self.predict_cells(self.table.cells(texts))
        probabilities = np.empty((len(texts), len(self.class_ids)), np.float32)
        for start in range(0, len(texts), TEXTS_TOKENIZED):
            part = slice(start, start + TEXTS_TOKENIZED)
            self._fill(probabilities[part], texts[part])
        return probabilities

    def predict_cells(self, rows: Sequence[Sequence[str]]) -> Singles:
        """The same for rows of a table given as cells, in the order of `columns`.

        Raises:
            BadTable: words in a numeric column.
            BadFile: the model is one of texts.
        """
        if self.table is None:
            raise BadFile("this model reads texts, not the cells of a table")
        if not rows:
            return np.empty((0, len(self.class_ids)), np.float32)
        return self._run({"rows": self.table.scaled(rows)})

    @cached_property
    def word_model(self) -> WordModel:
        """What its words add. Raises `NoSumOfWords` where it is no sum over words, or BadFile."""
        return WordModel.of_graph(self.graph(), several=self.multilabel)

    def explain(self, texts: Sequence[str]) -> list[list[Word]]:
        """The words of each text and what they add to each class's logit: exact.

        Raises:
            NoSumOfWords, BadFile: as `word_model`.
        """
        model = self.word_model
        sound = [text.encode("utf-8", "replace").decode() for text in texts]
        encoded = self.tokenizer.encode_batch(sound)
        return [model.words(*pair) for pair in zip(sound, encoded, strict=True)]

    def _fill(self, probabilities: Singles, texts: Sequence[str]) -> None:
        sound = [text.encode("utf-8", "replace").decode() for text in texts]
        encoded = [one.ids for one in self.tokenizer.encode_batch_fast(sound)]
        lengths = np.array([len(ids) for ids in encoded])
        at_once = int(self.meta.get("texts_per_run", TEXTS_PER_RUN))
        for rows in _runs(np.argsort(lengths, kind="stable"), at_once):
            probabilities[rows] = self._run(padded([encoded[row] for row in rows]))

    def _run(self, inputs: dict[str, NDArray[Any]]) -> Singles:
        try:
            found: Singles = self.session.run(["probabilities"], inputs)[0]
        except _faults() as error:
            raise BadFile(f"the model's graph does not run: {error}") from error
        return found


def padded(ids: Sequence[Sequence[int]]) -> dict[str, NDArray[np.int64]]:
    """Token ids as the graph takes them: int64 (n_texts, n_tokens), and a mask of what is no padding."""
    lengths = np.array([len(row) for row in ids])
    mask = np.arange(max(1, lengths.max(initial=0))) < lengths[:, None]
    tokens = np.zeros(mask.shape, np.int64)
    tokens[mask] = np.fromiter((token for row in ids for token in row), np.int64, lengths.sum())
    return {"input_ids": tokens, "attention_mask": mask.astype(np.int64)}


def _runs(order: NDArray[np.intp], at_once: int) -> Iterator[NDArray[np.intp]]:
    return (order[start : start + at_once] for start in range(0, len(order), at_once))


def load_runtime(files: Mapping[str, bytes] | Path, *, n_threads: int = 1) -> Runtime:
    """Load a model from its folder, or from its files by name.

    Args:
        n_threads: that one run of the graph may use, 1 or more.

    Raises:
        BadFile: a file is missing or damaged, or the folder is of a later format.
    """
    contents = _Contents(files)
    meta = contents.json(META)
    if not isinstance(meta, dict) or meta.get("format") != FORMAT:
        raise BadFile(f"{META} is of a format that this version cannot read; needed: {FORMAT}")
    ids, names, thresholds = _labels(contents.json(LABELS))
    is_table = meta.get("input") == COLUMNS
    runtime = Runtime(
        meta=meta,
        class_ids=ids,
        class_names=names,
        thresholds=thresholds,
        n_bytes=contents.n_bytes,
        session=make_session(contents.bytes(MODEL), n_threads=n_threads),
        tokenizer=None if is_table else _tokenizer(contents.bytes(TOKENIZER), meta),
        table=_table(contents) if is_table else None,
        graph=lambda: contents.bytes(MODEL),
    )
    _check(runtime)
    return runtime


def make_session(graph: bytes, *, n_threads: int) -> Any:
    """An onnxruntime session on the CPU whose idle threads sleep. Raises `BadFile`."""
    import onnxruntime  # noqa: PLC0415  half a second that a page need not wait for

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = n_threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    except _faults() as error:
        raise BadFile(f"the model's graph cannot be loaded: {error}") from error


def _faults() -> tuple[type[Exception], ...]:
    """What onnxruntime raises over a graph: its errors have no base of their own."""
    from onnxruntime.capi import onnxruntime_pybind11_state as state  # noqa: PLC0415

    return (
        state.Fail,
        state.InvalidArgument,
        state.InvalidGraph,
        state.InvalidProtobuf,
        state.NotImplemented,
        state.RuntimeException,
    )


@dataclass(frozen=True)
class _Contents:
    """Files of a model by name, from wherever they lie."""

    files: Mapping[str, bytes] | Path

    @property
    def n_bytes(self) -> int:
        if isinstance(self.files, Path):
            return sum(path.stat().st_size for path in self.files.iterdir() if path.is_file())
        return sum(map(len, self.files.values()))

    def bytes(self, name: str) -> bytes:
        try:
            if isinstance(self.files, Path):
                return (self.files / name).read_bytes()
            return self.files[name]
        except (KeyError, OSError) as error:
            raise BadFile(f"the model has no {name}") from error

    def json(self, name: str) -> Any:
        try:
            return json.loads(self.bytes(name))
        except ValueError as error:
            raise BadFile(f"{name} is damaged: {error}") from error


def _labels(
    stored: Any,
) -> tuple[tuple[int, ...], tuple[str, ...], tuple[float, ...] | None]:
    try:
        ids = tuple(int(label["id"]) for label in stored)
        names = tuple(str(label["name"]) for label in stored)
        several = bool(stored) and "threshold" in stored[0]
        thresholds = tuple(float(label["threshold"]) for label in stored) if several else None
    except (KeyError, TypeError, ValueError) as error:
        raise BadFile(f"{LABELS} is damaged: {error}") from error
    return ids, names, thresholds


def _tokenizer(stored: bytes, meta: Mapping[str, Any]) -> Any:
    """The tokenizer, cutting as the model does and padding nothing: `padded` does that."""
    from tokenizers import Tokenizer  # noqa: PLC0415

    try:
        tokenizer = Tokenizer.from_str(stored.decode())
    except Exception as error:
        raise BadFile(f"{TOKENIZER} is damaged: {error}") from error
    tokenizer.no_padding()
    if meta.get("max_tokens"):
        tokenizer.enable_truncation(max_length=int(meta["max_tokens"]))
    return tokenizer


def _table(contents: _Contents) -> "TableModel":
    from learners.engine.features.table import TableModel  # noqa: PLC0415  brings scipy

    return TableModel.from_json(contents.json(TABLE))


def _check(runtime: Runtime) -> None:
    """Raises `BadFile` unless graph and labels fit together."""
    needed = {"rows"} if runtime.table else {"input_ids", "attention_mask"}
    inputs = {each.name for each in runtime.session.get_inputs()}
    outputs = {each.name: each.shape[-1] for each in runtime.session.get_outputs()}
    if inputs != needed or outputs.get("probabilities") != len(runtime.class_ids):
        raise BadFile(
            f"the graph takes {', '.join(sorted(inputs))} and gives {outputs}; needed: "
            f"{', '.join(sorted(needed))}, and probabilities of {len(runtime.class_ids)} classes"
        )
