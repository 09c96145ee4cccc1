"""How much of everything is read before an input is refused."""

from dataclasses import dataclass

MAX_CELL_CHARS = 1_000_000
MAX_RECORD_CHARS = 4_000_000
MAX_COLUMNS = 1_000
MAX_NAME_CHARS = 200
MAX_ID_CHARS = 500
MAX_SPLIT_CHARS = 20
MAX_LABEL_CHARS = 120
MAX_CLASSES = 500


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What an operator may set: bytes of a file, rows of an import."""

    max_bytes: int = 500 * 1024 * 1024
    max_rows: int = 2_000_000
