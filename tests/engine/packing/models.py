"""Small models as rungs give them, made without training an embedding model."""

import json
from functools import cache
from typing import Any

import numpy as np
from tokenizers import Tokenizer

from learners.engine.embedding import minilm_folder
from learners.engine.features import tfidf
from learners.engine.features.bag import BagModel, ordinary_ids, plain_tokenizer_json
from learners.engine.heads import Head
from learners.engine.packing.card import ClassFacts, ModelFacts
from learners.engine.packing.parity import Parity, parity_of
from learners.engine.rungs.base import TrainingData
from learners.engine.rungs.files import bag_files, table_files
from learners.engine.runtime import load_runtime
from tests.engine.tables import COLUMNS, make_table

NAMES = {5: "question", 6: 'Beschwerde "ä"', 7: "感谢"}
TEXTS = [
    "my card never arrived please help",
    "refund the order it is late",
    "thank you, great film about a bank",
    "a loan for a late card",
    "great help, thank you",
    "please refund my loan",
] * 3
MANIFEST = json.dumps({"format": 1, "seed": 7}).encode()
FACTS = ModelFacts(
    project="Tickets",
    kind="static",
    title="Static vectors",
    manifest_digest="ab" * 32,
    made_at="2026-03-01T09:00:00+00:00",
    classes=[ClassFacts(name, f"what a {name} is", 20) for name in NAMES.values()],
)


@cache
def tokenizer() -> Any:
    plain = Tokenizer.from_file(str(minilm_folder() / "tokenizer.json"))
    plain.no_padding()
    plain.no_truncation()
    return plain


def counted_bag() -> BagModel:
    return tfidf.fit(TEXTS, tokenizer=tokenizer(), max_tokens=256, seed=0)


def vector_bag(n_dimensions: int = 8) -> BagModel:
    """Vectors drawn for most word pieces, as a distilled table has them."""
    ordinary = ordinary_ids(tokenizer())
    rows = np.full(len(ordinary), -1, np.int32)
    kept = np.flatnonzero(ordinary & (np.arange(len(ordinary)) % 11 > 0))
    rows[kept] = np.arange(len(kept))
    table = np.random.default_rng(0).normal(size=(len(kept), n_dimensions)).astype(np.float16)
    return BagModel(
        name="static",
        table=table,
        rows=rows,
        tokenizer_json=plain_tokenizer_json(tokenizer()),
        max_tokens=256,
        length=0.7,
    )


def head_for(n_dimensions: int, scale: float = 3.0) -> Head:
    rng = np.random.default_rng(1)
    coef = scale * rng.normal(size=(len(NAMES), n_dimensions))
    return Head(coef, rng.normal(size=len(NAMES)), tuple(NAMES))


def data() -> TrainingData:
    y = np.array([5, 6, 7] * 6)
    return TrainingData(texts=TEXTS, y=y, class_names=NAMES, class_ids=tuple(NAMES))


def text_model(bag: BagModel, rung: str = "static", **meta: Any) -> dict[str, bytes]:
    head = head_for(bag.n_dimensions)
    return dict(bag_files(rung=rung, head=head, data=data(), bag=bag, **meta))


def table_model() -> tuple[dict[str, bytes], list[str]]:
    """A model of rows, and rows."""
    table, rows, _ = make_table()
    texts = ["\n".join(f"{c.name}: {v}" for c, v in zip(COLUMNS, row, strict=True)) for row in rows]
    known = TrainingData(texts=texts, y=np.arange(len(texts)) % 3 + 5, class_names=NAMES)
    head = head_for(table.n_dimensions)
    return dict(table_files(rung="linear", head=head, data=known, table=table)), texts


def parity(files: dict[str, bytes], own: list[str] = TEXTS) -> Parity:
    return parity_of(load_runtime(files), own=own, words=["question", "Beschwerde", "感谢"])
