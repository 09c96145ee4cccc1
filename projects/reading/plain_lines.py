"""Pasted lines: each line that is not blank is one text."""

from collections.abc import Iterator

from projects.reading.decoding import LineTooLong
from projects.reading.errors import BadInput
from projects.reading.limits import MAX_CELL_CHARS

COLUMN = "text"


def read_plain_lines(
    lines: Iterator[tuple[int, str]], *, file: str
) -> Iterator[tuple[int, dict[str, str]]]:
    """Rows as (line, {"text": the line without its end}); blank lines only part the others.

    Raises:
        BadInput: a line longer than a text may be.
    """
    try:
        for line, text in lines:
            stripped = text.rstrip("\r\n")
            if len(stripped) > MAX_CELL_CHARS:
                raise LineTooLong(line, stripped)
            if stripped.strip():
                yield line, {COLUMN: stripped}
    except LineTooLong as error:
        raise BadInput(
            file=file,
            line=error.line,
            column=COLUMN,
            found=f"a line of {len(error.head):,} characters or more",
            allowed=f"{MAX_CELL_CHARS:,} characters a line",
        ) from error
