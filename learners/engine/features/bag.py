"""Features that are a sum over a text's tokens: a table with a row for each token, and no network.

x = length * L2-normalised(sum over the text's tokens of table[token]). The tokens are those of the embedder's
own tokenizer, cut where the embedder cuts, so that an exported graph needs nothing but the token ids
that it takes already. Special tokens, padding and tokens without a row do not count; a text with
none that counts is the zero vector.
"""

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from itertools import chain
from typing import Any, Self
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from learners.engine.embedding import Embedded
from learners.engine.errors import BadFile

FORMAT = 1
TEXTS_AT_ONCE = 4_096


@dataclass(frozen=True, eq=False)
class BagModel:
    """A token table: embeds texts on its own, in thousands a second.

    Attributes:
        name: what it is: "lsi", "tfidf" or "static".
        table: float32, float16 or int8 (n_tokens, n_dimensions); or float32 (n_tokens,), which stands for
            a diagonal table, where each token is a column of its own.
        rows: int32 (n_vocabulary,), token id -> row of the table, -1 for tokens without one.
        tokenizer_json: the tokenizer, which neither cuts nor pads.
        max_tokens: texts are cut to this many tokens, special ones included.
        note: "", or in words what is less than was asked for.
        length: of every vector that is not zero, above 0: how much the part weighs beside others.
        scale: float32 (n_dimensions,), what the columns of an int8 table are multiplied by; None for
            the others.
    """

    name: str
    table: NDArray[np.float32] | NDArray[np.float16] | NDArray[np.int8]
    rows: NDArray[np.int32]
    tokenizer_json: str
    max_tokens: int
    note: str = ""
    length: float = 1.0
    scale: NDArray[np.float32] | None = None

    def __post_init__(self) -> None:
        if self.table.ndim not in {1, 2} or not len(self.table) or not self.n_dimensions:
            raise BadFile(f"a token table has shape {self.table.shape}")
        if self.rows.ndim != 1 or not -1 <= self.rows.max(initial=-1) < len(self.table):
            raise BadFile(f"token ids point past a table of {len(self.table)} rows")
        if self.table.dtype not in {np.dtype(np.float32), np.dtype(np.float16), np.dtype(np.int8)}:
            raise BadFile(f"a token table is {self.table.dtype}; needed: float32, float16 or int8")
        scaled = (self.n_dimensions,) if self.table.dtype == np.int8 else None
        if (None if self.scale is None else self.scale.shape) != scaled:
            raise BadFile("an int8 token table needs a scale for each column, another one has none")
        if not np.isfinite(self.table).all():
            raise BadFile("a token table holds a NaN or infinite value")
        if not 0 < self.length < np.inf:
            raise BadFile(f"vectors of a token table have length {self.length}; needed: above 0")

    @property
    def n_dimensions(self) -> int:
        return int(self.table.shape[-1])

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the content: the same numbers and tokenizer, the same digest."""
        digest = hashlib.sha256(f"{self.name}\0{self.max_tokens}\0{FORMAT}\0".encode())
        digest.update(f"{self.length!r}\0".encode())
        digest.update(f"{self.table.shape}\0{self.rows.shape}\0".encode())
        digest.update(b"" if self.scale is None else self.scale.tobytes())
        for part in (self.table.tobytes(), self.rows.tobytes(), self.tokenizer_json.encode()):
            digest.update(part)
        return digest.hexdigest()

    def embed(self, texts: Sequence[str]) -> Embedded:
        """Vectors, zero or of length `length`, and token counts of `texts` before cutting."""
        vectors = np.zeros((len(texts), self.n_dimensions), np.float32)
        n_tokens = np.zeros(len(texts), np.int64)
        for start in range(0, len(texts), TEXTS_AT_ONCE):
            part = slice(start, start + TEXTS_AT_ONCE)
            counted = count_tokens(
                texts[part], tokenizer=self.tokenizer, max_tokens=self.max_tokens, rows=self.rows
            )
            n_tokens[part] = counted.n_tokens
            vectors[part] = self._summed(counted.counts)
        return Embedded(normalised(vectors) * np.float32(self.length), n_tokens)

    def _summed(self, counts: Any) -> NDArray[np.float32]:
        if self.table.ndim == 1:
            dense: NDArray[np.float32] = counts.toarray() * self.table.astype(np.float32)
            return dense
        summed: NDArray[np.float32] = counts @ self.table.astype(np.float32, copy=False)
        return summed if self.scale is None else summed * self.scale

    @property
    def tokenizer(self) -> Any:
        return _tokenizer(self.tokenizer_json)

    def to_bytes(self) -> bytes:
        """An `.npz` of plain arrays."""
        buffer = io.BytesIO()
        np.savez_compressed(
            buffer,
            format=np.array(FORMAT),
            name=np.array(self.name),
            table=self.table,
            rows=self.rows,
            tokenizer=np.frombuffer(self.tokenizer_json.encode(), np.uint8),
            max_tokens=np.array(self.max_tokens),
            note=np.array(self.note),
            length=np.array(self.length),
        )
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, stored: bytes) -> Self:
        """What `to_bytes` gave. Nothing is unpickled.

        Raises:
            BadFile: not such bytes, or arrays that do not fit together.
        """
        try:
            with np.load(io.BytesIO(stored), allow_pickle=False) as arrays:
                return cls(
                    name=str(arrays["name"]),
                    table=arrays["table"],
                    rows=arrays["rows"].astype(np.int32, copy=False),
                    tokenizer_json=arrays["tokenizer"].tobytes().decode(),
                    max_tokens=int(arrays["max_tokens"]),
                    note=str(arrays["note"]),
                    length=float(arrays["length"]),
                )
        except (ValueError, KeyError, OSError, EOFError, AttributeError, BadZipFile) as error:
            raise BadFile(f"not a stored token table: {error}") from error


@dataclass(frozen=True, eq=False)
class Counted:
    """How often each text has each token.

    Attributes:
        counts: sparse float32 (n_texts, n_rows), columns as `rows` says.
        n_tokens: (n_texts,), special tokens included, before cutting.
    """

    counts: Any
    n_tokens: NDArray[np.int64]


def count_tokens(
    texts: Sequence[str], *, tokenizer: Any, max_tokens: int, rows: NDArray[np.int32]
) -> Counted:
    """Count the tokens that have a row, up to the cut."""
    n_special = tokenizer.num_special_tokens_to_add(False)
    n_kept = max(0, max_tokens - n_special)
    encoded = tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
    all_ids = [encoding.ids for encoding in encoded]
    n_tokens = np.array([len(ids) for ids in all_ids], np.int64)
    n_counted = np.minimum(n_tokens, n_kept)
    ids = np.fromiter(chain.from_iterable(ids[:n_kept] for ids in all_ids), np.int64)
    columns, texts_of = rows[ids], np.repeat(np.arange(len(texts)), n_counted)
    has_row = columns >= 0
    counts = sparse.csr_matrix(
        (np.ones(has_row.sum(), np.float32), (texts_of[has_row], columns[has_row])),
        shape=(len(texts), int(rows.max(initial=-1)) + 1),
    )
    counts.sum_duplicates()
    return Counted(counts, n_tokens + n_special)


def normalised(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Each row divided by its length; a zero row stays zero."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    whole: NDArray[np.float32] = np.divide(
        vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0
    )
    return whole


def in_bytes(bag: BagModel) -> BagModel:
    """The table with its numbers rounded to eight bits, each column by a scale of its own.

    A head that is trained on it gives the very probabilities that are exported.
    """
    table = bag.table.astype(np.float32)
    scale = np.abs(table).max(axis=0) / 127
    scale[scale == 0] = 1
    rounded = np.rint(table / scale).astype(np.int8)
    return replace(bag, table=rounded, scale=scale.astype(np.float32))


def plain_tokenizer_json(tokenizer: Any) -> str:
    """A `tokenizers.Tokenizer` as JSON, made to neither cut nor pad."""
    from tokenizers import Tokenizer  # noqa: PLC0415

    copy = Tokenizer.from_str(tokenizer.to_str())
    copy.no_truncation()
    copy.no_padding()
    as_json: str = copy.to_str()
    return as_json


def ordinary_ids(tokenizer: Any) -> NDArray[np.bool_]:
    """Which token ids are parts of texts, (n_vocabulary,): all but padding, unknown and their like."""
    n_ids = max(tokenizer.get_vocab(with_added_tokens=True).values()) + 1
    ordinary = np.ones(n_ids, np.bool_)
    added = tokenizer.get_added_tokens_decoder()
    ordinary[[token_id for token_id, token in added.items() if token.special]] = False
    return ordinary


@cache
def _tokenizer(tokenizer_json: str) -> Any:
    from tokenizers import Tokenizer  # noqa: PLC0415

    return Tokenizer.from_str(tokenizer_json)
