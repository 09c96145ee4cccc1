"""Turning an embedder into an ONNX trunk: for workers, since it needs torch and takes seconds."""

import io
import json
import os
import shutil
import tempfile
import warnings
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from learners.engine.embedding import Embedder, uncut_tokenizer
from learners.engine.errors import CannotExport
from learners.engine.trunk import Trunk, find_trunk, trunk_folder

OPSET = 17
TOLERANCE = 1e-5
PROBES = ("", "A plain sentence.", "Ünïcode, 数字 and 👍", "word " * 600)


def ensure_trunk(*, embedder: Embedder, cache_folder: Path) -> Trunk:
    """The trunk of `embedder`, exported and checked against it unless it was before.

    Whole or not at all: it is written beside its place and moved there.

    Raises:
        CannotExport: the model has parts the export does not know, or its graph disagrees with it.
    """
    folder = trunk_folder(cache_folder, embedder.digest)
    if not folder.exists():
        cache_folder.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(dir=cache_folder, prefix="making-"))
        try:
            _make(embedder, made)
            _move(made, folder)
        finally:
            shutil.rmtree(made, ignore_errors=True)
    return find_trunk(cache_folder=cache_folder, digest=embedder.digest)


def _move(made: Path, folder: Path) -> None:
    try:
        os.rename(made, folder)
    except OSError:
        if not folder.exists():  # another worker was faster, and made the same
            raise


def _make(embedder: Embedder, folder: Path) -> None:
    trunk = Trunk(
        folder=folder,
        name=embedder.name,
        digest=embedder.digest,
        n_dimensions=embedder.n_dimensions,
        max_tokens=embedder.max_tokens,
        licence=embedder.licence,
        source=embedder.source,
    )
    trunk.tokenizer.write_text(_tokenizer_json(embedder), "utf-8")
    trunk.graph.write_bytes(exported(embedder.model))
    _check(embedder, trunk)
    facts = {key: value for key, value in asdict(trunk).items() if key != "folder"}
    (folder / "trunk.json").write_text(json.dumps(facts, indent=1), "utf-8")


def _tokenizer_json(embedder: Embedder) -> str:
    tokenizer = uncut_tokenizer(embedder.model)
    known = embedder.model.tokenizer
    tokenizer.enable_truncation(max_length=embedder.max_tokens)
    tokenizer.enable_padding(pad_id=known.pad_token_id, pad_token=known.pad_token)
    as_json: str = tokenizer.to_str()
    return as_json


def exported(model: Any) -> bytes:
    """A sentence-transformers model as one fp32 ONNX graph: the only place that knows an exporter.

    Inputs input_ids and attention_mask, int64 (n_texts, n_tokens); output embedding, float32
    (n_texts, n_dimensions), L2-normalised. Transformer, then mean or CLS pooling, are known.

    Raises:
        CannotExport: the model is made of other parts.
    """
    import torch  # noqa: PLC0415

    network = _network(model)
    example = torch.ones((2, 8), dtype=torch.int64)
    dynamic = {0: "n_texts", 1: "n_tokens"}
    buffer = io.BytesIO()
    with torch.no_grad(), warnings.catch_warnings():
        # The dynamo exporter took 9 s against 2 s and gained nothing; this one warns of its removal.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network,
            (example, example),
            buffer,  # type: ignore[arg-type]  # file objects are taken by this exporter
            input_names=["input_ids", "attention_mask"],
            output_names=["embedding"],
            dynamic_axes={
                "input_ids": dynamic,
                "attention_mask": dynamic,
                "embedding": {0: "n_texts"},
            },
            opset_version=OPSET,
            dynamo=False,
        )
    return buffer.getvalue()


def _network(model: Any) -> Any:
    import torch  # noqa: PLC0415
    from torch.nn.functional import normalize  # noqa: PLC0415

    transformer, pooling = _parts(model)

    class Network(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.transformer = transformer

        def forward(self, input_ids: Any, attention_mask: Any) -> Any:
            hidden = self.transformer(
                input_ids=input_ids, attention_mask=attention_mask
            ).last_hidden_state
            if pooling == "cls":
                return normalize(hidden[:, 0], dim=1)
            mask = attention_mask.unsqueeze(-1).to(hidden.dtype)
            return normalize((hidden * mask).sum(1) / mask.sum(1).clamp(min=1e-9), dim=1)

    return Network().eval()


def _parts(model: Any) -> tuple[Any, str]:
    """The transformer and how its tokens are pooled. Raises `CannotExport`."""
    kinds = [type(part).__name__ for part in model]
    pooling = getattr(model[1], "pooling_mode", "") if len(kinds) > 1 else ""
    known = kinds[:2] == ["Transformer", "Pooling"] and set(kinds[2:]) <= {"Normalize"}
    if not known or pooling not in {"mean", "cls"}:
        raise CannotExport(
            f"this embedder is made of {', '.join(kinds)} with pooling {pooling or 'unknown'!r}; "
            "models can be taken away with a Transformer and mean or CLS pooling"
        )
    if model.default_prompt_name:
        raise CannotExport("this embedder puts a prompt before each text, which is not exported")
    return model[0].auto_model, pooling


def _check(embedder: Embedder, trunk: Trunk) -> None:
    """Raises `CannotExport` unless the graph gives the embedder's own vectors."""
    import onnxruntime  # noqa: PLC0415
    from tokenizers import Tokenizer  # noqa: PLC0415

    encoded = Tokenizer.from_file(str(trunk.tokenizer)).encode_batch(list(PROBES))
    session = onnxruntime.InferenceSession(str(trunk.graph), providers=["CPUExecutionProvider"])
    inputs = {
        "input_ids": np.array([one.ids for one in encoded], np.int64),
        "attention_mask": np.array([one.attention_mask for one in encoded], np.int64),
    }
    found = session.run(["embedding"], inputs)[0]
    difference = float(np.abs(found - embedder.embed(PROBES).vectors).max())
    if not difference <= TOLERANCE:
        raise CannotExport(
            f"the exported graph differs from the embedder by {difference:.2g}; allowed: {TOLERANCE}"
        )
