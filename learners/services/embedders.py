"""The embedder that LABELER_EMBEDDER names, loaded once in each worker process."""

from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Protocol, cast

from django.conf import settings
from django.utils.module_loading import import_string
from numpy.typing import NDArray

from learners.engine.embedding import MINILM, MINILM_SHA256, load_embedder, uncut_tokenizer
from learners.engine.errors import EmbedderUnavailable
from learners.engine.features import STATIC
from learners.engine.features.static import ensure_static, find_static, is_kept


class Embedded(Protocol):
    """`vectors`: float32 (n_texts, n_dimensions), L2-normalised; `n_tokens`: (n_texts,), uncut."""

    @property
    def vectors(self) -> NDArray[Any]: ...
    @property
    def n_tokens(self) -> NDArray[Any]: ...


class TextEmbedder(Protocol):
    """What embedding and prediction need of an embedder; `digest` is that of its weights."""

    @property
    def name(self) -> str: ...
    @property
    def digest(self) -> str: ...
    @property
    def n_dimensions(self) -> int: ...
    @property
    def max_tokens(self) -> int: ...
    def embed(self, texts: Sequence[str]) -> Embedded: ...


LoadEmbedder = Callable[[], TextEmbedder]


def current_embedder() -> TextEmbedder:
    """The configured embedder: "minilm", a local sentence-transformers folder, or the dotted path
    of a function without arguments that returns a `TextEmbedder`.

    Raises:
        EmbedderUnavailable: it cannot be loaded; the message says what to do.
    """
    return embedder_named(settings.LABELER_EMBEDDER)


@cache
def embedder_named(name: str) -> TextEmbedder:
    """As `current_embedder`, by name. Failures are not remembered: the next call tries again."""
    if "." in name and "/" not in name:
        return _from_dotted_path(name)
    return load_embedder(name)


def _from_dotted_path(path: str) -> TextEmbedder:
    try:
        make = import_string(path)
    except ImportError as error:
        raise EmbedderUnavailable(
            f"LABELER_EMBEDDER names {path!r}, which cannot be imported: {error}. "
            'Set it to "minilm", a folder or the path of a function.'
        ) from error
    return cast(TextEmbedder, make())


def embedder_of_part(part: str, load: LoadEmbedder) -> TextEmbedder:
    """What makes the vectors of a part that no pool makes: the embedder, or what was distilled of it,
    which takes minutes the first time.

    Raises:
        EmbedderUnavailable: it cannot be loaded; the message says what to do.
        BadFile: the distilled vectors are damaged.
    """
    return _static(load) if part == STATIC else load()


@lru_cache(maxsize=2)
def _static(load: LoadEmbedder) -> TextEmbedder:
    if _is_minilm(load):
        kept = find_static(cache_folder=_static_folder(), digest=MINILM_SHA256)  # without torch
        if kept is not None:
            return kept
    return ensure_static(embedder=cast(Any, load()), cache_folder=_static_folder())


def static_is_kept(load: LoadEmbedder) -> bool:
    """Whether static vectors need only be read, or distilled first, which takes minutes.

    Raises:
        EmbedderUnavailable: the embedder cannot be loaded; the message says what to do.
    """
    digest = MINILM_SHA256 if _is_minilm(load) else load().digest
    return is_kept(cache_folder=_static_folder(), digest=digest)


def _is_minilm(load: LoadEmbedder) -> bool:
    return load is current_embedder and settings.LABELER_EMBEDDER == MINILM


def _static_folder() -> Path:
    folder: Path = settings.VAR_DIR / "cache" / "static"
    return folder


def tokenizer_of(embedder: TextEmbedder) -> Any:
    """The embedder's own tokenizer, of the `tokenizers` library, that neither cuts nor pads.

    Raises:
        EmbedderUnavailable: it has none, so words cannot be counted as it reads them.
    """
    own = getattr(embedder, "tokenizer", None)
    if own is not None:
        return own
    model = getattr(embedder, "model", None)
    if model is None:
        raise EmbedderUnavailable(
            f"the embedder {embedder.name!r} has no tokenizer, which LSI and TF-IDF need to count "
            "words as it reads them: choose features without them, or give it a `tokenizer`"
        )
    return uncut_tokenizer(model)
