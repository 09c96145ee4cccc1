"""An embedder as an ONNX graph, made once per set of weights and kept in a folder.

The slow part of packing a model (seconds, and torch) depends on the embedder alone, so a worker
does it ahead with `exporting.ensure_trunk`. Packing itself (`bundle`) needs `find_trunk`, which
imports no torch and may run in a web process.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from learners.engine.errors import BadFile, TrunkMissing

FORMAT = 1


@dataclass(frozen=True)
class Trunk:
    """A prepared embedder: token ids and attention mask in, normalised vectors out.

    Attributes:
        folder: holds trunk.onnx (fp32) and tokenizer.json (cuts at `max_tokens`, pads as needed).
        digest: the embedder's.
    """

    folder: Path
    name: str
    digest: str
    n_dimensions: int
    max_tokens: int
    licence: str
    source: str

    @property
    def graph(self) -> Path:
        return self.folder / "trunk.onnx"

    @property
    def tokenizer(self) -> Path:
        return self.folder / "tokenizer.json"


def find_trunk(*, cache_folder: Path, digest: str) -> Trunk:
    """The trunk prepared for the embedder with this digest.

    Raises:
        TrunkMissing: `exporting.ensure_trunk` has not run for it in this folder.
        BadFile: it was damaged.
    """
    folder = trunk_folder(cache_folder, digest)
    try:
        facts = json.loads((folder / "trunk.json").read_text("utf-8"))
        trunk = Trunk(folder=folder, **facts)
    except FileNotFoundError as error:
        raise TrunkMissing(
            "the embedding model was not prepared for download yet; the worker does this once"
        ) from error
    except (ValueError, TypeError) as error:
        raise BadFile(
            f"{folder} is damaged ({error}); delete it and it will be made anew"
        ) from error
    if trunk.digest != digest or not (trunk.graph.is_file() and trunk.tokenizer.is_file()):
        raise BadFile(f"{folder} is damaged; delete it and it will be made anew")
    return trunk


def trunk_folder(cache_folder: Path, digest: str) -> Path:
    """Where the trunk of the embedder with this digest is kept."""
    return cache_folder / f"{digest}-{FORMAT}"
