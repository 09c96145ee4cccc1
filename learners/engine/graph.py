"""The whole model as one ONNX graph, fp32: features side by side, then softmax(features @ coef.T + b).

Inputs input_ids and attention_mask, int64 (n_texts, n_tokens); output probabilities, float32
(n_texts, n_classes). Imports no torch.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from learners.engine.errors import BadFile
from learners.engine.features.bag import BagModel
from learners.engine.heads import Head
from learners.engine.heads.stored_tree import LEAF, TreeHead
from learners.engine.multilabel.heads import MultiLabelHead

OPSET = 17  # the trunk's
ML_OPSET = 3  # of trees
IR_VERSION = 8  # what opset 17 came with, so that older runtimes read it
SHORTEST = 1e-12


def joined_graph(
    trunk: bytes | None,
    head: Head | MultiLabelHead | TreeHead,
    bags: Sequence[BagModel] = (),
) -> bytes:
    """The graph from token ids to probabilities: of a `MultiLabelHead` a sigmoid for each class; a
    `TreeHead` asks which features are above 0.

    Args:
        trunk: an embedder's graph (`exporting.exported`), whose vectors come first; None for none.
        bags: token tables, whose vectors follow in this order.

    Raises:
        BadFile: `trunk` is not an ONNX graph with an output named embedding, or no feature at all.
    """
    import onnx  # noqa: PLC0415
    from onnx import helper  # noqa: PLC0415

    model = _empty() if trunk is None else _read(trunk)
    graph = model.graph
    features = [] if trunk is None else ["embedding"]
    features += [_add_bag(graph, bag, f"bag_{place}") for place, bag in enumerate(bags)]
    if not features:
        raise BadFile("a model needs an embedder or a token table")
    if len(features) > 1:
        graph.node.append(helper.make_node("Concat", features, ["features"], axis=1))
    joint = "features" if len(features) > 1 else features[0]
    if isinstance(head, TreeHead):
        _add_tree(model, head, joint)
    else:
        _add_head(graph, head, joint)
    del graph.output[:]
    shape: list[str | int | None] = ["n_texts", len(head.class_ids)]
    graph.output.append(
        helper.make_tensor_value_info("probabilities", onnx.TensorProto.FLOAT, shape)
    )
    joined: bytes = model.SerializeToString(deterministic=True)
    return joined


def _read(trunk: bytes) -> Any:
    import onnx  # noqa: PLC0415
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]  # noqa: PLC0415

    try:
        model = onnx.load_from_string(trunk)
    except DecodeError as error:
        raise BadFile(f"the trunk is not an ONNX graph: {error}") from error
    if [output.name for output in model.graph.output] != ["embedding"]:
        raise BadFile("the trunk's graph has no output named embedding")
    return model


def _empty() -> Any:
    """A graph with the trunk's inputs and nothing in it."""
    import onnx  # noqa: PLC0415
    from onnx import helper  # noqa: PLC0415

    shape: list[str | int | None] = ["n_texts", "n_tokens"]
    inputs = [
        helper.make_tensor_value_info(name, onnx.TensorProto.INT64, shape)
        for name in ("input_ids", "attention_mask")
    ]
    graph = helper.make_graph([], "labeler", inputs, [])
    return helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION
    )


def _add_bag(graph: Any, bag: BagModel, name: str) -> str:
    """Add a token table's nodes; returns the name of its vectors, float32 (n_texts, d)."""
    from onnx import TensorProto, helper  # noqa: PLC0415

    n_rows = len(bag.table)
    # Tokens without a row, and padding, lead to one more row, which is dropped or zero.
    _constant(graph, f"{name}_rows", np.where(bag.rows < 0, n_rows, bag.rows).astype(np.int32))
    _constant(graph, f"{name}_nothing", np.array(n_rows, np.int32))
    _constant(graph, f"{name}_shortest", np.array(SHORTEST, np.float32))
    _constant(graph, f"{name}_weight", np.array(bag.length, np.float32))
    graph.node.extend(
        [
            helper.make_node("Gather", [f"{name}_rows", "input_ids"], [f"{name}_found"]),
            helper.make_node("Cast", ["attention_mask"], [f"{name}_is_text"], to=TensorProto.BOOL),
            helper.make_node(
                "Where",
                [f"{name}_is_text", f"{name}_found", f"{name}_nothing"],
                [f"{name}_counted"],
            ),
        ]
    )
    (_add_counts if bag.table.ndim == 1 else _add_sum)(graph, bag, name)
    graph.node.extend(
        [
            helper.make_node("ReduceL2", [f"{name}_sum"], [f"{name}_length"], axes=[1]),
            helper.make_node("Max", [f"{name}_length", f"{name}_shortest"], [f"{name}_divisor"]),
            helper.make_node("Div", [f"{name}_sum", f"{name}_divisor"], [f"{name}_unit"]),
            helper.make_node("Mul", [f"{name}_unit", f"{name}_weight"], [f"{name}_vectors"]),
        ]
    )
    return f"{name}_vectors"


def _add_sum(graph: Any, bag: BagModel, name: str) -> None:
    """The sum of the table's rows that a text's tokens lead to."""
    from onnx import TensorProto, helper  # noqa: PLC0415

    nothing = np.zeros((1, bag.n_dimensions), bag.table.dtype)
    _constant(graph, f"{name}_table", np.concatenate([bag.table, nothing]))
    _constant(graph, f"{name}_axis", np.array([1], np.int64))
    graph.node.extend(
        [
            helper.make_node("Gather", [f"{name}_table", f"{name}_counted"], [f"{name}_stored"]),
            helper.make_node("Cast", [f"{name}_stored"], [f"{name}_each"], to=TensorProto.FLOAT),
            helper.make_node(
                "ReduceSum", [f"{name}_each", f"{name}_axis"], [f"{name}_added"], keepdims=0
            ),
            _scaled(graph, bag, name),
        ]
    )


