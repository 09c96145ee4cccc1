"""The files of a trained model: kept under one prefix of the storage, opened as a folder, checked.

A prefix is named after what lies there, so the same model stored twice is stored once and nothing
that a version points to is ever written over.
"""

import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

_FILE_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*")
_BACKUP = "Bring it back from a backup, or train the ladder again."


class ModelFilesGone(LookupError):
    """A model's files are not there, or not what was stored; the message says what to do."""


class HasFolder(Protocol):
    """A rung or a version: where its files lie, and the SHA-256 of each by its name."""

    @property
    def folder(self) -> str: ...

    @property
    def files(self) -> dict[str, str]: ...


@dataclass(frozen=True)
class Stored:
    """`folder`: prefix in storage; `files`: name to SHA-256, hexadecimal; `n_bytes` of all of them."""

    folder: str
    files: dict[str, str]
    n_bytes: int


def store(*, project_id: int, manifest_digest: str, files: Mapping[str, bytes]) -> Stored:
    """Keep a model's files as `models/<project>/<manifest digest>/<digest of the files>/<name>`.

    Raises:
        ValueError: no file, or a name that is no plain file name.
    """
    if bad := [name for name in files if not _FILE_NAME.fullmatch(name)]:
        raise ValueError(f"not plain file names: {bad}")
    if not files:
        raise ValueError("a model of no files")
    digests = {name: hashlib.sha256(files[name]).hexdigest() for name in sorted(files)}
    folder = f"models/{project_id}/{manifest_digest}/{_digest_of(digests)[:16]}"
    for name, digest in digests.items():
        keep_file(f"{folder}/{name}", files[name], digest)
    return Stored(folder, digests, sum(map(len, files.values())))


def open_folder(row: HasFolder) -> Path:
    """The folder on this machine's disk with the files of a rung or a version, each as it was stored.

    Storage without local paths is read once, into `VAR_DIR/cache`.

    Raises:
        ModelFilesGone: there is none, or a file of it is missing or was changed.
    """
    if not row.folder or not row.files:
        raise ModelFilesGone(f"This model has no files any more. {_BACKUP}")
    try:
        folder = Path(default_storage.path(row.folder))
    except NotImplementedError:  # object storage has no local path
        folder = _fetched(row)
    _check(folder, row.files)
    return folder


def read_files(row: HasFolder) -> dict[str, bytes]:
    """All files of a rung or a version, each as it was stored.

    Raises:
        ModelFilesGone: as `open_folder`.
    """
    folder = open_folder(row)
    return {name: (folder / name).read_bytes() for name in row.files}


def delete_folder(row: HasFolder) -> None:
    """Remove the files of a model. Whoever has them open goes on reading."""
    for name in row.files:
        default_storage.delete(f"{row.folder}/{name}")


def keep_file(name: str, content: bytes, digest: str) -> None:
    """Write one file, unless it lies there whole; half a file of a writer that died is replaced."""
    if default_storage.exists(name):
        if _stored_digest(name) == digest:
            return
        default_storage.delete(name)
    written = default_storage.save(name, ContentFile(content))
    if written != name:  # somebody else stored the same model at this moment
        default_storage.delete(written)


def _stored_digest(name: str) -> str:
    with default_storage.open(name) as stored:
        return hashlib.file_digest(stored, "sha256").hexdigest()


def _digest_of(digests: Mapping[str, str]) -> str:
    lines = "".join(f"{digest}  {name}\n" for name, digest in sorted(digests.items()))
    return hashlib.sha256(lines.encode()).hexdigest()


def _check(folder: Path, files: Mapping[str, str]) -> None:
    for name, digest in files.items():
        if not _is_whole(folder / name, digest):
            raise ModelFilesGone(
                f"The file {name} of this model is gone from the storage, or is not the one that was "
                f"stored. {_BACKUP}"
            )


def _is_whole(path: Path, digest: str) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == digest


def _fetched(row: HasFolder) -> Path:
    target: Path = settings.VAR_DIR / "cache" / row.folder
    if all(_is_whole(target / name, digest) for name, digest in row.files.items()):
        return target
    target.mkdir(parents=True, exist_ok=True)
    for name in row.files:
        _fetch(f"{row.folder}/{name}", target / name)
    return target


def _fetch(name: str, target: Path) -> None:
    """Whole or not at all, also with two workers at once."""
    try:
        with (
            default_storage.open(name) as source,
            tempfile.NamedTemporaryFile(dir=target.parent, delete=False) as copy,
        ):
            shutil.copyfileobj(source, copy)
    except FileNotFoundError:
        raise ModelFilesGone(
            f"The file {target.name} of this model is gone from the storage. {_BACKUP}"
        ) from None
    os.replace(copy.name, target)
