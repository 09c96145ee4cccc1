"""A trained rung as the files of a model."""

import json
from collections.abc import Sequence
from typing import Any

from learners.engine.bundle import as_json, cutting_tokenizer, labels_json
from learners.engine.features.bag import BagModel
from learners.engine.features.table import TableModel
from learners.engine.graph import joined_graph
from learners.engine.heads import Head
from learners.engine.heads.stored_tree import TreeHead
from learners.engine.rules import Rule
from learners.engine.rungs.base import Files, TrainingData
from learners.engine.runtime import (
    COLUMNS,
    FORMAT,
    LABELS,
    META,
    MODEL,
    TABLE,
    TOKENIZER,
    TOKENS,
)
from learners.engine.table_bundle import table_graph


def text_files(
    *,
    rung: str,
    head: Head | TreeHead,
    data: TrainingData,
    tokenizer: bytes,
    max_tokens: int,
    trunk: bytes | None = None,
    bags: Sequence[BagModel] = (),
    **facts: Any,
) -> Files:
    """The files of a model of texts.

    Args:
        tokenizer: `tokenizer.json`, cutting at `max_tokens` and padding.
        trunk: the graph of the embedding model, None for none; `bags` stand behind it.
        facts: more keys of `model.json`.
    """
    meta = {"input": TOKENS, "max_tokens": max_tokens, **facts}
    return {
        MODEL: joined_graph(trunk, head, bags),
        TOKENIZER: tokenizer,
        **_common(rung, head, data, meta),
    }


def bag_files(*, bag: BagModel, **facts: Any) -> Files:
    """The files of a model of texts that is a token table and a head; `facts` as of `text_files`."""
    return bags_files(bags=[bag], **facts)


def bags_files(*, bags: Sequence[BagModel], **facts: Any) -> Files:
    """The same with token tables of one tokenizer side by side."""
    return text_files(
        tokenizer=compact(cutting_tokenizer(bags[0])),
        max_tokens=bags[0].max_tokens,
        bags=bags,
        **facts,
    )


def table_files(
    *, rung: str, head: Head | TreeHead, data: TrainingData, table: TableModel, **facts: Any
) -> Files:
    """The files of a model of rows of a table."""
    return {
        MODEL: table_graph(head),
        TABLE: as_json(table.as_json()),
        **_common(rung, head, data, {"input": COLUMNS, **facts}),
    }


def rules_json(rules: Sequence[Rule], data: TrainingData) -> bytes:
    """`rules.json`: each rule's conditions, the class it leads to, and the examples that met it."""
    return as_json(
        [
            {
                "if": list(rule.conditions),
                "then": data.name_of(rule.class_id),
                "id": rule.class_id,
                "probability": rule.probability,
                "n_right": rule.n_right,
                "n": rule.n,
            }
            for rule in rules
        ]
    )


def compact(tokenizer: bytes) -> bytes:
    """The same JSON without white space."""
    found = json.loads(tokenizer)
    return json.dumps(found, ensure_ascii=False, separators=(",", ":")).encode()


def _common(
    rung: str, head: Head | TreeHead, data: TrainingData, meta: dict[str, Any]
) -> dict[str, bytes]:
    names = [data.name_of(class_id) for class_id in head.class_ids]
    return {
        LABELS: labels_json(head.class_ids, names),
        META: as_json({"format": FORMAT, "rung": rung, "multilabel": False, **meta}),
    }
