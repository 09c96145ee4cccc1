"""A model of a table as one zip that runs without Labeler: an ONNX graph, and how cells become numbers."""

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from learners.engine.bundle import BundleDigest, as_json, labels_json, write_zip
from learners.engine.card import BundleCard
from learners.engine.errors import BadFile
from learners.engine.features.table import TableModel
from learners.engine.graph import ML_OPSET, tree_node
from learners.engine.heads import Head
from learners.engine.heads.stored_tree import TreeHead
from learners.engine.table_card import table_card_data, table_readme

FILES = Path(__file__).parent / "bundle_files"
RUNS_ON = ("numpy", "onnxruntime")
OPSET, IR_VERSION = 17, 8


def write_table_bundle(
    *,
    target: BinaryIO,
    head: Head | TreeHead,
    class_names: Sequence[str],
    card: BundleCard,
    table: TableModel,
) -> BundleDigest:
    """Write the zip to `target`, which need not be seekable. The same fit packs to the same bytes.

    Args:
        class_names: (n_classes,), in the order of `head.class_ids`, all different.
        table: what made the vectors the head was trained on.

    Raises:
        BadFile: names or dimensions that do not fit the head.
    """
    names = list(class_names)
    if len(names) != len(head.class_ids) or len(set(names)) != len(names):
        raise BadFile(f"{len(names)} class names for a head of {len(head.class_ids)} classes")
    if head.n_dimensions != table.n_dimensions:
        raise BadFile(
            f"the head takes {head.n_dimensions} dimensions, the table gives {table.n_dimensions}"
        )
    contents = {
        "labels.json": labels_json(head.class_ids, names),
        "model.onnx": table_graph(head),
        "table.json": as_json(table.as_json()),
        "predict.py": (FILES / "predict_table.py").read_bytes(),
        "README.md": table_readme(card, table=table, head=head, class_names=names).encode(),
        "requirements.txt": "".join(f"{name}=={version(name)}\n" for name in RUNS_ON).encode(),
    }
    return write_zip(
        target=target,
        contents=contents,
        card=lambda files: table_card_data(card, table=table, class_names=names, files=files),
    )


def table_graph(head: Head | TreeHead) -> bytes:
    """Rows as the table encodes them to probabilities, fp32.

    Input rows, float32 (n_rows, n_dimensions - 1): z times the table's weight. Output
    probabilities, float32 (n_rows, n_classes).
    """
    from onnx import TensorProto, checker, helper  # noqa: PLC0415

    nodes, constants, domains = _of_tree(head) if isinstance(head, TreeHead) else _of_linear(head)
    floats = TensorProto.FLOAT
    taken: list[str | int | None] = ["n_rows", head.n_dimensions - 1]
    given: list[str | int | None] = ["n_rows", len(head.class_ids)]
    graph = helper.make_graph(
        nodes,
        "table",
        [helper.make_tensor_value_info("rows", floats, taken)],
        [helper.make_tensor_value_info("probabilities", floats, given)],
        initializer=constants,
    )
    model = helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid(domain, opset) for domain, opset in domains],
        ir_version=IR_VERSION,
        producer_name="labeler",
    )
    checker.check_model(model)
    packed: bytes = model.SerializeToString(deterministic=True)
    return packed


Parts = tuple[list[Any], list[Any], list[tuple[str, int]]]


def _of_linear(head: Head) -> Parts:
    """softmax((rows, 1) @ coef.T / ||(rows, 1)|| + intercept), without writing the 1 down."""
    from onnx import helper, numpy_helper  # noqa: PLC0415

    def constant(name: str, values: Any) -> Any:
        return numpy_helper.from_array(np.asarray(values, np.float32), name)

    constants = [
        constant("coef", head.coef[:, :-1].T),
        constant("coef_of_one", head.coef[:, -1]),
        constant("intercept", head.intercept),
        constant("one", [[1.0]]),
    ]
    nodes = [
        helper.make_node("MatMul", ["rows", "coef"], ["product"]),
        helper.make_node("Add", ["product", "coef_of_one"], ["whole_product"]),
        helper.make_node("ReduceSumSquare", ["rows"], ["squares"], axes=[1], keepdims=1),
        helper.make_node("Add", ["squares", "one"], ["whole_squares"]),
        helper.make_node("Sqrt", ["whole_squares"], ["length"]),
        helper.make_node("Div", ["whole_product", "length"], ["normalised"]),
        helper.make_node("Add", ["normalised", "intercept"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["probabilities"], axis=1),
    ]
    return nodes, constants, [("", OPSET)]


def _of_tree(tree: TreeHead) -> Parts:
    return [tree_node(tree, "rows", "probabilities")], [], [("", OPSET), ("ai.onnx.ml", ML_OPSET)]
