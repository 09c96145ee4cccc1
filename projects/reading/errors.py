"""What a reader says when it cannot go on: where, what was found, what is allowed."""

EXCERPT_CHARS = 60


class BadInput(Exception):
    """The input was refused.

    `line` counts physical lines from 1 (CR, LF and CRLF each end one), `column` is a column's name
    or number, `byte` counts from 1 within the file. What does not apply is None.
    """

    def __init__(
        self,
        *,
        file: str,
        found: str,
        allowed: str,
        line: int | None = None,
        column: str | None = None,
        byte: int | None = None,
    ) -> None:
        self.file, self.line, self.column, self.byte = file, line, column, byte
        self.found, self.allowed = found, allowed
        super().__init__(str(self))

    def __str__(self) -> str:
        places = [
            excerpt(self.file),
            f"line {self.line:,}" if self.line is not None else "",
            f"column “{excerpt(self.column)}”" if self.column is not None else "",
            f"byte {self.byte:,}" if self.byte is not None else "",
        ]
        where = ", ".join(filter(None, places))
        return f"{where}: found {self.found}. Allowed: {self.allowed}."


def excerpt(text: str) -> str:
    """The beginning of `text` on one line, safe to store and to show."""
    short = text[:EXCERPT_CHARS] + ("…" if len(text) > EXCERPT_CHARS else "")
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in short)