def _scaled(graph: Any, bag: BagModel, name: str) -> Any:
    """The node that gives the sum in its own unit."""
    from onnx import helper  # noqa: PLC0415

    if bag.scale is None:
        return helper.make_node("Identity", [f"{name}_added"], [f"{name}_sum"])
    _constant(graph, f"{name}_scale", bag.scale)
    return helper.make_node("Mul", [f"{name}_added", f"{name}_scale"], [f"{name}_sum"])


def _add_counts(graph: Any, bag: BagModel, name: str) -> None:
    """How often a text has each token, times the token's weight."""
    from onnx import TensorProto, helper  # noqa: PLC0415

    n_rows = len(bag.table)
    _constant(graph, f"{name}_weights", np.append(bag.table, 0).astype(np.float32))
    _constant(graph, f"{name}_width", np.array([n_rows + 1], np.int64))
    _constant(graph, f"{name}_from", np.array([0], np.int64))
    _constant(graph, f"{name}_to", np.array([n_rows], np.int64))
    _constant(graph, f"{name}_axis", np.array([1], np.int64))
    graph.node.extend(
        [
            helper.make_node("Shape", ["input_ids"], [f"{name}_n_texts"], start=0, end=1),
            helper.make_node(
                "Concat", [f"{name}_n_texts", f"{name}_width"], [f"{name}_shape"], axis=0
            ),
            helper.make_node("ConstantOfShape", [f"{name}_shape"], [f"{name}_none"]),
            helper.make_node("Cast", ["attention_mask"], [f"{name}_once"], to=TensorProto.FLOAT),
            helper.make_node(
                "ScatterElements",
                [f"{name}_none", f"{name}_counted", f"{name}_once"],
                [f"{name}_counts"],
                axis=1,
                reduction="add",
            ),
            helper.make_node("Mul", [f"{name}_counts", f"{name}_weights"], [f"{name}_all"]),
            helper.make_node(
                "Slice",
                [f"{name}_all", f"{name}_from", f"{name}_to", f"{name}_axis"],
                [f"{name}_sum"],
            ),
        ]
    )


def _add_head(graph: Any, head: Head | MultiLabelHead, features: str) -> None:
    from onnx import helper  # noqa: PLC0415

    several = isinstance(head, MultiLabelHead)
    kind: dict[str, Any] = {"op_type": "Sigmoid"} if several else {"op_type": "Softmax", "axis": 1}
    _constant(graph, "head_coef", head.coef.T.astype(np.float32))
    _constant(graph, "head_intercept", head.intercept.astype(np.float32))
    graph.node.extend(
        [
            helper.make_node("MatMul", [features, "head_coef"], ["head_product"]),
            helper.make_node("Add", ["head_product", "head_intercept"], ["logits"]),
            helper.make_node(inputs=["logits"], outputs=["probabilities"], **kind),
        ]
    )


def _add_tree(model: Any, tree: TreeHead, features: str) -> None:
    from onnx import TensorProto, helper  # noqa: PLC0415

    _constant(model.graph, "tree_nothing", np.array(0, np.float32))
    model.graph.node.extend(
        [
            helper.make_node("Greater", [features, "tree_nothing"], ["tree_has"]),
            helper.make_node("Cast", ["tree_has"], ["tree_rows"], to=TensorProto.FLOAT),
            tree_node(tree, "tree_rows", "probabilities"),
        ]
    )
    model.opset_import.append(helper.make_opsetid("ai.onnx.ml", ML_OPSET))


def tree_node(tree: TreeHead, rows: str, probabilities: str) -> Any:
    """The tree as one node, from `rows`, float32 (n, width - 1), to `probabilities`."""
    from onnx import helper  # noqa: PLC0415

    is_leaf = tree.dimension == LEAF
    n, n_classes = len(is_leaf), len(tree.class_ids)
    leaves = np.flatnonzero(is_leaf)
    return helper.make_node(
        "TreeEnsembleRegressor",
        [rows],
        [probabilities],
        domain="ai.onnx.ml",
        n_targets=n_classes,
        aggregate_function="SUM",
        post_transform="NONE",
        nodes_treeids=[0] * n,
        nodes_nodeids=list(range(n)),
        nodes_featureids=np.where(is_leaf, 0, tree.dimension).tolist(),
        nodes_values=tree.threshold.astype(float).tolist(),
        nodes_modes=["LEAF" if leaf else "BRANCH_LEQ" for leaf in is_leaf],
        nodes_truenodeids=np.where(is_leaf, 0, tree.left).tolist(),
        nodes_falsenodeids=np.where(is_leaf, 0, tree.right).tolist(),
        nodes_missing_value_tracks_true=[0] * n,
        target_treeids=[0] * (len(leaves) * n_classes),
        target_nodeids=np.repeat(leaves, n_classes).tolist(),
        target_ids=list(range(n_classes)) * len(leaves),
        target_weights=tree.probabilities[leaves].ravel().tolist(),
    )


def _constant(graph: Any, name: str, value: Any) -> None:
    from onnx import numpy_helper  # noqa: PLC0415

    graph.initializer.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
