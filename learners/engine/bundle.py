"""A trained model as one zip that runs without Labeler. Imports no torch.

The same fit packs to the same bytes: file times are fixed and nothing is read from a clock.
"""

import hashlib
import json
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, BinaryIO

from learners.engine import words
from learners.engine.card import BundleCard, card_data, readme
from learners.engine.errors import BadFile
from learners.engine.features.bag import BagModel, plain_tokenizer_json
from learners.engine.graph import joined_graph
from learners.engine.heads import Head
from learners.engine.multilabel.heads import MultiLabelHead
from learners.engine.trunk import Trunk

__all__ = ["BundleCard", "BundleDigest", "joined_graph", "write_bundle"]

FILES = Path(__file__).parent / "bundle_files"
RUNS_ON = ("numpy", "onnxruntime", "tokenizers")
WEIGHTS = (".onnx", ".safetensors")
A_FIXED_TIME = (1980, 1, 1, 0, 0, 0)  # the zip format's own beginning


@dataclass(frozen=True)
class BundleDigest:
    """SHA-256 of the whole zip and of each file in it, and the zip's size."""

    sha256: str
    n_bytes: int
    files: dict[str, str]


def write_bundle(
    *,
    target: BinaryIO,
    head: Head | MultiLabelHead,
    class_names: Sequence[str],
    card: BundleCard,
    trunk: Trunk | None,
    bags: Sequence[BagModel] = (),
) -> BundleDigest:
    """Write the zip to `target`, which need not be seekable.

    Args:
        class_names: (n_classes,), in the order of `head.class_ids`, all different.
        trunk: the embedder the head was trained on (`trunk.find_trunk`); None when it was trained
            on token tables alone: then the zip holds no embedder, and is small.
        bags: token tables whose vectors stand behind the embedder's, in this order.

    Raises:
        BadFile: names, dimensions or tokenizers that do not fit together, or a damaged trunk.
    """
    _check(head, class_names, trunk, bags)
    contents = {
        "labels.json": labels_json(head.class_ids, class_names, _thresholds(head)),
        "model.onnx": joined_graph(trunk.graph.read_bytes() if trunk else None, head, bags),
        "predict.py": (FILES / "predict.py").read_bytes(),
        "README.md": readme(card, trunk=trunk, bags=bags, class_names=class_names).encode(),
        "requirements.txt": "".join(f"{name}=={version(name)}\n" for name in RUNS_ON).encode(),
        "tokenizer.json": trunk.tokenizer.read_bytes() if trunk else cutting_tokenizer(bags[0]),
    }
    if trunk is None:  # a sum over words, which `predict.py --explain` tells
        contents["words.py"] = Path(words.__file__).read_bytes()
    return write_zip(
        target=target,
        contents=contents,
        card=lambda files: card_data(
            card, trunk=trunk, bags=bags, class_names=class_names, files=files
        ),
    )


def write_zip(
    *,
    target: BinaryIO,
    contents: dict[str, bytes],
    card: Callable[[dict[str, str]], dict[str, Any]],
) -> BundleDigest:
    """Write `contents` by name, and `card.json` made by `card` from the SHA-256 of each."""
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    contents = {**contents, "card.json": as_json(card(digests))}
    return pack(target=target, contents=contents)


def pack(*, target: BinaryIO, contents: Mapping[str, bytes]) -> BundleDigest:
    """Write `contents` by name as a zip: the same contents, the same bytes."""
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    hashed = _HashedWriter(target)
    with zipfile.ZipFile(hashed, "w") as archive:  # type: ignore[call-overload]  # writes only
        for name in sorted(contents):
            archive.writestr(_entry(name), contents[name])
    return BundleDigest(hashed.sha256.hexdigest(), hashed.n_bytes, digests)


def _thresholds(head: Head | MultiLabelHead) -> Sequence[float] | None:
    return head.thresholds.tolist() if isinstance(head, MultiLabelHead) else None


def _check(
    head: Head | MultiLabelHead,
    class_names: Sequence[str],
    trunk: Trunk | None,
    bags: Sequence[BagModel],
) -> None:
    if len(class_names) != len(head.class_ids) or len(set(class_names)) != len(class_names):
        raise BadFile(
            f"{len(class_names)} class names ({len(set(class_names))} different) for a head of "
            f"{len(head.class_ids)} classes"
        )
    given = [part.n_dimensions for part in (trunk, *bags) if part]
    if head.n_dimensions != sum(given):
        raise BadFile(
            f"the head takes {head.n_dimensions} dimensions, its features give "
            f"{' + '.join(map(str, given)) or 'none'}"
        )
    cuts = {part.max_tokens for part in (trunk, *bags) if part}
    if len(cuts | {bag.tokenizer_json for bag in bags}) != 2 and bags:
        raise BadFile(
            f"features of different tokenizers or cuts ({sorted(cuts)} tokens) do not mix"
        )
    if trunk and any(bag.tokenizer_json != _tokenizer_json(trunk) for bag in bags):
        raise BadFile("a token table was fitted with another tokenizer than the embedder's")


def cutting_tokenizer(bag: BagModel) -> bytes:
    """A token table's tokenizer as `tokenizer.json`, cutting where the table does, and padding."""
    from tokenizers import Tokenizer  # noqa: PLC0415

    tokenizer = Tokenizer.from_str(bag.tokenizer_json)
    tokenizer.enable_truncation(max_length=bag.max_tokens)
    # Any token will do: the attention mask says which are padding.
    tokenizer.enable_padding(pad_id=0, pad_token=tokenizer.id_to_token(0))
    return str(tokenizer.to_str()).encode()


def _tokenizer_json(trunk: Trunk) -> str:
    from tokenizers import Tokenizer  # noqa: PLC0415

    return plain_tokenizer_json(Tokenizer.from_file(str(trunk.tokenizer)))


def labels_json(
    class_ids: Sequence[int],
    class_names: Sequence[str],
    thresholds: Sequence[float] | None = None,
) -> bytes:
    """`labels.json`: id and name in the order of the model's output, and where a text has any number
    of labels the probability from which on it has each.
    """
    pairs = zip(class_ids, class_names, strict=True)
    labels: list[dict[str, Any]] = [{"id": class_id, "name": name} for class_id, name in pairs]
    for label, threshold in zip(labels, thresholds or [], strict=False):
        label["threshold"] = threshold
    return as_json(labels)


def as_json(value: Any) -> bytes:
    """Indented, with a line end, in UTF-8."""
    return (json.dumps(value, indent=1, ensure_ascii=False) + "\n").encode()


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, A_FIXED_TIME)
    entry.create_system = 3  # Unix, wherever it is packed
    entry.external_attr = 0o644 << 16
    # Weights do not compress: 7 % smaller for four seconds.
    entry.compress_type = zipfile.ZIP_STORED if name.endswith(WEIGHTS) else zipfile.ZIP_DEFLATED
    return entry


class _HashedWriter:
    """Passes bytes on and hashes them on the way."""

    def __init__(self, target: BinaryIO) -> None:
        self.target = target
        self.sha256 = hashlib.sha256()
        self.n_bytes = 0

    def write(self, chunk: bytes) -> int:
        self.sha256.update(chunk)
        self.n_bytes += len(chunk)
        self.target.write(chunk)
        return len(chunk)

    def flush(self) -> None:
        self.target.flush()
