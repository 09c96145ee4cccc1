"""Every kind of fitted head: taken from its estimator, and read back from what it was stored as."""

import io
from typing import Any
from zipfile import BadZipFile, ZipFile

from learners.engine.errors import BadFile
from learners.engine.heads.base import Head
from learners.engine.heads.stored_tree import TreeHead
from learners.engine.multilabel.heads import MultiLabelHead

FittedHead = Head | TreeHead
"""What gives one class a text."""
AnyHead = FittedHead | MultiLabelHead
"""What a fit may have stored."""


def head_from(estimator: Any) -> FittedHead:
    """The plain arrays of a fitted estimator of `HEADS`."""
    tree = getattr(estimator, "tree_", None)
    return tree if isinstance(tree, TreeHead) else Head.from_estimator(estimator)


def read_head(stored: bytes) -> AnyHead:
    """What `to_bytes` of any kind gave. Nothing is unpickled.

    Raises:
        BadFile: it is no stored head.
    """
    try:
        with ZipFile(io.BytesIO(stored)) as arrays:
            names = arrays.namelist()
    except (BadZipFile, OSError, ValueError) as error:
        raise BadFile(f"not a stored head: {error}") from error
    if "thresholds.npy" in names:
        return MultiLabelHead.from_bytes(stored)
    return TreeHead.from_bytes(stored) if "threshold.npy" in names else Head.from_bytes(stored)
